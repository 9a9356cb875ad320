"""What a reader may see of a model's raw stream: no thoughts, no control characters, no leading blanks.

Reasoning models (DeepSeek-R1, Qwen3 …) write their thoughts between `<think>` and `</think>` when the
server does not split them off into a field of their own; a tag may be spread over several pieces.
"""

from __future__ import annotations

import re

_OPEN, _CLOSE = "<think>", "</think>"
_TAG = re.compile(f"{_OPEN}|{_CLOSE}")
_UNPRINTABLE = {code: None for code in (*range(0x20), 0x7F) if code not in (0x09, 0x0A)}
# JSON may carry half a surrogate pair ("\ud83c"); such text cannot be stored or sent as UTF-8.
_UNPRINTABLE_OR_BROKEN: dict[int, str | None] = {
    **_UNPRINTABLE,
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


class VisibleText:
    """Filters one answer, piece by piece; text that may be the beginning of a tag is held back."""

    def __init__(self) -> None:
        self._pending = ""
        self._thinking = False
        self._begun = False

    def feed(self, piece: str) -> str:
        """Take the next raw piece; returns what can be shown by now, possibly ""."""
        self._pending += piece
        shown: list[str] = []
        while match := _TAG.search(self._pending):
            if not self._thinking:
                shown.append(self._pending[: match.start()])
            self._pending = self._pending[match.end() :]
            self._thinking = match.group() == _OPEN
        held = _length_of_begun_tag(self._pending)
        cut = len(self._pending) - held
        if not self._thinking:
            shown.append(self._pending[:cut])
        self._pending = self._pending[cut:]
        return self._tidy("".join(shown))

    def finish(self) -> str:
        """The stream is over; returns what was held back."""
        rest, self._pending = self._pending, ""
        return "" if self._thinking else self._tidy(rest)

    def _tidy(self, text: str) -> str:
        text = text.translate(_UNPRINTABLE_OR_BROKEN)
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        return text


def _length_of_begun_tag(text: str) -> int:
    """Length of the longest end of `text` that a tag could begin with."""
    for length in range(min(len(text), len(_CLOSE) - 1), 0, -1):
        end = text[-length:]
        if _OPEN.startswith(end) or _CLOSE.startswith(end):
            return length
    return 0
