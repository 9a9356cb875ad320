"""An adapter put into its base: a folder that this bot, LMDeploy and vLLM load as a model of its own.

One weight file at a time, so that memory holds one. Each sum is reckoned in 32 bits and rounded once; the
bot, where it loads an adapter by itself, does the same sum, so both answer alike to the bit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.language_models.adapter_folder import AdapterFolder, LoraPair
from core.language_models.internlm2_folder import tensors_in
from core.model_files import read_json
from finetune.errors import TrainingError
from finetune.model_folder import complete_model
from finetune.train.base_model import load_tokenizer

NOTE = "merged.json"
_INDEX = "model.safetensors.index.json"
_PROBE = "红烧肉怎么做？五花肉五百克切块，冷水下锅焯水，加冰糖、生抽、老抽、料酒，小火炖四十分钟。"
_ALLOWED = {"float32": 1e-4, "bfloat16": 0.05, "float16": 0.01}
"""Largest difference of a logit, as a share of the largest logit: rounding of the merged weights alone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Between the logits of base with adapter and those of the merged model, both reckoned in 32 bits.

    Attributes:
        largest: of all logits.
        scale: the largest logit.
        dtype: of the merged weights.
    """

    largest: float
    scale: float
    dtype: str

    @property
    def allowed(self) -> float:
        """What rounding to `dtype` may do."""
        return _ALLOWED[self.dtype] * self.scale


def merge(
    base: Path,
    adapter: Path,
    target: Path,
    *,
    chat_template: str = "",
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write the sum of base and adapter into a new folder. Blocking.

    Args:
        base: in a layout that transformers knows.
        adapter: trained on it.
        target: a new folder.
        chat_template: "chatml" for a base that has none.
        progress: called with (weight files done, weight files in all).

    Raises:
        ModelRejectedError: the adapter belongs to another base, or the target holds something else.
        TrainingError: the base has no chat template, or the disk is full.
    """
    folder = AdapterFolder(adapter)
    folder.check_fits(base)
    tokenizer = load_tokenizer(base, chat_template)
    if target.exists() and any(target.iterdir()) and not (target / NOTE).exists():
        raise ModelRejectedError(f"{target} holds something else: name a new folder, or delete this one")
    shutil.rmtree(target, ignore_errors=True)
    unfinished = target.with_name(f"{target.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        _merge_files(base, folder.pairs(), unfinished, progress)
        complete_model(base, tokenizer, unfinished)
        note = {"base": base.name, "adapter": adapter.name, "rank": folder.config["r"], "scale": folder.scale}
        (unfinished / NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")
        unfinished.replace(target)
    except OSError as exc:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise TrainingError(f"{target} cannot be written: {exc.strerror or exc}") from exc


def _merge_files(
    base: Path, pairs: dict[str, LoraPair], target: Path, progress: Callable[[int, int], None]
) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    files = sorted(base.glob("model*.safetensors"))
    left = dict(pairs)
    for done, file in enumerate(files):
        progress(done, len(files))
        merged: dict[str, Any] = {}
        for name, tensor in tensors_in(file):
            pair = left.pop(name.removesuffix(".weight"), None)
            merged[name] = tensor if pair is None else pair.added_to(tensor)
        try:
            save_file(merged, target / file.name, metadata={"format": "pt"})
        except SafetensorError as exc:
            raise OSError(None, str(exc).splitlines()[0][:120]) from exc
    if left:
        raise ModelRejectedError(f"{base.name} has no {next(iter(left))}, which the adapter adds to")
    if (base / _INDEX).is_file():
        shutil.copyfile(base / _INDEX, target / _INDEX)
    progress(len(files), len(files))


def difference(base: Path, adapter: Path, merged: Path) -> Difference:
    """Compare the merged model with base and adapter side by side, as peft has them. Blocking.

    Each is loaded in 32 bits, one after the other.

    Raises:
        TrainingError: they differ by more than rounding.
    """
    import torch
    import transformers

    from core.language_models.adapter_on_model import put_on

    def logits(folder: Path, on_top: AdapterFolder | None) -> Any:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, trust_remote_code=False, local_files_only=True, use_safetensors=True
        )
        if on_top is not None:
            put_on(model, on_top, beside=True)
        with torch.no_grad():
            return model.eval()(input_ids).logits

    transformers.logging.disable_progress_bar()
    input_ids = load_tokenizer(merged)(_PROBE, add_special_tokens=False, return_tensors="pt").input_ids
    expected, actual = logits(base, AdapterFolder(adapter)), logits(merged, None)
    config = read_json(base / "config.json")
    dtype = str(config.get("dtype") or config.get("torch_dtype"))
    found = Difference(
        float((actual - expected).abs().max()),
        float(expected.abs().max()),
        dtype if dtype in _ALLOWED else "bfloat16",
    )
    if found.largest > found.allowed:
        raise TrainingError(
            f"{merged.name} differs from base and adapter by {found.largest:.3g}, more than the "
            f"{found.allowed:.3g} that rounding explains: do not use it, and report this"
        )
    return found
