"""What training data is made: shares of the kinds, sizes and seed, from the command line and a TOML file.

seed = 0
dev_share = 0.02
conversations_per_recipe = 4.0
recipes_per_dish = 3
[shares]
how_to_cook = 0.25
refusals = 0.06
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from core.errors import SettingsError

DEFAULT_SHARES: Mapping[str, float] = {
    "how_to_cook": 0.25,
    "ingredients": 0.10,
    "special": 0.06,
    "recommend": 0.06,
    "wanting": 0.06,
    "cook_with": 0.08,
    "follow_ups": 0.15,
    "grounded": 0.18,
    "refusals": 0.06,
}
"""With four conversations a recipe, every recipe is told whole once, and three in four answer in RAG form:
that is how the bot asks, and where a model that was only taught recipes forgets to keep to the context."""


@dataclass(frozen=True, slots=True)
class DataPlan:
    """Settings of a data run.

    Attributes:
        seed: of every choice; the same seed, plan and sources give the same bytes.
        dev_share: of the dishes that are held out, from 0 (none) to 0.5.
        conversations_per_recipe: on average, of all kinds together.
        recipes_per_dish: at most so many recipes share a dish, the most complete first.
        max_characters: longer conversations are dropped.
        context_tokens: room for the prompt in RAG form; as LLM_CONTEXT_TOKENS of the bot.
        system: "bot" for the bot's own rules (RAG and /rag off), or a text for all but RAG form; may be "".
        shares: kind → weight; they need not sum to one.
    """

    seed: int = 0
    dev_share: float = 0.02
    conversations_per_recipe: float = 4.0
    recipes_per_dish: int = 3
    max_characters: int = 8000
    context_tokens: int = 6000
    system: str = "bot"
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))

    def __post_init__(self) -> None:
        """Check every range; raises `SettingsError` that names the setting."""
        _within("dev_share", self.dev_share, 0, 0.5)
        _within("conversations_per_recipe", self.conversations_per_recipe, 0.01, 50)
        _within("recipes_per_dish", self.recipes_per_dish, 1, 1_000_000)
        _within("max_characters", self.max_characters, 100, 1_000_000)
        _within("context_tokens", self.context_tokens, 512, 1_048_576)
        _within("seed", self.seed, 0, 2**63)
        unknown = sorted(self.shares.keys() - DEFAULT_SHARES.keys())
        if unknown:
            raise SettingsError("shares", f"no kind {unknown[0]!r}; kinds are {', '.join(DEFAULT_SHARES)}")
        for kind, share in self.shares.items():
            _within(f"shares.{kind}", share, 0, 1_000_000)
        if not sum(self.shares.values()):
            raise SettingsError("shares", "at least one kind needs a share above 0")

    @property
    def per_recipe(self) -> dict[str, float]:
        """Kind → conversations for each recipe; kinds without a share are left out."""
        whole = sum(self.shares.values())
        rate = self.conversations_per_recipe / whole
        return {kind: self.shares[kind] * rate for kind in DEFAULT_SHARES if self.shares.get(kind)}

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON data."""
        return {**asdict(self), "shares": dict(self.shares)}


def read_plan(path: Path | None, changes: Mapping[str, Any], shares: Mapping[str, float]) -> DataPlan:
    """The plan of a TOML file, or the default one, with changes from the command line.

    Args:
        path: a TOML file with any of the fields of `DataPlan`; shares that it does not name are 0.
        changes: fields that were given on the command line.
        shares: single shares that were given on the command line.

    Raises:
        SettingsError: the file cannot be read, or a setting is unknown, of the wrong type or out of range.
    """
    read = _toml(path) if path is not None else {}
    known = {f.name: f for f in fields(DataPlan)}
    for name, value in read.items():
        if name not in known:
            raise SettingsError(str(path), f"no setting {name!r}; settings are {', '.join(known)}")
        _check_type(f"{path}: {name}", value, getattr(DataPlan(), name))
    for kind, share in read.get("shares", {}).items():
        _check_type(f"{path}: shares.{kind}", share, 0.0)
    plan = replace(DataPlan(**read), **changes)
    return replace(plan, shares={**plan.shares, **shares}) if shares else plan


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(str(path), f"cannot be read ({exc.strerror})") from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(str(path), f"is no TOML ({exc})") from exc


def _check_type(name: str, value: Any, example: Any) -> None:
    kinds: tuple[type, ...] = (int, float) if isinstance(example, float) else (type(example),)
    if not isinstance(value, kinds) or isinstance(value, bool):
        wanted = "a number" if isinstance(example, float) else f"of type {type(example).__name__}"
        raise SettingsError(name, f"must be {wanted}, got {type(value).__name__}")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SettingsError(name, f"must be from {least:g} to {most:g}, got {value:g}")
