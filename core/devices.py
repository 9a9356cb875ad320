"""Which device models run on, in which numbers, and how much memory they may take."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import ModelRejectedError, SettingsError

Dtype = Literal["bfloat16", "float16", "float32"]

GIGABYTE = 1_000_000_000
_USABLE = 0.9
"""Of what is free when the shelf is made: activations and the allocator's rounding need the rest."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A device as torch names it ("cuda:0", "mps", "cpu") and the type of a model's numbers."""

    device: str
    dtype: Dtype

    @property
    def is_gpu(self) -> bool:
        """Whether it is anything but the processor."""
        return self.device != "cpu"


def placement_of(device: str, dtype: str, *, cpu_dtype: Dtype = "float32") -> Placement:
    """What the settings DEVICE and DTYPE come to here.

    Args:
        device: "auto" (the first GPU, or the processor), "cpu", "cuda", "cuda:1", "mps".
        dtype: "auto" or one of `Dtype`; auto is bfloat16 on GPUs that compute with it, else float16.
        cpu_dtype: what auto means on the processor.

    Raises:
        SettingsError: there is no such device.
        ModelRejectedError: torch is not installed.
    """
    try:
        import torch
    except ImportError as exc:
        raise ModelRejectedError("torch is not installed; run `make setup-models`") from exc
    name = _device_name(device, torch)
    if dtype != "auto":
        return Placement(name, _known_dtype(dtype))
    if name == "cpu":
        return Placement(name, cpu_dtype)
    has_bfloat16 = name.startswith("cuda") and torch.cuda.is_bf16_supported()
    return Placement(name, "bfloat16" if has_bfloat16 else "float16")


def _device_name(device: str, torch: Any) -> str:
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    has_mps = torch.backends.mps.is_available()
    if device == "auto":
        return "cuda:0" if gpus else "mps" if has_mps else "cpu"
    kind, _, number = device.partition(":")
    if kind == "cuda":
        if not gpus:
            raise SettingsError("DEVICE", f"is {device}, but torch finds no CUDA GPU; use auto or cpu")
        if int(number or 0) >= gpus:
            raise SettingsError("DEVICE", f"is {device}, but there are {gpus} GPUs, counted from 0")
        return f"cuda:{number or 0}"
    if kind == "mps" and not has_mps:
        raise SettingsError("DEVICE", "is mps, but torch finds no Apple GPU; use auto or cpu")
    return kind


def _known_dtype(dtype: str) -> Dtype:
    match dtype:
        case "bfloat16" | "float16" | "float32":
            return dtype
    raise SettingsError("DTYPE", f"is {dtype}; auto, bfloat16, float16 and float32 are known")


def memory_budget(placement: Placement, gigabytes: float) -> int:
    """Bytes that models may take: the setting MODEL_MEMORY_GIGABYTES, or for 0 most of what is free now."""
    if gigabytes:
        return int(gigabytes * GIGABYTE)
    return int(_free_bytes(placement) * _USABLE)


def _free_bytes(placement: Placement) -> int:
    if placement.device.startswith("cuda"):
        import torch

        free, _total = torch.cuda.mem_get_info(placement.device)
        return int(free)
    import psutil

    return int(psutil.virtual_memory().available)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that a device has no memory left."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"OutOfMemoryError", "MemoryError"}) or "out of memory" in str(error).lower()


def give_back_memory() -> None:
    """Let go of what dropped models held; the allocator of a GPU keeps it otherwise."""
    gc.collect()
    cuda = getattr(sys.modules.get("torch"), "cuda", None)  # missing while another thread imports torch
    if cuda is not None and cuda.is_available():
        cuda.empty_cache()
