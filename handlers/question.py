"""What a user typed, made fit to work with."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
"""Control characters but tab and line feed, direction marks and zero-width spaces (not emoji joiners)."""
_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")


def cleaned(text: str) -> str:
    """`text` without what cannot be seen or stored, and without spaces around it.

    Two halves of a surrogate pair become their character; a half without its other half goes.
    """
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _UNSEEN.sub("", _LINE_BREAK.sub("\n", text)).strip()


def has_words(text: str) -> bool:
    """Whether there is a letter, character or digit in it: emoji and punctuation alone ask nothing."""
    return any(unicodedata.category(character)[0] in "LN" for character in _KEYCAP.sub("", text))
