"""The many ways to ask the same."""

from __future__ import annotations

from collections.abc import Sequence

from finetune.data.choice import Choice

_BEFORE = ("", "", "", "", "请问", "你好，", "食神，", "想问一下，")
_AFTER = ("", "", "", "？", "？", "呢？")
_COUNTS = {1: "一", 2: "两", 3: "三", 4: "四", 5: "五", 6: "六"}


def asked(choice: Choice, forms: Sequence[str], **words: str) -> str:
    """One of the forms with the words put in, sometimes with a greeting and a question mark."""
    question = choice.of(forms).format(**words)
    if question.endswith(("。", "？", "吗", "谢谢")):
        return f"{choice.of(_BEFORE)}{question}"
    return f"{choice.of(_BEFORE)}{question}{choice.of(_AFTER)}"


def counted(number: int) -> str:
    """A small number as it is said before a measure word: 两, 三."""
    return _COUNTS.get(number, str(number))
