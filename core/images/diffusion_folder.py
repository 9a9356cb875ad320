"""A folder of Stable Diffusion as diffusers lays it out, checked before anything is loaded.

Known are Stable Diffusion 1 and 2, Taiyi (a BERT in place of CLIP) and SDXL. Only classes named here are
ever made of it: what else the folder holds, code above all, is not looked at.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from core.errors import ModelRejectedError, SettingsError
from core.model_folder import ModelFolder
from core.model_hub.pickle_scan import fault_of_checkpoint

Kind = Literal["sd", "sdxl"]

_KINDS: dict[str, Kind] = {"StableDiffusionPipeline": "sd", "StableDiffusionXLPipeline": "sdxl"}
_CLIP_TOKENIZERS = {"CLIPTokenizer": "CLIPTokenizer", "CLIPTokenizerFast": "CLIPTokenizer"}
_TOKENIZERS = _CLIP_TOKENIZERS | {"BertTokenizer": "BertTokenizer", "BertTokenizerFast": "BertTokenizer"}
_KNOWN = {
    "unet": {"UNet2DConditionModel": "UNet2DConditionModel"},
    "vae": {"AutoencoderKL": "AutoencoderKL"},
    "text_encoder": {"CLIPTextModel": "CLIPTextModel", "BertModel": "BertModel"},
    "text_encoder_2": {"CLIPTextModelWithProjection": "CLIPTextModelWithProjection"},
    "tokenizer": _TOKENIZERS,
    "tokenizer_2": _TOKENIZERS,
}
"""What a part may be made of, by the name in model_index.json, and the class that makes it."""
_NEEDED: dict[Kind, tuple[str, ...]] = {
    "sd": ("unet", "vae", "text_encoder", "tokenizer"),
    "sdxl": ("unet", "vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
}
_UNUSED = frozenset({"scheduler", "safety_checker", "feature_extractor", "image_encoder"})
"""The scheduler is ours; cooks are shown dishes, so nothing has to be censored."""
_ADVICE = "`python -m bot models` says where to get one"


@dataclass(frozen=True)
class DiffusionFolder:
    """The folder that IMAGE_MODEL names; `opened` checks it."""

    folder: ModelFolder
    kind: Kind
    classes: dict[str, str]
    variant: str

    @classmethod
    def opened(cls, value: str | Path) -> DiffusionFolder:
        """The folder, when it holds a whole model of a known kind.

        Raises:
            SettingsError: it is missing, half copied, of another architecture, or wants code of its own.
        """
        folder = ModelFolder.opened(value, "IMAGE_MODEL")
        folder.require(["model_index.json"], f"Stable Diffusion in diffusers' layout ({_ADVICE})")
        index = folder.json("model_index.json")
        if not isinstance(index, dict):
            raise folder.fault(f"{folder.path.name}/model_index.json is no JSON object")
        kind = _kind_of(folder, index)
        classes = {part: _class_of(folder, index, part) for part in _NEEDED[kind]}
        _refuse_unknown_parts(folder, index, kind)
        opened = cls(folder, kind, classes, _variant_of(folder))
        opened._require_files()
        return opened

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder.path

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @cached_property
    def weight_files(self) -> dict[str, tuple[Path, ...]]:
        """The weights of each part.

        Raises:
            SettingsError: some are missing, empty or mere pointers.
        """
        parts = [part for part in self.classes if not part.startswith("tokenizer")]
        return {part: _weights_of(self.folder, part, self.variant) for part in parts}

    @cached_property
    def revision(self) -> str:
        """Digest of the configuration and of sizes and times of the weights; a replaced model has another."""
        digest = hashlib.sha256((self.path / "model_index.json").read_bytes())
        for path in (path for paths in self.weight_files.values() for path in paths):
            found = path.stat()
            digest.update(f"{path.relative_to(self.path)} {found.st_size} {found.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:12]

    def weight_bytes(self, bytes_each: int) -> int:
        """What the weights take in numbers of that many bytes."""
        files = (path for paths in self.weight_files.values() for path in paths)
        return sum(path.stat().st_size * bytes_each // _stored_bytes_each(path) for path in files)

    def refuse_code(self) -> None:
        """Read what pickled weights would call; slow on large files of before 2020 only.

        Raises:
            ModelRejectedError: anything but tensors.
        """
        for path in (path for paths in self.weight_files.values() for path in paths):
            if path.suffix == ".bin" and (fault := fault_of_checkpoint(path)):
                raise ModelRejectedError(f"{self.name}/{path.relative_to(self.path)} {fault}")

    def _require_files(self) -> None:
        configs = [f"{part}/config.json" for part in self.weight_files]
        self.folder.require(["scheduler/scheduler_config.json", *configs], "whole model")
        for part, made_by in self.classes.items():
            if part.startswith("tokenizer"):
                self.folder.require(_vocabulary_of(self.folder, part, made_by), "whole model")


def lora_file(value: str | Path) -> Path:
    """The LoRA weights that IMAGE_LORA names: a file of safetensors, or a folder with one.

    Raises:
        SettingsError: there is none, or several.
    """
    path = Path(str(value).strip()).expanduser()
    files = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    if len(files) != 1 or not files[0].is_file() or files[0].suffix != ".safetensors":
        raise SettingsError("IMAGE_LORA", f"{path.name} is neither a .safetensors file nor a folder with one")
    return files[0].resolve()


def _kind_of(folder: ModelFolder, index: dict[str, Any]) -> Kind:
    named = index.get("_class_name")
    kind = _KINDS.get(named) if isinstance(named, str) else None
    if kind is None:
        shown = str(named)[:60]
        raise folder.fault(f"{folder.path.name} is a {shown}; known are {', '.join(_KINDS)}: no code is run")
    return kind


def _class_of(folder: ModelFolder, index: dict[str, Any], part: str) -> str:
    """The class that makes `part`. The library named beside it is of no account: ours is used."""
    entry = index.get(part)
    named = entry[1] if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str) else None
    library = entry[0] if isinstance(entry, list) and entry else None
    made_by = _KNOWN[part].get(str(named))
    if made_by is None or library not in {"diffusers", "transformers"}:
        shown = str(entry)[:80]
        raise folder.fault(f"{folder.path.name}/model_index.json: {part} is {shown}: unknown, no code is run")
    return made_by


def _refuse_unknown_parts(folder: ModelFolder, index: dict[str, Any], kind: Kind) -> None:
    parts = {name for name, entry in index.items() if isinstance(entry, list) and any(entry)}
    if unknown := sorted(parts - {*_NEEDED[kind], *_UNUSED}):
        raise folder.fault(f"{folder.path.name} has a part that is not known: {unknown[0][:60]}")


def _variant_of(folder: ModelFolder) -> str:
    """What its weights have in their names: "fp16" for a folder that holds such only."""
    names = [path.name for path in (folder.path / "unet").glob("diffusion_pytorch_model*")]
    is_half_only = bool(names) and all(".fp16" in name for name in names)
    return "fp16" if is_half_only else ""


def _weights_of(folder: ModelFolder, part: str, variant: str) -> tuple[Path, ...]:
    """One file, or those that an index names; safetensors before pickles."""
    stem = "diffusion_pytorch_model" if part in {"unet", "vae"} else ""
    dot = f".{variant}" if variant else ""
    for suffix, default in (("safetensors", "model"), ("bin", "pytorch_model")):
        single = f"{part}/{stem or default}{dot}.{suffix}"
        index = f"{part}/{stem or default}.{suffix}.index{dot}.json"
        if (folder.path / single).exists():
            folder.require([single], "whole model")
            return (folder.path / single,)
        if (folder.path / index).exists():
            shards = _shards_of(folder, part, index)
            folder.require(shards, "whole model")
            return tuple(folder.path / shard for shard in shards)
    raise folder.fault(f"no whole model: {folder.path} lacks the weights of {part} ({_ADVICE})")


def _shards_of(folder: ModelFolder, part: str, index: str) -> list[str]:
    content = folder.json(index)
    weights = content.get("weight_map") if isinstance(content, dict) else None
    names = set(weights.values()) if isinstance(weights, dict) else set()
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise folder.fault(f"{folder.path.name}/{index}: weight_map is not as it should be")
    return [f"{part}/{name}" for name in sorted(names)]


def _vocabulary_of(folder: ModelFolder, part: str, made_by: str) -> list[str]:
    if (folder.path / part / "tokenizer.json").exists():
        return [f"{part}/tokenizer.json"]
    if made_by == "BertTokenizer":
        return [f"{part}/vocab.txt"]
    return [f"{part}/vocab.json", f"{part}/merges.txt"]


def _stored_bytes_each(path: Path) -> int:
    """How many bytes a number takes in a file: what safetensors say of the first; .bin of 2022 have four."""
    if path.suffix != ".safetensors":
        return 4
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(min(int.from_bytes(file.read(8), "little"), 64_000_000)))
        kinds = {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ModelRejectedError(f"{path.parent.name}/{path.name} is damaged: is it whole?") from exc
    return 4 if "F32" in kinds else 2
