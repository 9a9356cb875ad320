"""How much of an ingredient: read from Chinese text, kept verbatim, and scaled for more or fewer people.

The text of a quantity is what its author wrote; what can be read of it (numbers, unit, note) stands
beside it. Scaling multiplies the exact numbers and words them anew in the author's way of writing, so
that scaling up and down again comes back to the start. `core/measures.py` finds what can be scaled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from core.measures import APPROXIMATELY, MORE_OR_LESS, growing_measures, main_measure

_HEDGE_BEFORE = re.compile(rf"(?:{APPROXIMATELY})\s?$")
_HEDGE_AFTER = re.compile(rf"\s?(?:{MORE_OR_LESS})")
_BRACKETS = {"(": ")", "（": "）"}
_READ_LIMIT = 200
"""Longer texts are prose, not amounts."""
_REMEMBERED = 4096
"""Amounts whose reading is kept: a conversation's recipes are read anew at every turn, which without it was
half of a turn's time (docs/benchmarks.md). The cookbook has 746 different ones."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount as written, and what could be read of it.

    Attributes:
        text: the amount verbatim: 「2个（约300克）」, 「适量」, or "".
        minimum: the least of a range, or the number itself; None when no number could be read.
        maximum: the most of a range, or the number itself.
        unit: as written, size words included (小勺); "" for a bare number.
        note: what the text says besides: 「约300克」, 「切碎」.
        approximate: the author says 约, 左右, 多 and the like.
    """

    text: str
    minimum: Fraction | None = None
    maximum: Fraction | None = None
    unit: str = ""
    note: str = ""
    approximate: bool = False

    def __str__(self) -> str:
        """The amount as written."""
        return self.text

    @classmethod
    def parse(cls, text: str) -> Quantity:
        """Read an amount. Any text is accepted; one without a number that can be read stands as it is."""
        return _read(text) if len(text) <= _READ_LIMIT else cls(text)

    def scaled(self, factor: Fraction) -> Quantity:
        """The amount for `factor` times as many people, worded anew.

        Masses, volumes and counts in the note grow with it; lengths, temperatures, times and the size of
        one piece do not. What could not be read (适量) stays verbatim. The exact product is kept beside
        the rounded text.

        Raises:
            ValueError: `factor` is not positive.
        """
        if factor <= 0:
            message = f"factor must be positive, got {factor}"
            raise ValueError(message)
        if factor == 1 or self.minimum is None or self.maximum is None:
            return self
        main = main_measure(self.text)
        if main is None:
            return self
        exact = replace(main, low=self.minimum, high=self.maximum)
        text, position = "", 0
        for measure in (exact, *growing_measures(self.text, main.end)):
            text += self.text[position : measure.start]
            if measure.vague and not _HEDGE_BEFORE.search(text):
                text += "约"
            text += measure.worded(factor)
            position = measure.end
        text += self.text[position:]
        return replace(
            self,
            text=text,
            minimum=self.minimum * factor,
            maximum=self.maximum * factor,
            note=Quantity.parse(text).note,
        )


@lru_cache(_REMEMBERED)
def _read(text: str) -> Quantity:
    main = main_measure(text)
    if main is None:
        return Quantity(text)
    before, after = text[: main.start], text[main.end :]
    plain_before, plain_after = _HEDGE_BEFORE.sub("", before), _HEDGE_AFTER.sub("", after, count=1)
    return Quantity(
        text=text,
        minimum=main.low,
        maximum=main.high,
        unit=main.unit,
        note=_without_brackets(plain_before + plain_after),
        approximate=main.vague or (before, after) != (plain_before, plain_after),
    )


def _without_brackets(note: str) -> str:
    note = re.sub(r"[（(]\s*[）)]", "", note).strip(" \t\n，,；;")
    closing = _BRACKETS.get(note[:1])
    is_wrapped = closing is not None and note.find(closing) == len(note) - 1
    return note[1:-1].strip() if is_wrapped else note
