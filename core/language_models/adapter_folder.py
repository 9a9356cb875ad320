"""A folder with a LoRA adapter (arXiv:2106.09685): what belongs on which base, and how it is put there.

The format is that of peft: `adapter_config.json` and `adapter_model.safetensors`. `python -m finetune train`
adds `base.json`, which tells the base apart from every other model. Nothing of an adapter is run: its
numbers are added to those of the base, and what is more than plain LoRA is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.model_files import has_content, read_json

CONFIG, WEIGHTS, BASE_NOTE = "adapter_config.json", "adapter_model.safetensors", "base.json"
_PREFIX = "base_model.model."
_NOT_PLAIN = ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern", "lora_bias", "fan_in_fan_out")
_TOLD_APART_BY = ("embed_tokens", "layers.0.self_attn.q_proj", "layers.0.mlp.down_proj", "norm")
_ROWS = 4


@dataclass(frozen=True, slots=True)
class LoraPair:
    """What is added to one weight: `scale · b @ a`, with a [rank, in] and b [out, rank]."""

    a: Any
    b: Any
    scale: float

    def added_to(self, weight: Any) -> Any:
        """The sum, reckoned in 32 bits and rounded once, in the type and place of `weight` [out, in]."""
        a, b = (part.to(weight.device).float() for part in (self.a, self.b))
        return (weight.float() + self.scale * (b @ a)).to(weight.dtype)


def is_adapter(folder: Path) -> bool:
    """Whether `folder` holds an adapter rather than a model."""
    return (folder / CONFIG).is_file()


@dataclass(frozen=True)
class AdapterFolder:
    """The folder at `path`."""

    path: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """`adapter_config.json`.

        Raises:
            ModelRejectedError: it is missing, unreadable or more than plain LoRA.
        """
        config = read_json(self.path / CONFIG)
        label = f"{self.path.name}/{CONFIG}"
        if config.get("peft_type") != "LORA":
            raise ModelRejectedError(f"{label}: peft_type is {str(config.get('peft_type'))[:40]}, not LORA")
        for name in _NOT_PLAIN:
            if config.get(name):
                raise ModelRejectedError(f"{label}: {name} is set; only plain LoRA is known here")
        if config.get("bias", "none") != "none":
            raise ModelRejectedError(f"{label}: bias is trained too; only plain LoRA is known here")
        for name in ("r", "lora_alpha"):
            if not isinstance(config.get(name), int | float) or config[name] <= 0:
                raise ModelRejectedError(f"{label}: {name} is missing or no number above 0")
        return config

    @property
    def scale(self) -> float:
        """By what `b @ a` is multiplied."""
        rank = float(self.config["r"])
        return float(self.config["lora_alpha"]) / (rank**0.5 if self.config.get("use_rslora") else rank)

    @property
    def base_name(self) -> str:
        """The base as the adapter names it: a path, or a name on a hub."""
        return str(self.config.get("base_model_name_or_path") or "")

    @cached_property
    def base_note(self) -> dict[str, Any]:
        """What the training noted of the base; empty for an adapter from elsewhere."""
        return read_json(self.path / BASE_NOTE) if (self.path / BASE_NOTE).exists() else {}

    def base_folder(self, *beside: Path) -> Path:
        """Where the base lies: where the adapter says, or under that name beside it or in one of `beside`.

        Raises:
            ModelRejectedError: nowhere.
        """
        name = Path(self.base_name).name
        places = [Path(self.base_name), *(folder / name for folder in (self.path.parent, *beside))]
        for place in places:
            if name and (place / "config.json").is_file():
                return place
        raise ModelRejectedError(
            f"{self.path.name} is an adapter for {self.base_name[:200] or 'a base that it does not name'}, "
            f"which is not there: copy that model to {places[-1] if name else 'this computer'}"
        )

    def pairs(self) -> dict[str, LoraPair]:
        """What is added, by the name of the module whose weight it is added to.

        Raises:
            ModelRejectedError: the file is missing, damaged, or holds something else.
        """
        from safetensors import SafetensorError, safe_open

        if not has_content(self.path / WEIGHTS):
            raise ModelRejectedError(f"{self.path.name}/{WEIGHTS} is missing or empty")
        halves: dict[str, dict[str, Any]] = {}
        try:
            with safe_open(self.path / WEIGHTS, framework="pt", device="cpu") as file:
                for name in file.keys():  # noqa: SIM118 - no mapping
                    module, half = _module_and_half(name, self.path.name)
                    halves.setdefault(module, {})[half] = file.get_tensor(name)
        except (SafetensorError, OSError) as exc:
            raise ModelRejectedError(f"{self.path.name}/{WEIGHTS} cannot be read: is it whole?") from exc
        pairs = {}
        for module, parts in halves.items():
            if (
                len(parts) != 2
                or len(parts["A"]) != self.config["r"]
                or parts["B"].shape[1] != self.config["r"]
            ):
                raise ModelRejectedError(f"{self.path.name}: {module} is not of rank {self.config['r']}")
            pairs[module] = LoraPair(parts["A"], parts["B"], self.scale)
        if not pairs:
            raise ModelRejectedError(f"{self.path.name}/{WEIGHTS} is empty")
        return pairs

    def check_fits(self, base: Path) -> None:
        """Compare with a base in the layout that it was trained on.

        Raises:
            ModelRejectedError: the adapter was trained on another model.
        """
        noted = self.base_note.get("fingerprint")
        if noted is not None and noted != fingerprint_of(base):
            raise ModelRejectedError(
                f"{self.path.name} was trained on {str(self.base_note.get('name'))[:80]}, not on "
                f"{base.name}: name that base, or train an adapter for this one"
            )
        with opened_weights(base) as weights:
            for module, pair in self.pairs().items():
                expected = (pair.b.shape[0], pair.a.shape[1])
                if f"{module}.weight" not in weights or weights.shape(f"{module}.weight") != expected:
                    raise ModelRejectedError(
                        f"{self.path.name} is an adapter for another model than {base.name}, which has no "
                        f"{module} of {expected[0]} × {expected[1]}; the base that it names is "
                        f"{self.base_name[:120] or 'none'}"
                    )


def _module_and_half(name: str, folder: str) -> tuple[str, str]:
    for half in "AB":
        suffix = f".lora_{half}.weight"
        if name.startswith(_PREFIX) and name.endswith(suffix):
            return name.removeprefix(_PREFIX).removesuffix(suffix), half
    raise ModelRejectedError(f"{folder}/{WEIGHTS}: {name[:80]} is no part of plain LoRA")


class Weights:
    """The tensors of a model's safetensors files, read when asked for."""

    def __init__(self, files: dict[str, Any]) -> None:
        self._files = files

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._files)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of one."""
        return tuple(self._files[name].get_slice(name).get_shape())

    def rows(self, name: str, count: int) -> Any:
        """The first rows of one."""
        return self._files[name].get_slice(name)[:count]

    def tensor(self, name: str) -> Any:
        """One, whole."""
        return self._files[name].get_tensor(name)


@contextmanager
def opened_weights(folder: Path) -> Iterator[Weights]:
    """The weights of a model's folder.

    Raises:
        ModelRejectedError: there are none in safetensors, or they are damaged.
    """
    from safetensors import SafetensorError, safe_open

    paths = sorted(folder.glob("model*.safetensors"))
    if not paths:
        raise ModelRejectedError(f"{folder.name}: no safetensors in it")
    with ExitStack() as stack:
        files = {}
        for path in paths:
            try:
                file = stack.enter_context(safe_open(path, framework="pt", device="cpu"))
            except (SafetensorError, OSError) as exc:
                raise ModelRejectedError(f"{folder.name}/{path.name} cannot be read: is it whole?") from exc
            files.update(dict.fromkeys(file.keys(), file))
        yield Weights(files)


def fingerprint_of(folder: Path) -> str:
    """What tells a model in Llama's layout, or one like it, apart from others, however its files are cut.

    A digest of a few rows of weights that every kind of training changes.

    Raises:
        ModelRejectedError: its weights cannot be read.
    """
    digest = hashlib.sha256()
    with opened_weights(folder) as weights:
        for part in _TOLD_APART_BY:
            name = f"model.{part}.weight"
            if name in weights:
                digest.update(json.dumps([name, *weights.shape(name)]).encode())
                digest.update(weights.rows(name, _ROWS).float().numpy().tobytes())
    return digest.hexdigest()
