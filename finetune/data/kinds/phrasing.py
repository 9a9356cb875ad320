"""The many ways to ask the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from finetune.data.choice import Choice

_ASKS = re.compile("怎么|如何|什么|哪|吗$|多少|几|要买|有没有")
_CALLS = ("", "", "", "", "你好，", "食神，")
_ASKS_POLITELY = ("", "", "", "", "请问", "想问一下，", "你好，", "食神，")
_MARKS = ("", "", "", "？", "？", "呢？")
_COUNTS = {1: "一", 2: "两", 3: "三", 4: "四", 5: "五", 6: "六"}


def asked(choice: Choice, forms: Sequence[str], **words: str) -> str:
    """One of the forms with the words put in, sometimes with a greeting and a question mark."""
    form = choice.of(forms)
    if not _ASKS.search(form):
        return f"{choice.of(_CALLS)}{form.format(**words)}"
    mark = choice.of(_MARKS)
    if form.endswith("吗"):
        mark = mark.replace("呢", "")
    return f"{choice.of(_ASKS_POLITELY)}{form.format(**words)}{mark}"


def counted(number: int) -> str:
    """A small number as it is said before a measure word: 两, 三."""
    return _COUNTS.get(number, str(number))
