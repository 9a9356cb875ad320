"""A folder of InternLM2 as it is published: what is in it, checked before anything is loaded.

No file of code in it is ever run: the weights are safetensors, or `.bin` read with pickles forbidden, and
everything else is JSON and a SentencePiece model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.language_models.internlm2_weights import Heads
from core.language_models.xtuner_checkpoint import is_checkpoint, xtuner_tensors
from core.model_files import has_content, read_json

_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SINGLE_FILES = ("model.safetensors", "pytorch_model.bin")
_NEEDED = ("hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size")


@dataclass(frozen=True)
class InternLm2Folder:
    """The folder at `path`.

    Attributes:
        path: the folder.
        checkpoint: one of XTuner's, whose weights stand for those of the folder.
    """

    path: Path
    checkpoint: Path | None = None

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config.json`.

        Raises:
            ModelRejectedError: it is missing, unreadable or another model's.
        """
        config = read_json(self.path / "config.json")
        if config.get("model_type") != "internlm2":
            kind = str(config.get("model_type"))[:40]
            raise ModelRejectedError(f"{self.path.name}/config.json: model_type is {kind}, not internlm2")
        for name in _NEEDED:
            if not isinstance(config.get(name), int) or config[name] < 1:
                raise ModelRejectedError(f"{self.path.name}/config.json: {name} is missing or no number")
        return config

    @cached_property
    def heads(self) -> Heads:
        """The shape of its attention."""
        return Heads.of(self.config)

    @cached_property
    def weight_files(self) -> tuple[Path, ...]:
        """Its weights, in order.

        Raises:
            ModelRejectedError: there are none, or some that the index names are missing or empty.
        """
        if self.checkpoint is not None:
            return (self.checkpoint,)
        names = self._indexed() or tuple(name for name in _SINGLE_FILES if (self.path / name).exists())[:1]
        if not names:
            raise ModelRejectedError(
                f"{self.path.name}: no weights: {' or '.join(_INDEXES + _SINGLE_FILES)} is needed"
            )
        missing = [name for name in names if not has_content(self.path / name)]
        if missing:
            raise ModelRejectedError(
                f"{self.path.name}: {len(missing)} of {len(names)} weight files are missing or empty, "
                f"{missing[0]} for one: copy or download the folder again"
            )
        return tuple(self.path / name for name in names)

    @property
    def tokenizer_file(self) -> Path:
        """Its SentencePiece model.

        Raises:
            ModelRejectedError: it is missing.
        """
        path = self.path / "tokenizer.model"
        if not has_content(path):
            raise ModelRejectedError(f"{self.path.name}: tokenizer.model is missing or empty")
        return path

    @property
    def added_tokens(self) -> dict[int, str]:
        """Ids whose names differ from those in the SentencePiece model, such as <|im_end|>."""
        path = self.path / "tokenizer_config.json"
        if not path.exists():
            return {}
        tokens = read_json(path).get("added_tokens_decoder", {})
        try:
            return {int(number): str(token["content"]) for number, token in tokens.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            raise ModelRejectedError(
                f"{self.path.name}/tokenizer_config.json: added_tokens_decoder is not as it should be"
            ) from exc

    def _indexed(self) -> tuple[str, ...]:
        for index in _INDEXES:
            if (self.path / index).exists():
                weights = read_json(self.path / index).get("weight_map")
                if not isinstance(weights, dict) or not weights:
                    raise ModelRejectedError(f"{self.path.name}/{index}: weight_map is missing")
                return tuple(sorted({_plain_name(name, index) for name in weights.values()}))
        return ()


def tensors_in(path: Path) -> Iterator[tuple[str, Any]]:
    """The tensors of one weight file, one at a time.

    Raises:
        ModelRejectedError: it is damaged, or holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            yield from _safetensors(path)
        elif is_checkpoint(path):
            yield from xtuner_tensors(path).items()
        else:
            yield from _pickled(path)
    except ModelRejectedError:
        raise
    except Exception as exc:
        raise ModelRejectedError(f"{path.name} cannot be read ({type(exc).__name__}): is it whole?") from exc


def _safetensors(path: Path) -> Iterator[tuple[str, Any]]:
    from safetensors import safe_open

    with safe_open(path, framework="pt", device="cpu") as file:
        for name in file.keys():  # noqa: SIM118 - no mapping
            yield name, file.get_tensor(name)


def _pickled(path: Path) -> Iterator[tuple[str, Any]]:
    import torch

    tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ModelRejectedError(f"{path.name}: {str(name)[:80]} is no tensor")
        yield name, tensor


def _plain_name(name: object, index: str) -> str:
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise ModelRejectedError(f"{index}: names a file outside of the folder")
    return name
