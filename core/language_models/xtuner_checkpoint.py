"""The checkpoints that XTuner leaves behind: `iter_500.pth`, or under DeepSpeed a folder of that name.

They are pickles. torch reads them with pickles forbidden (`weights_only`); what a checkpoint keeps beside the
tensors (mmengine's logs, numpy's random states, DeepSpeed's settings) becomes an empty object that does
nothing, whatever it is called.

https://github.com/InternLM/xtuner, xtuner/model/sft.py (what is saved) and xtuner/tools/model_converters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError

_SHARED_STATE = "mp_rank_00_model_states.pt"
"""Of DeepSpeed's files the one with the model: ZeRO-2 keeps it whole, in the bits that were reckoned in."""
_STATES = ("state_dict", "module")
_KNOWN_BESIDE = ("numpy", "mmengine", "xtuner", "deepspeed", "collections", "torch", "peft", "transformers")


class _Ignored:
    """Stands for whatever is no tensor and no plain data."""

    def __init__(self, *_arguments: Any, **_named: Any) -> None:
        """Take anything, do nothing."""

    def __setstate__(self, _state: Any) -> None:
        """Take anything, do nothing."""


def is_checkpoint(path: Path) -> bool:
    """Whether `path` looks like one of XTuner's checkpoints."""
    return path.suffix == ".pth" and (path.is_file() or (path / _SHARED_STATE).is_file())


def size_of(path: Path) -> int:
    """Bytes of a weight file, or of the checkpoint in a folder."""
    return (path / _SHARED_STATE if path.is_dir() else path).stat().st_size


def xtuner_tensors(path: Path) -> dict[str, Any]:
    """The tensors of a checkpoint, named as in the model that was trained.

    Raises:
        ModelRejectedError: it is damaged, none of XTuner's, or names code of elsewhere.
    """
    import torch

    file = path / _SHARED_STATE if path.is_dir() else path
    try:
        foreign = torch.serialization.get_unsafe_globals_in_checkpoint(file)
        unknown = [name for name in foreign if name.partition(".")[0] not in _KNOWN_BESIDE]
        if unknown:
            raise ModelRejectedError(
                f"{path.name} names {unknown[0][:80]}, which no checkpoint of XTuner needs"
            )
        ignored = [(type("Ignored", (_Ignored,), {}), name) for name in foreign]
        with torch.serialization.safe_globals(ignored):
            data = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except ModelRejectedError:
        raise
    except Exception as exc:
        raise ModelRejectedError(f"{path.name} cannot be read ({type(exc).__name__}): is it whole?") from exc
    state = next((data[name] for name in _STATES if isinstance(data, dict) and name in data), data)
    if not isinstance(state, dict) or not state:
        raise ModelRejectedError(f"{path.name} holds no weights")
    tensors = {str(name).removeprefix("llm."): tensor for name, tensor in state.items()}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ModelRejectedError(f"{path.name}: {name[:80]} is no tensor")
    return tensors
