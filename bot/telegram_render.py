"""A `Reply` as Telegram shows it: text with entities, cut into parts that a message can hold.

Entities are built from the reply's own structure, never parsed out of text (no parse_mode): a model's
Markdown stays the plain text that it is, and nothing that it writes can be refused. Offsets and lengths of
entities count UTF-16 units (core.telegram.org/api/entities); the limit of a message is said to count
characters, and is kept in UTF-16 units here, which is never more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from bot.delivery import heard_line
from core.composer_wording import ingredient_line, summary
from core.messages import Reply
from core.recipe import Recipe

MAX_TEXT_UNITS = 4096
MAX_CAPTION_UNITS = 1024
MAX_SPANS = 100
"""Telegram drops further entities of a message silently."""

_BREAKS = tuple(re.compile(p) for p in (r"\n\s*\n", r"\n", r"[。！？!?；;…]+[」』”’）)]*", r"[，、,:：\s]"))
"""Where to cut, best first: after a paragraph, a line, a sentence, a clause."""
_LEAST_FILLED = 0.5
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Span:
    """Formatting of the characters (code points) from `start` up to `end`."""

    kind: Literal["bold", "italic"]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RichText:
    """Text with formatting; no message is larger than `MAX_TEXT_UNITS` once split."""

    text: str
    spans: tuple[Span, ...] = ()

    def utf16_spans(self) -> Iterator[tuple[str, int, int]]:
        """(kind, offset, length) of each span in UTF-16 units."""
        for span in self.spans[:MAX_SPANS]:
            before, inside = self.text[: span.start], self.text[span.start : span.end]
            yield span.kind, utf16_units(before), utf16_units(inside)


def rich_text_of(reply: Reply) -> RichText:
    """The whole of `reply`: what was heard, then the recipe as a card under the lead, or the text itself."""
    heard: list[Piece] = [(heard_line(reply.transcript), "italic"), ("\n\n", "")] if reply.transcript else []
    if reply.card is None:
        return _joined([*heard, (reply.text, "")])
    return _joined([*heard, *_card(reply.lead, reply.card)])


def parts_of(reply: Reply) -> tuple[RichText, ...]:
    """The messages that make up `reply`; none when there is nothing to say."""
    return tuple(split(rich_text_of(reply)))


def split(rich: RichText, limit: int = MAX_TEXT_UNITS) -> Iterator[RichText]:
    """Cut into parts of at most `limit` UTF-16 units, without white space at their ends."""
    while (rich := _stripped(rich)).text:
        if utf16_units(rich.text) <= limit:
            yield rich
            return
        at = _cut(rich, limit)
        yield _stripped(_slice(rich, 0, at))
        rich = _slice(rich, at, len(rich.text))


def tail(text: str, limit: int = MAX_TEXT_UNITS) -> str:
    """The end of a text that is being streamed, as much as one message holds."""
    text = clean(text).strip()
    if utf16_units(text) <= limit:
        return text
    parts = list(split(RichText(text), limit - 2))
    return f"…\n{parts[-1].text}"


def utf16_units(text: str) -> int:
    """The length that Telegram counts in: code points above U+FFFF are two."""
    return len(text) + sum(character > "\uffff" for character in text)


def clean(text: str) -> str:
    """Without what cannot be sent: control characters, and halves of surrogate pairs."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))


Piece = tuple[str, Literal["bold", "italic", ""]]


def _card(lead: str, recipe: Recipe) -> Iterator[Piece]:
    yield f"{lead}\n\n", ""
    yield recipe.name, "bold"
    yield "\n", ""
    if facts := summary(recipe):
        yield f"{facts}\n", ""
    yield from _list("食材", (ingredient_line(ingredient) for ingredient in recipe.ingredients))
    yield from _list("做法", (f"{number}. {step}" for number, step in enumerate(recipe.steps, start=1)))
    yield from _list("小贴士", (f"· {tip}" for tip in recipe.tips))
    if recipe.allergens:
        yield f"\n⚠️ 含过敏原：{'、'.join(recipe.allergens)}\n", ""
    if recipe.source:
        yield "\n", ""
        yield f"来源：{recipe.source}", "italic"


def _list(title: str, lines: Iterable[str]) -> Iterator[Piece]:
    lines = list(lines)
    if lines:
        yield "\n", ""
        yield title, "bold"
        yield "\n" + "\n".join(lines) + "\n", ""


def _joined(pieces: Iterable[Piece]) -> RichText:
    texts: list[str] = []
    spans: list[Span] = []
    length = 0
    for text, kind in pieces:
        cleaned = clean(text)
        if kind and cleaned.strip():
            spans.append(Span(kind, length, length + len(cleaned)))
        texts.append(cleaned)
        length += len(cleaned)
    return _stripped(RichText("".join(texts), tuple(spans)))


def _cut(rich: RichText, limit: int) -> int:
    """Where to cut `rich`, which is longer than `limit`: at least 1, never inside of a character."""
    most = _characters_within(rich.text, limit)
    for pattern in _BREAKS:
        ends = [m.end() for m in pattern.finditer(rich.text, 0, most) if m.end() <= most]
        if ends and ends[-1] >= most * _LEAST_FILLED:
            return _outside_spans(rich, ends[-1])
    at = most
    while at > 1 and _continues(rich.text, at):
        at -= 1
    return _outside_spans(rich, at if at > 1 else most)


def _characters_within(text: str, limit: int) -> int:
    units = 0
    for position, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > limit:
            return position
    return len(text)


def _continues(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it (accents, emoji sequences)."""
    character, before = text[at], text[at - 1]
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    is_joined = before == "\u200d" or character in _JOINERS
    return is_joined or is_skin_tone or unicodedata.combining(character) != 0


def _outside_spans(rich: RichText, at: int) -> int:
    """Before a heading that would be halved, unless it fills the whole part."""
    for span in rich.spans:
        if span.start < at < span.end and span.start > at * _LEAST_FILLED:
            return span.start
    return at


def _slice(rich: RichText, start: int, end: int) -> RichText:
    moved = (
        replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in rich.spans
    )
    return RichText(rich.text[start:end], tuple(span for span in moved if span.end > span.start))


def _stripped(rich: RichText) -> RichText:
    stripped = rich.text.strip()
    start = len(rich.text) - len(rich.text.lstrip())
    return _slice(rich, start, start + len(stripped))
