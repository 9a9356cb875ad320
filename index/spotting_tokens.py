"""The words of a sentence, as far as they are known, for `index.spotting`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.word_table import any_word
from index.spotting_words import (
    AVOIDED,
    AVOIDS_AFTER,
    AVOIDS_BEFORE,
    IMPLIES_WITHOUT,
    MORE_FOODS,
    SAYS_NOTHING,
    TAG_WORDS,
)
from index.wish_words import ALLERGEN_GROUPS, TOKENS

_SINGLE_FOODS = frozenset("鸡鸭鹅鱼虾蟹藕笋梨")


@dataclass(slots=True)
class Token:
    """A word of the sentence; `kind` is food, tag, avoided, after, before, fill, sign or unknown."""

    text: str
    kind: str
    value: str = ""
    is_taken: bool = False


def _vocabulary() -> dict[str, tuple[str, str]]:
    words: dict[str, tuple[str, str]] = dict.fromkeys(SAYS_NOTHING, ("fill", ""))
    words |= dict.fromkeys([*AVOIDED, *ALLERGEN_GROUPS], ("avoided", ""))
    for word, (kind, tag) in TOKENS.items():
        if kind == "food" and (len(word) > 1 or word in _SINGLE_FOODS):
            words[word] = ("food", word)
        elif kind in {"noun", "how", "type", "eater"}:
            words[word] = ("tag", tag)
        elif kind in {"head", "ask", "fill"}:
            words[word] = ("fill", "")
    words |= {word: ("food", word) for word in MORE_FOODS}
    words |= {word: ("tag", tag) for word, tag in TAG_WORDS.items()}
    words |= dict.fromkeys(IMPLIES_WITHOUT, ("implies", ""))
    words |= dict.fromkeys(AVOIDS_AFTER, ("after", "")) | dict.fromkeys(AVOIDS_BEFORE, ("before", ""))
    return words


_WORDS = _vocabulary()
_TOKEN = re.compile(
    rf"(?P<word>{any_word(_WORDS)})|(?P<fill>[0-9]+)|(?P<sign>[^\w]|_)|(?P<unknown>.)", re.DOTALL
)


def tokens_of(text: str) -> list[Token]:
    """The words of a `simplify`-ed text, in order; what is not known stands together."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, value = _WORDS.get(match[0]) or (str(match.lastgroup), "")
        if kind == "unknown" and tokens and tokens[-1].kind == kind:
            tokens[-1].text += match[0]
        else:
            tokens.append(Token(match[0], kind, value))
    return tokens
