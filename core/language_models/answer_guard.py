"""Stops an answer that has gone wrong while it is written: caught in a loop, or in another language.

Small models do both. What they streamed is dropped then and the recipe answers for itself, so a reader sees
at most a few lines of it.
"""

from __future__ import annotations

import re

from core.errors import ModelResponseError

_LOOKED_AT = 400
"""Characters at the end in which a loop is looked for."""
_LOOPS = 4
"""A phrase this often in a row is a loop: a recipe repeats itself (「翻面再煎」), but not four times."""
_LONGEST_PHRASE = _LOOKED_AT // _LOOPS
_FEWEST_LOOPING = 24
"""Characters that a loop takes at least: 「哈哈哈哈」 and 「……」 are none."""
_JUDGED_AFTER = 120
"""Characters after which an answer shows its language; a quoted name or a brand does not decide."""
_LEAST_HAN = 0.3
_HAN = re.compile("[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")


class AnswerGuard:
    """Watches one answer.

    Args:
        question: what is answered; an answer must be Chinese if that is.
    """

    def __init__(self, question: str) -> None:
        self._expects_chinese = bool(_HAN.search(question))
        self._text = ""
        self._unlooked = 0

    def feed(self, piece: str) -> None:
        """Take the next piece.

        Raises:
            ModelResponseError: the answer is caught in a loop, or not in Chinese.
        """
        self._text += piece
        self._unlooked += len(piece)
        if self._expects_chinese and len(self._text) >= _JUDGED_AFTER:
            self._expects_chinese = False  # judged once: the sources at the end may be in any language
            letters = _LETTER.findall(self._text)
            if len(letters) > _JUDGED_AFTER // 2 and len(_HAN.findall(self._text)) < _LEAST_HAN * len(
                letters
            ):
                raise ModelResponseError("the model answered in another language")
        if self._unlooked >= _FEWEST_LOOPING // 2:
            self._unlooked = 0
            if is_looping(self._text[-_LOOKED_AT:]):
                raise ModelResponseError("the model repeats itself")


def is_looping(text: str) -> bool:
    """Whether `text` ends in one phrase `_LOOPS` times over."""
    for length in range(1, min(_LONGEST_PHRASE, len(text) // _LOOPS) + 1):
        times = max(_LOOPS, -(-_FEWEST_LOOPING // length))
        phrase = text[-length:]
        if len(text) >= length * times and text.endswith(phrase * times) and phrase.strip():
            return True
    return False
