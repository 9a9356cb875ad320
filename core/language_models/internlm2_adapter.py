"""A LoRA adapter on InternLM2's own layers, as one on Llama's: number for number.

`wqkv` becomes three layers. An adapter adds B·A to a weight: A, which all rows share, is copied to each; the
rows of B are dealt out as those of the weight are. Adapters come as XTuner's `.pth`, or as the folder that
`xtuner convert pth_to_hf` or peft makes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.language_models.adapter_folder import CONFIG, WEIGHTS, is_adapter
from core.language_models.internlm2_folder import InternLm2Folder, tensors_in
from core.language_models.internlm2_weights import Heads, as_llama
from core.language_models.xtuner_checkpoint import is_checkpoint, xtuner_tensors
from core.model_files import read_json

_NAME = re.compile(
    r"(?:base_model\.model\.)?(?P<module>[a-z0-9_.]+?)\.lora_(?P<half>[AB])(?:\.default)?\.weight"
)
_PICKLED = "adapter_model.bin"


def is_xtuner_adapter(path: Path) -> bool:
    """Whether `path` is an adapter, in a folder or a checkpoint of XTuner's."""
    if path.is_dir() and is_adapter(path):
        return True
    return is_checkpoint(path) and any("lora_" in name for name in xtuner_tensors(path))


def adapter_as_llama(tensors: dict[str, Any], heads: Heads) -> dict[str, Any]:
    """An adapter's tensors under Llama's names, with peft's prefix.

    Raises:
        ModelRejectedError: some are no part of plain LoRA on InternLM2.
    """
    halves: dict[str, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise ModelRejectedError(f"{name[:100]} is no part of plain LoRA")
        halves.setdefault(match["module"], {})[match["half"]] = tensor
    converted = {}
    for module, parts in halves.items():
        if len(parts) != 2:
            raise ModelRejectedError(f"{module[:100]} has only half of an adapter")
        for name, b in as_llama(f"{module}.weight", parts["B"], heads):
            layer = f"base_model.model.{name.removesuffix('.weight')}"
            converted[f"{layer}.lora_A.weight"] = parts["A"].clone()
            converted[f"{layer}.lora_B.weight"] = b.contiguous()
    return converted


def convert_adapter(
    source: Path, base: Path, target: Path, *, base_name: str, alpha: float | None = None
) -> None:
    """Write an adapter on InternLM2's layers as one on Llama's, into a new folder. Blocking.

    Args:
        source: a folder in peft's format, or XTuner's `.pth`.
        base: the InternLM2 folder that it was trained on, for the shape of its attention.
        target: the new folder.
        base_name: what the adapter will name as its base.
        alpha: of the adapter; a `.pth` does not say it, a folder does.

    Raises:
        ModelRejectedError: it cannot be read, or belongs to another model.
    """
    from safetensors.torch import save_file

    tensors, config = _read(source, alpha)
    converted = adapter_as_llama(tensors, InternLm2Folder(base).heads)
    if target.exists() and any(target.iterdir()):
        raise ModelRejectedError(f"{target} holds something else: name a new folder, or delete this one")
    target.mkdir(parents=True, exist_ok=True)
    targets = {name.rpartition(".lora_")[0].rpartition(".")[2] for name in converted}
    config |= {"base_model_name_or_path": base_name, "target_modules": sorted(targets), "auto_mapping": None}
    save_file(converted, target / WEIGHTS, metadata={"format": "pt"})
    (target / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")


def _read(source: Path, alpha: float | None) -> tuple[dict[str, Any], dict[str, Any]]:
    if source.is_dir() and is_adapter(source):
        config = read_json(source / CONFIG)
        file = source / WEIGHTS if (source / WEIGHTS).exists() else source / _PICKLED
        if not file.exists():
            raise ModelRejectedError(f"{source.name}: {WEIGHTS} is missing")
        return dict(tensors_in(file)), config
    tensors = xtuner_tensors(source)
    if alpha is None:
        raise ModelRejectedError(
            f"{source.name} does not say its lora_alpha: give --lora-alpha as in the configuration that "
            "it was trained with (16 in XTuner's)"
        )
    ranks = {len(tensor) for name, tensor in tensors.items() if ".lora_A." in name}
    if len(ranks) != 1:
        raise ModelRejectedError(f"{source.name} has adapters of {len(ranks)} ranks; one is known here")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": ranks.pop(), "lora_alpha": alpha}
    return tensors, config | {"bias": "none", "inference_mode": True, "lora_dropout": 0.0}
