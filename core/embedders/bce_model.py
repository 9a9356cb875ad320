"""One of BCE's models behind a shelf: which runtime, how much memory, and rows of tokens in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.devices import Placement, placement_of
from core.embedders.bce_folder import MODEL_FILE, BceFolder, Head
from core.embedders.bce_tokens import BceTokens, Ids, batches, padded
from core.errors import BotError, ModelError, ModelRejectedError, ModelResponseError, SettingsError
from core.model_shelf import ModelPlan, ModelShelf

Runtime = Literal["auto", "torch", "onnx"]

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
_WORKING_BYTES = {"cpu": 200_000_000, "gpu": 600_000_000}
"""Activations of a full batch, with room."""
_BATCH_TOKENS = {"cpu": 2_048, "gpu": 65_536}
_SMALLER = 8


class Encoder(Protocol):
    """A loaded model."""

    where: str

    @property
    def memory_bytes(self) -> int:
        """What its weights take."""

    def __call__(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        """What the model makes of a batch of token ids (int64 [n, width]): [n] or [n, dimension]."""


@dataclass(frozen=True, slots=True)
class LoadedBce:
    """Tokenizer and model in memory."""

    tokens: BceTokens
    encoder: Encoder


@dataclass(frozen=True, slots=True)
class BcePlaces:
    """Where BCE's models are held and computed.

    Attributes:
        shelf: holds models of torch, with others of its device.
        processor_shelf: holds models of ONNX, which need no torch to tell how much memory there is.
        device: as the setting DEVICE, for torch; ONNX computes on the processor.
        dtype: as the setting DTYPE, for torch.
        runtime: "auto" is ONNX where the folder holds an export, else torch.
    """

    shelf: ModelShelf
    processor_shelf: ModelShelf
    device: str = "auto"
    dtype: str = "auto"
    runtime: Runtime = "auto"


class BceModel:
    """Implements what embedder and reranker have in common.

    Args:
        path: folder of the model.
        head: which of BCE's models it has to be.
        setting: the setting that names the folder, for errors.
        places: where it is held and computed.

    Raises:
        SettingsError: the folder cannot be used, or there is no such device.
        ModelRejectedError: torch is needed and not installed.
    """

    def __init__(self, path: Path, head: Head, setting: str, places: BcePlaces) -> None:
        try:
            self.folder = BceFolder.open(path, head)
            self.uses_onnx = uses_onnx(self.folder, places.runtime)
        except ModelRejectedError as exc:
            raise SettingsError(setting, exc.message) from exc
        if self.uses_onnx:
            self._shelf, self._placement = places.processor_shelf, Placement("cpu", "float32")
        else:
            self._shelf, self._placement = places.shelf, placement_of(places.device, places.dtype)
        place = "gpu" if self._placement.is_gpu else "cpu"
        self._batch_tokens = _BATCH_TOKENS[place]
        self._plan = ModelPlan(f"bce/{head}", self._load, self._weight_bytes() + _WORKING_BYTES[place])
        self._shelf.announce(self._plan.name)

    def run(self, rows_of: Callable[[BceTokens], Sequence[Sequence[int]]]) -> NDArray[np.float32]:
        """What the model makes of each row of token ids, in their order. Blocking.

        Raises:
            ModelUnavailableError: no memory.
            ModelRejectedError: the model cannot be loaded.
            ModelResponseError: it gave something that is no number.
        """
        try:
            return self._shelf.run(
                self._plan,
                lambda loaded: _in_batches(loaded, rows_of(loaded.tokens), self._batch_tokens),
                lambda loaded: _in_batches(loaded, rows_of(loaded.tokens), self._batch_tokens // _SMALLER),
            )
        except BotError:
            raise
        except Exception as exc:
            raise ModelError(f"{self._plan.name} failed ({type(exc).__name__})") from exc

    def check(self, call: Callable[[], object]) -> str:
        """Load the model, time `call`, and say in a line what answered. Blocking."""
        started = time.monotonic()
        with self._shelf.borrowed(self._plan) as loaded:
            load_seconds = time.monotonic() - started
            call()  # the first one is slower: buffers and threads are made
            called = time.monotonic()
            call()
            milliseconds = (time.monotonic() - called) * 1000
            return (
                f"{self.folder.path}, revision {self.folder.revision}, {loaded.encoder.where}, "
                f"{loaded.encoder.memory_bytes / 1e9:.2f} GB, loaded in {load_seconds:.1f} s, "
                f"one call {milliseconds:.0f} ms"
            )

    def _weight_bytes(self) -> int:
        if self.uses_onnx:
            return (self.folder.path / MODEL_FILE).stat().st_size
        return self.folder.parameters * _BYTES[self._placement.dtype]

    def _load(self) -> LoadedBce:
        try:
            tokens = BceTokens(self.folder)
            return LoadedBce(tokens, self._loaded_encoder())
        except ImportError as exc:
            raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc

    def _loaded_encoder(self) -> Encoder:
        if self.uses_onnx:
            from core.embedders.bce_onnx import OnnxEncoder

            return OnnxEncoder(self.folder)
        from core.embedders.bce_torch import TorchEncoder, load_module

        return TorchEncoder(load_module(self.folder, self._placement), self._placement)


def uses_onnx(folder: BceFolder, runtime: Runtime) -> bool:
    """Whether onnxruntime is to run the model of `folder`.

    Raises:
        ModelRejectedError: the folder has nothing for that runtime.
    """
    if runtime == "auto":
        return folder.has_onnx
    if runtime == "onnx" and not folder.has_onnx:
        raise ModelRejectedError(
            f"{folder.path.name} holds no {MODEL_FILE}; make one with `python -m index export`"
        )
    if runtime == "torch":
        folder.weight_files  # noqa: B018 - looks whether they are all there
    return runtime == "onnx"


def _in_batches(loaded: LoadedBce, rows: Sequence[Sequence[int]], max_tokens: int) -> NDArray[np.float32]:
    parts, order = [], []
    for group in batches([len(row) for row in rows], max_tokens):
        parts.append(loaded.encoder(*padded([rows[position] for position in group], loaded.tokens.pad)))
        order += group
    if not parts:
        return np.empty(0, dtype=np.float32)
    results = np.concatenate(parts)
    if len(results) != len(rows) or not np.isfinite(results).all():
        raise ModelResponseError(
            f"the model gave {results.shape} numbers for {len(rows)} rows, or no numbers"
        )
    return np.asarray(results[np.argsort(order)], dtype=np.float32)
