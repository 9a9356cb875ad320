"""How much memory a training takes, before it begins: an estimate, and what would fit where it does not.

Counted: weights, gradients and AdamW's two memories exactly, from the shapes in `config.json`; activations
and logits by rule (arXiv:2205.05198, section 4: about 34 bytes a token, layer and unit of width in 16 bits).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.devices import GIGABYTE, Placement
from finetune.errors import TrainingError
from finetune.train.settings import TrainingSettings

_NF4_BYTES = 0.516
"""A weight: 4 bits, and 8-bit scales for blocks of 64 (arXiv:2305.14314, section 3)."""
_ADAM_BYTES = 12
"""A learned parameter in 32 bits: its gradient and the two memories."""
_UNITS_A_TOKEN = 17
"""Activations that one layer keeps for a token, in units of its width."""
_LOGIT_BYTES = 14
"""A logit: in 16 and 32 bits, its softmax and its gradient."""
_SPARE_BYTES = 1.0 * GIGABYTE
"""Libraries, buffers and what the allocator rounds up."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Parameters of a model.

    Attributes:
        inner: of linear layers within the blocks, which are quantised.
        outer: of embeddings, head and norms.
        adapter: of an adapter of rank 1 on the chosen layers.
        layers: blocks.
        width: hidden size.
        vocabulary: tokens.
    """

    inner: int
    outer: int
    adapter: int
    layers: int
    width: int
    vocabulary: int


def shape_of(folder: Path, targets: tuple[str, ...]) -> Shape:
    """The shape of a folder's model, from its configuration alone."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    linear = {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    inner = {name: module for name, module in linear.items() if name != "lm_head"}
    inside = sum(module.weight.numel() for module in inner.values())
    chosen = (module for name, module in inner.items() if name.rpartition(".")[2] in targets)
    return Shape(
        inner=inside,
        outer=model.num_parameters() - inside,
        adapter=sum(module.in_features + module.out_features for module in chosen),
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        vocabulary=config.vocab_size,
    )


def needed_bytes(shape: Shape, settings: TrainingSettings, dtype: str, *, shared_by: int = 1) -> int:
    """Bytes that one process needs at its peak.

    Args:
        shape: the base's.
        settings: of the training.
        dtype: what is reckoned in.
        shared_by: processes that share gradients and optimizer (ZeRO-2).
    """
    number = 2 if dtype == "bfloat16" else 4
    if settings.method == "full":
        learned = shape.inner + shape.outer
        weights = float(learned * (4 + (2 if number == 2 else 0)))
    else:
        learned = shape.adapter * settings.lora_rank
        inner = _NF4_BYTES if settings.method == "qlora" else number
        weights = shape.inner * inner + shape.outer * number + learned * 4
    kept = settings.row_tokens * shape.width * number
    one_layer = kept * _UNITS_A_TOKEN
    activations = (
        one_layer + kept * shape.layers if settings.gradient_checkpointing else one_layer * shape.layers
    )
    logits = settings.row_tokens * shape.vocabulary * _LOGIT_BYTES
    return int(weights + learned * _ADAM_BYTES / shared_by + activations + logits + _SPARE_BYTES)


def check_memory(
    shape: Shape, settings: TrainingSettings, placement: Placement, free: int, *, shared_by: int = 1
) -> int:
    """See that a training fits before anything is loaded.

    Args:
        shape: the base's.
        settings: of the training.
        placement: where and in what is reckoned.
        free: bytes on the device of this process.
        shared_by: as in `needed_bytes`.

    Returns:
        The estimate, in bytes.

    Raises:
        TrainingError: it does not fit; names what would.
    """
    needed = needed_bytes(shape, settings, placement.dtype, shared_by=shared_by)
    if needed <= free:
        return needed
    fitting = [
        f"{words} (about {size / GIGABYTE:.1f} GB)"
        for words, other in _smaller(settings)
        if (size := needed_bytes(shape, other, placement.dtype, shared_by=shared_by)) <= free
    ]
    advice = (
        "It would fit with " + ", or ".join(fitting[:3]) if fitting else "Nothing fits: take a smaller base"
    )
    raise TrainingError(
        f"this training needs about {needed / GIGABYTE:.1f} GB on {placement.device}, "
        f"{free / GIGABYTE:.1f} GB are free. {advice}"
    )


def _smaller(settings: TrainingSettings) -> Iterator[tuple[str, TrainingSettings]]:
    """Ways to need less, the mildest first, each on top of those before."""
    current = settings
    steps: list[tuple[str, dict[str, Any]]] = [
        ("gradient_checkpointing=true", {"gradient_checkpointing": True})
    ]
    steps += [
        (f"row_tokens={tokens}", {"row_tokens": tokens})
        for tokens in (1024, 512)
        if tokens < settings.row_tokens
    ]
    steps += [("method=lora", {"method": "lora"}), ("method=qlora", {"method": "qlora"})]
    words: list[str] = []
    for word, change in steps:
        name, value = next(iter(change.items()))
        if getattr(current, name) == value or (name == "method" and not _is_smaller(current.method, value)):
            continue
        words = [kept for kept in words if not kept.startswith(name)] + [word]
        current = current.model_copy(update=change)
        yield " ".join(words), current
        if name == "method":
            yield word, settings.model_copy(update=change)


def _is_smaller(method: str, other: str) -> bool:
    order = ("full", "lora", "qlora")
    return order.index(method) < order.index(other)


def free_bytes(placement: Placement) -> int:
    """Free memory of a device."""
    if placement.device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(placement.device)[0])
    import psutil

    return int(psutil.virtual_memory().available)
