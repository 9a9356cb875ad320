"""From a folder of InternLM2 to one of Llama that any loader reads: exact, once, resumable.

A weight file is converted at a time, so memory holds one of them. What is finished is noted with its SHA-256
in `conversion.json`; an interrupted conversion goes on behind it, and a folder counts only when the note says
that it is whole. The converted folder has no "." in its name, which some loaders cannot bear.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.language_models.internlm2_folder import InternLm2Folder, tensors_in
from core.language_models.internlm2_tokenizer import write_tokenizer
from core.language_models.internlm2_weights import as_llama
from core.language_models.xtuner_checkpoint import size_of
from core.model_files import read_json
from core.whole_file import whole_file

logger = logging.getLogger(__name__)

NOTE = "conversion.json"
_VERSION = 1
_SPARE_BYTES = 200_000_000
"""Beside the weights: the tokenizer, and room for whatever else writes to the disk meanwhile."""

Progress = Callable[[int, int], None]
"""Called with (weight files done, weight files in all)."""


@dataclass(slots=True)
class _Note:
    """What `conversion.json` says.

    Attributes:
        source: digest of what is converted: names and sizes of its files and its configuration.
        files: SHA-256 of each finished weight file, by name.
        weights: which file holds which tensor.
        complete: the folder is whole.
    """

    source: str
    files: dict[str, str] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)
    total_bytes: int = 0
    complete: bool = False

    def save(self, folder: Path) -> None:
        data = {"version": _VERSION} | {name: getattr(self, name) for name in self.__slots__}
        _write_text(folder / NOTE, json.dumps(data, indent=1))


def converted_folder(source: Path, models_dir: Path) -> Path:
    """Where the conversion of `source` is kept."""
    return models_dir / f"{source.name.replace('.', '_')}-llama"


def is_converted(source: Path, target: Path) -> bool:
    """Whether `target` is a whole conversion of `source` as it is now. Looks at sizes, not at contents.

    Raises:
        ModelRejectedError: `source` is no InternLM2.
    """
    note = _note_in(target)
    return note is not None and note.complete and note.source == _digest_of(InternLm2Folder(source))


def in_llamas_layout(source: Path, models_dir: Path) -> Path:
    """The conversion of `source`, made in `models_dir` if it is not there yet. Blocking.

    Raises:
        ModelRejectedError: as `convert`.
    """
    target = converted_folder(source, models_dir)
    if not is_converted(source, target):
        convert(source, target)
    return target


def convert(
    source: Path, target: Path, progress: Progress | None = None, checkpoint: Path | None = None
) -> None:
    """Convert `source` into `target`, going on where an earlier attempt was interrupted. Blocking.

    Args:
        source: a folder of InternLM2.
        target: a new folder.
        progress: told after each weight file.
        checkpoint: one of XTuner's with all weights, which take the place of those in `source`.

    Raises:
        ModelRejectedError: `source` is not a whole folder of InternLM2, `target` is something else's,
            or there is no room for it.
    """
    folder = InternLm2Folder(source, checkpoint)
    _, files, _ = folder.config, folder.weight_files, folder.tokenizer_file  # each checked when it is read
    note = _begun(folder, target)
    if note.complete:
        return
    _check_room(files, note, target)
    for done, file in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        name = f"model-{done + 1:05d}-of-{len(files):05d}.safetensors"
        if name not in note.files or not (target / name).exists():
            _convert_file(folder, file, target / name, note)
            note.save(target)
    _write_rest(folder, target, note)
    note.complete = True
    note.save(target)
    if progress is not None:
        progress(len(files), len(files))


def verify(target: Path) -> None:
    """Read every converted weight file and compare it with its checksum. Blocking, reads gigabytes.

    Raises:
        ModelRejectedError: one is missing or was changed.
    """
    note = _note_in(target)
    if note is None or not note.complete:
        raise ModelRejectedError(f"{target.name} is no finished conversion")
    for name, digest in note.files.items():
        if not (target / name).is_file() or _sha256(target / name) != digest:
            raise ModelRejectedError(f"{target.name}/{name} is damaged: delete the folder to convert it anew")


def _begun(folder: InternLm2Folder, target: Path) -> _Note:
    source = _digest_of(folder)
    note = _note_in(target)
    if note is not None and note.source == source:
        return note
    if note is None and target.exists() and any(target.iterdir()):
        raise ModelRejectedError(f"{target} holds something else: name a new folder, or delete this one")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    note = _Note(source)
    note.save(target)
    return note


def _check_room(files: tuple[Path, ...], note: _Note, target: Path) -> None:
    needed = sum(size_of(file) for file in files[len(note.files) :]) + _SPARE_BYTES
    free = shutil.disk_usage(target).free
    if free < needed:
        there = f"in {target.parent}, where {free / 1e9:.1f} GB are free"
        raise ModelRejectedError(f"the converted model needs {needed / 1e9:.1f} GB {there}")


def _convert_file(folder: InternLm2Folder, source: Path, target: Path, note: _Note) -> None:
    from safetensors.torch import save_file

    converted: dict[str, Any] = {}
    for name, tensor in tensors_in(source):
        for new_name, part in as_llama(name, tensor, folder.heads):
            converted[new_name] = part.contiguous()
            note.weights[new_name] = target.name
            note.total_bytes += part.numel() * part.element_size()
    with whole_file(target) as unfinished:
        save_file(converted, unfinished, metadata={"format": "pt"})
    note.files[target.name] = _sha256(target)
    logger.info("converted file=%s tensors=%d", target.name, len(converted))


def _write_rest(folder: InternLm2Folder, target: Path, note: _Note) -> None:
    index = {"metadata": {"total_size": note.total_bytes}, "weight_map": dict(sorted(note.weights.items()))}
    _write_text(target / "model.safetensors.index.json", json.dumps(index, indent=1))
    end_ids = write_tokenizer(folder, target)
    _write_text(target / "config.json", json.dumps(llama_config(folder.config, end_ids), indent=1))
    _write_text(target / "generation_config.json", json.dumps({"eos_token_id": end_ids}))


def llama_config(config: dict[str, Any], end_ids: list[int]) -> dict[str, Any]:
    """InternLM2's configuration as Llama's."""
    rope = config.get("rope_scaling") or None
    if rope is not None:
        rope = {"type": rope.get("type"), "rope_type": rope.get("type"), "factor": rope.get("factor")}
    has_bias = bool(config.get("bias"))
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": config["hidden_size"],
        "intermediate_size": config["intermediate_size"],
        "num_hidden_layers": config["num_hidden_layers"],
        "num_attention_heads": config["num_attention_heads"],
        "num_key_value_heads": config.get("num_key_value_heads") or config["num_attention_heads"],
        "vocab_size": config["vocab_size"],
        "max_position_embeddings": config.get("max_position_embeddings", 32_768),
        "rms_norm_eps": config.get("rms_norm_eps", 1e-5),
        "rope_theta": config.get("rope_theta", 1_000_000),
        "rope_scaling": rope,
        "hidden_act": config.get("hidden_act", "silu"),
        "attention_bias": has_bias,
        "mlp_bias": False,
        "tie_word_embeddings": bool(config.get("tie_word_embeddings")),
        "initializer_range": config.get("initializer_range", 0.02),
        "bos_token_id": 1,
        "pad_token_id": 2,
        "eos_token_id": end_ids,
        "torch_dtype": config.get("torch_dtype") or "bfloat16",
    }


def _note_in(target: Path) -> _Note | None:
    if not (target / NOTE).exists():
        return None
    try:
        data = read_json(target / NOTE)
        if data.pop("version") != _VERSION:
            return None
        return _Note(**data)
    except (ModelRejectedError, KeyError, TypeError):
        return None


def _digest_of(folder: InternLm2Folder) -> str:
    parts = [json.dumps(folder.config, sort_keys=True), json.dumps(folder.added_tokens)]
    for file in (*folder.weight_files, folder.tokenizer_file):
        status = file.stat()
        parts.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
