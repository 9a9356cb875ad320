"""Our own questions that are not about food, kept apart by split."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from finetune.data.choice import hash64

_FILE = Path(__file__).with_name("refused_questions.txt")
_ALTERNATIVES = re.compile(r"\[([^\]]*)\]")
_LEAST_DEV_SHARE = 0.1
"""Of the lines: refusing is one skill for all dishes, and needs more than a few lines to be measured."""


def refused_questions(seed: int, dev_share: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The questions of the training split and of the dev split; the latter is empty for a share of 0."""
    lines = [line for line in _FILE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    lines.sort(key=lambda line: hash64(seed, line))
    held_out = round(max(dev_share, _LEAST_DEV_SHARE) * len(lines)) if dev_share else 0
    return expanded(lines[held_out:]), expanded(lines[:held_out])


def expanded(lines: list[str]) -> tuple[str, ...]:
    """Every question that the lines stand for."""
    return tuple(question for line in lines for question in _questions_of(line))


def _questions_of(line: str) -> list[str]:
    pieces = _ALTERNATIVES.split(line)  # text, alternatives, text, …
    options = [piece.split("|") if number % 2 else [piece] for number, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in itertools.product(*options)]
