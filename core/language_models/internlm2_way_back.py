"""From Llama's layout back to InternLM2's own, for tools that only read that: XTuner, older LMDeploy.

The exact opposite of `internlm2_conversion`. What is no weight (configuration, tokenizer, the makers' code,
which nothing here runs) is copied from a folder of InternLM2 that has the same shape.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.language_models.adapter_folder import Weights, opened_weights
from core.language_models.internlm2_conversion import llama_config
from core.language_models.internlm2_folder import InternLm2Folder
from core.language_models.internlm2_weights import as_internlm2, put_together
from core.model_files import read_json

_FILE_BYTES = 2_000_000_000
_COPIED = ("*.json", "*.py", "tokenizer.model")
_INDEX = "model.safetensors.index.json"
_PROJECTION = re.compile(
    r"(?P<layer>model\.layers\.\d{1,4})\.self_attn\.(?P<part>[qkv])_proj\.(?P<kind>weight|bias)"
)
_SHAPE = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
)
Piece = tuple[str, tuple[str, ...]]
"""A tensor of InternLM2's, and the one or three of Llama's that it is made of."""


def convert_back(source: Path, like: Path, target: Path) -> None:
    """Write `source` in InternLM2's layout into a new folder. Blocking.

    Args:
        source: a model in Llama's layout, merged or trained here.
        like: the folder of InternLM2 that it began as.
        target: the new folder.

    Raises:
        ModelRejectedError: the two are not of one shape, or the target holds something else.
    """
    from safetensors.torch import save_file

    folder = InternLm2Folder(like)
    _check_shape(source, folder)
    if target.exists() and any(target.iterdir()):
        raise ModelRejectedError(f"{target} holds something else: name a new folder, or delete this one")
    target.mkdir(parents=True, exist_ok=True)
    weight_map, total = {}, 0
    with opened_weights(source) as weights:
        files = list(_files(weights))
        for number, pieces in enumerate(files, 1):
            name = f"model-{number:05d}-of-{len(files):05d}.safetensors"
            tensors = {piece[0]: _made(piece, weights, folder) for piece in pieces}
            save_file(tensors, target / name, metadata={"format": "pt"})
            weight_map.update(dict.fromkeys(tensors, name))
            total += sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (target / _INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")
    for pattern in _COPIED:
        for file in like.glob(pattern):
            if not file.name.endswith(".index.json"):
                shutil.copyfile(file, target / file.name)


def _check_shape(source: Path, like: InternLm2Folder) -> None:
    ours, theirs = read_json(source / "config.json"), llama_config(like.config, [])
    for name in _SHAPE:
        if ours.get(name) != theirs[name]:
            raise ModelRejectedError(
                f"{source.name} has {name} {ours.get(name)}, {like.path.name} {theirs[name]}: it did not "
                "begin as that model"
            )


def _files(weights: Weights) -> Iterator[list[Piece]]:
    """The pieces of each file to write, of at most 2 GB in 16 bits."""
    pieces: list[Piece] = []
    size = 0
    for piece in _pieces(weights):
        own = 2 * sum(_count(weights.shape(name)) for name in piece[1])
        if pieces and size + own > _FILE_BYTES:
            yield pieces
            pieces, size = [], 0
        pieces.append(piece)
        size += own
    yield pieces


def _pieces(weights: Weights) -> Iterator[Piece]:
    for name in weights.names():
        match = _PROJECTION.fullmatch(name)
        if match is None:
            yield as_internlm2(name), (name,)
        elif match["part"] == "q":
            parts = tuple(f"{match['layer']}.self_attn.{part}_proj.{match['kind']}" for part in "qkv")
            missing = [part for part in parts if part not in weights]
            if missing:
                raise ModelRejectedError(f"{missing[0]} is missing")
            yield f"{match['layer']}.attention.wqkv.{match['kind']}", parts


def _made(piece: Piece, weights: Weights, folder: InternLm2Folder) -> Any:
    tensors = [weights.tensor(name) for name in piece[1]]
    if len(tensors) == 1:
        return tensors[0]
    queries, keys, values = tensors
    return put_together(queries, keys, values, folder.heads)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
