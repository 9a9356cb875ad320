"""A folder with one of BCE's two models, checked before anything is loaded; needs neither torch nor ONNX.

https://github.com/netease-youdao/BCEmbedding: both are XLM-R base, one with no head (embedding), one with a
classification head of one label (reranker). Loaded in the other's place either gives random numbers and
hardly a warning, so the head is looked for among the names of the tensors.

A folder is either as published (config.json, tokenizer.json, weights), or as `python -m index export`
writes it (config.json, tokenizer.json, model.onnx, export.json), or both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from core.embedders.bce_tensors import Shape, tensors_of
from core.errors import ModelRejectedError
from core.model_files import has_content, read_json

Head = Literal["embedding", "reranker"]

MODEL_FILE = "model.onnx"
EXPORT_FILE = "export.json"
_MAX_TOKENS = 512
_NUMBERS = ("hidden_size", "intermediate_size", "max_position_embeddings", "num_hidden_layers", "vocab_size")
_SINGLE_FILES = ("model.safetensors", "pytorch_model.bin")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_CLASSIFIER = "classifier.out_proj.weight"
_WORDS = "embeddings.word_embeddings.weight"
_SAMPLES, _SAMPLE_BYTES = 16, 65_536
"""How much of a weight file the revision looks at: a fine-tune changes every tensor."""


@dataclass(frozen=True)
class BceFolder:
    """The folder at `path`. `open` checks it; the properties read it."""

    path: Path

    @classmethod
    def open(cls, path: Path, head: Head) -> BceFolder:
        """The folder, when it holds a whole model with that head.

        Raises:
            ModelRejectedError: it is missing, half copied, another architecture's, or has the other head.
        """
        folder = cls(path)
        if not path.is_dir():
            raise ModelRejectedError(f"{path} is no folder; `python -m bot models` says where to get one")
        kind = str(folder.config.get("model_type"))[:40]
        if kind != "xlm-roberta":
            raise ModelRejectedError(f"{path.name}/config.json: model_type is {kind}, not xlm-roberta")
        for name in _NUMBERS:
            folder._number(name)
        if not has_content(path / "tokenizer.json"):
            raise ModelRejectedError(f"{path.name}: tokenizer.json is missing or empty")
        if folder.head != head:
            raise ModelRejectedError(
                f"{path.name} is BCE's {folder.head} model; the {head} model belongs here"
            )
        return folder

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config.json`."""
        return read_json(self.path / "config.json")

    @cached_property
    def dimension(self) -> int:
        """Length of a hidden state."""
        return self._number("hidden_size")

    @cached_property
    def vocabulary_size(self) -> int:
        """How many token ids there are."""
        return self._number("vocab_size")

    @cached_property
    def max_tokens(self) -> int:
        """Of one input; two positions of XLM-R are reserved."""
        return min(_MAX_TOKENS, self._number("max_position_embeddings") - 2)

    @cached_property
    def parameters(self) -> int:
        """How many numbers the model has, nearly."""
        hidden, layers = self.dimension, self._number("num_hidden_layers")
        layer = 4 * hidden * hidden + 2 * hidden * self._number("intermediate_size")
        return self.vocabulary_size * hidden + layers * layer

    @property
    def has_onnx(self) -> bool:
        """Whether it holds an exported model."""
        return (self.path / MODEL_FILE).exists()

    @cached_property
    def export(self) -> dict[str, Any]:
        """What the exporter noted: source's revision, head, int8, deviation."""
        return read_json(self.path / EXPORT_FILE)

    @cached_property
    def head(self) -> Head:
        """Which of the two models it is.

        Raises:
            ModelRejectedError: neither, or not all of it is there.
        """
        if self.has_onnx:
            head: Head | None = _known_head(self.export.get("head"))
            if head is None or not has_content(self.path / MODEL_FILE):
                raise ModelRejectedError(
                    f"{self.path.name}: {MODEL_FILE} is no export of `python -m index export`, or not whole"
                )
            return head
        tensors = self._tensors
        has_words = any(name.endswith(_WORDS) for name in tensors)
        if not has_words or not all(
            any(f"encoder.layer.{number}." in name for name in tensors)
            for number in range(self._number("num_hidden_layers"))
        ):
            raise ModelRejectedError(f"{self.path.name}: the weights are not those of its config.json")
        if _CLASSIFIER not in tensors:
            return "embedding"
        if (tensors[_CLASSIFIER] or (1,))[0] != 1:
            raise ModelRejectedError(f"{self.path.name}: a classifier with several labels is no reranker")
        return "reranker"

    @cached_property
    def weight_files(self) -> tuple[Path, ...]:
        """Its weights as published.

        Raises:
            ModelRejectedError: there are none, or some are missing or empty.
        """
        names = self._indexed() or tuple(name for name in _SINGLE_FILES if (self.path / name).exists())[:1]
        if not names:
            raise ModelRejectedError(
                f"{self.path.name}: no weights: {' or '.join((*_SINGLE_FILES, MODEL_FILE))} is needed"
            )
        if missing := [name for name in names if not has_content(self.path / name)]:
            raise ModelRejectedError(
                f"{self.path.name}: {missing[0]} is missing or empty: copy or download the folder again"
            )
        return tuple(self.path / name for name in names)

    @cached_property
    def revision(self) -> str:
        """Digest of configuration, tokenizer and samples of the weights; an export has its source's.

        Vectors of equal revisions may be mixed: an index built by torch can be searched by ONNX. int8 moves
        them too far, and has a revision of its own.
        """
        if self.has_onnx:
            return f"{str(self.export.get('revision'))[:40]}{'-int8' if self.export.get('int8') else ''}"
        digest = hashlib.sha256((self.path / "tokenizer.json").read_bytes())
        for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"):
            digest.update(f"{name}={self.config.get(name)}\n".encode())
        for path in self.weight_files:
            size = path.stat().st_size
            digest.update(f"{size}\n".encode())
            with path.open("rb") as file:
                for number in range(_SAMPLES):
                    file.seek(max(0, (size - _SAMPLE_BYTES) * number // (_SAMPLES - 1)))
                    digest.update(file.read(_SAMPLE_BYTES))
        return digest.hexdigest()[:16]

    @cached_property
    def _tensors(self) -> dict[str, Shape | None]:
        return {name: shape for path in self.weight_files for name, shape in tensors_of(path).items()}

    def _indexed(self) -> tuple[str, ...]:
        for index in _INDEXES:
            if (self.path / index).exists():
                names = read_json(self.path / index).get("weight_map")
                if not isinstance(names, dict) or not all(
                    isinstance(name, str) and Path(name).name == name for name in names.values()
                ):
                    raise ModelRejectedError(f"{self.path.name}/{index}: weight_map is not as it should be")
                return tuple(sorted(set(names.values())))
        return ()

    def _number(self, name: str) -> int:
        value = self.config.get(name)
        if not isinstance(value, int) or not 0 < value < 10_000_000:
            raise ModelRejectedError(f"{self.path.name}/config.json: {name} is missing or no number")
        return value


def _known_head(name: object) -> Head | None:
    match name:
        case "embedding" | "reranker":
            return name
    return None
