"""Cooklang (https://cooklang.org/docs/spec/): text with @ingredients{2%g}, #cookware{} and ~timers{5%min}.

A recipe is named by its `title`, else by its file. A paragraph is a step; `= Section` heads go before the
first step below them. Amounts stay as written: {2%g} is 「2g」, {2%汤匙} 「2汤匙」.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers.fields import recipe_from_lines
from index.readers.rows import Place

_COMMENT = re.compile(r"(?:^|(?<=\s))--[^\n]*")
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_METADATA = re.compile(r"^>>[ \t]*([^:\n]{1,60}):[ \t]*(.*)$", re.MULTILINE)
_FRONT_LINE = re.compile(r"^([^\s:#-][^:\n]{0,60}):[ \t]*(.*)$")
_SECTION = re.compile(r"^=+[ \t]*(.*?)[ \t]*=*$")
_NOTE = re.compile(r"^>[ \t]?(.*)$")
_MARKED = re.compile(
    r"(?P<kind>[@#~])[&?+*-]{0,3}"
    r"(?:(?P<name>[^@#~{}\n]{0,80})\{(?P<amount>[^{}\n]{0,80})\}|(?P<word>[^\W_][\w-]{0,40}))(?:\((?P<note>[^()\n]{0,80})\))?"
)
_TIME = re.compile(
    r"(?:(\d{1,3})\s*(?:h(?:ours?|rs?)?|小时|个小时))?\s*(?:(\d{1,4})\s*(?:m(?:in(?:ute)?s?)?|分钟?)?)?"
)
_MAX_ITEMS = 200


def read_text(text: str, place: Place) -> Recipe:
    """Read the one recipe of a file.

    Raises:
        CorpusError: it has no step, or marks more than a recipe can hold.
    """
    body, known = _metadata(_without_block_comments(text.replace("\r\n", "\n")))
    ingredients: dict[tuple[str, str], None] = {}
    steps: list[str] = []
    tips: list[str] = []
    for paragraph in _paragraphs(body):
        note = _NOTE.match(paragraph)
        if note:
            tips.append(note[1])
            continue
        section = _SECTION.match(paragraph)
        step = f"【{section[1]}】" if section else _step(paragraph, ingredients)
        if step and step != "【】":
            steps.append(step)
    steps = _joined_sections(steps)
    if not steps:
        raise CorpusError("has no steps: Cooklang needs a paragraph of text for each")
    return recipe_from_lines(
        name=known.get("title") or place.inner.stem,
        ingredients=list(ingredients)[:_MAX_ITEMS],
        steps=steps,
        source=known.get("source") or known.get("author") or f"Cooklang · {place.name}",
        category=known.get("category") or known.get("course") or "",
        cuisine=known.get("cuisine", ""),
        servings=_leading_number(known.get("servings") or known.get("serves") or known.get("yield") or ""),
        minutes=_minutes(known.get("time") or known.get("time required") or known.get("duration") or ""),
        keywords=tuple(_listed(known.get("tags", ""))),
        tips=tuple(tips),
    )


def _without_block_comments(text: str) -> str:
    """The text without [- … -]; a pattern would look for the end of each opening anew."""
    kept, at = [], 0
    while (start := text.find("[-", at)) >= 0 and (end := text.find("-]", start + 2)) >= 0:
        kept.append(text[at:start])
        at = end + 2
    return "".join(kept) + text[at:]


def _metadata(text: str) -> tuple[str, dict[str, str]]:
    """The text without metadata, and the metadata by lower-case key."""
    known: dict[str, str] = {}
    front = _FRONT_MATTER.match(text)
    if front:
        text = text[front.end() :]
        for line in front[1].splitlines():
            pair = _FRONT_LINE.match(line)
            if pair:
                known[pair[1].strip().lower()] = pair[2].strip().strip("'\"")
    for key, value in _METADATA.findall(text):
        known[key.strip().lower()] = value.strip()
    return _METADATA.sub("", text), known


def _paragraphs(body: str) -> list[str]:
    """Steps: lines up to an empty line; a section head or a note is a paragraph by itself."""
    paragraphs: list[list[str]] = [[]]
    for line in (_COMMENT.sub("", line).strip() for line in body.splitlines()):
        alone = line.startswith(("=", ">"))
        if not line or alone:
            paragraphs.append([])
        if line:
            paragraphs[-1].append(line)
        if alone:
            paragraphs.append([])
    return [" ".join(lines) for lines in paragraphs if lines]


def _step(paragraph: str, ingredients: dict[tuple[str, str], None]) -> str:
    """A step as people read it; its ingredients are added to `ingredients`."""

    def plain(mark: re.Match[str]) -> str:
        name = (mark["name"] if mark["word"] is None else mark["word"]).strip()
        name = name.split("|")[0]
        amount = _amount(mark["amount"] or "")
        note = f"（{mark['note']}）" if mark["note"] else ""
        if mark["kind"] == "~":
            return amount or name
        if mark["kind"] == "@" and name:
            ingredients[name, f"{amount}{note}"] = None
        return f"{name}{note}"

    return _MARKED.sub(plain, paragraph).strip()


def _amount(text: str) -> str:
    """{1/2%cup} is 「1/2 cup」, {2%汤匙} 「2汤匙」; a leading = (a fixed amount) is left out."""
    number, _, unit = text.strip().lstrip("=").partition("%")
    number, unit = number.strip(), unit.strip()
    return f"{number} {unit}" if unit.isascii() and len(unit) > 2 else f"{number}{unit}"


def _joined_sections(steps: Sequence[str]) -> list[str]:
    """Each section's head before its first step; a head without steps is left out."""
    joined: list[str] = []
    head = ""
    for step in steps:
        if step.startswith("【") and step.endswith("】"):
            head = step
        else:
            joined.append(head + step)
            head = ""
    return joined


def _listed(text: str) -> list[str]:
    return [item for part in re.split(r"[,，、]", text.strip("[]")) if (item := part.strip().strip("'\""))]


def _leading_number(text: str) -> int | None:
    number = re.search(r"\d{1,4}", text[:40])
    return int(number[0]) or None if number else None


def _minutes(text: str) -> int | None:
    matched = _TIME.match(text.strip().lower())
    hours, minutes = (int(part or 0) for part in matched.groups()) if matched else (0, 0)
    return hours * 60 + minutes or None
