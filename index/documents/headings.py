"""Recipes out of plain text by its headings, without a model: a name, then 用料, then 做法.

It finds what keeps to that order; prose needs a language model (`index.documents.structuring`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from core.errors import CorpusError
from core.recipe import MAX_NAME_CHARACTERS, Recipe
from index.documents.pages import Page
from index.readers.fields import recipe_from_lines

_INGREDIENTS = (
    "用料|食材|材料|原料|配料|主料|辅料|调料|食材清单|所需材料|所需食材|准备材料|准备食材|食材准备|材料准备|必备原料和工具|计算"
    "|食材準備|ingredients?"
)
_STEPS = (
    "做法|步骤|步驟|作法|制作方法|制作步骤|制作过程|製作方法|烹饪步骤|烹调方法|操作步骤|操作|方法"
    "|method|directions?|instructions?|steps?"
)
_TIPS = "小贴士|贴士|小提示|提示|小窍门|窍门|附加内容|tips?|notes?"
_HEAD = re.compile(
    rf"^[#\s*【\[「《〈■●◆▶★☆·]*(?:[一二三四五1-9][、.．])?"
    rf"(?:(?P<ingredients>{_INGREDIENTS})|(?P<steps>{_STEPS})|(?P<tips>{_TIPS}))"
    r"(?:[】\]」》〉][*\s]*[:：]?|[*\s]*(?:[:：]|$))\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_MARKDOWN_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_NUMBER = re.compile(
    r"^\s*(?:第?[\d一二三四五六七八九十]{1,3}步?[.、．)）:：]|[①-⑳]|step\s*\d{1,2}[.:]?)\s*", re.IGNORECASE
)
_BULLET = re.compile(r"^\s*[-*+•·●■]\s+")
_SENTENCE_END = re.compile(r"[。；;！!？?，,:：]$")
_PAGE_NUMBER = re.compile(r"^[-–—\s]*(?:第\s*)?\d{1,4}(?:\s*页)?[-–—\s]*$")
_COMMAS = re.compile(r"[、，,；;]")
_LINES_BEFORE = 8
_HEADER_PAGES = 4


@dataclass(slots=True)
class _Draft:
    """A recipe as it is found, line by line."""

    name: str
    page: int
    ingredients: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    tips: list[str] = field(default_factory=list)
    numbered: bool = False


def recipes_by_headings(pages: Sequence[Page], title: str) -> Iterator[Recipe | CorpusError]:
    """Yield the recipes whose parts stand under headings.

    Args:
        pages: of the document.
        title: the document's, shown as the source of each recipe.
    """
    for draft in _drafts(list(_lines(pages))):
        try:
            yield recipe_from_lines(
                name=draft.name,
                ingredients=draft.ingredients,
                steps=draft.steps,
                tips=tuple(draft.tips),
                source=source_of(title, draft.page),
            )
        except CorpusError as exc:
            yield CorpusError(f"{source_of(title, draft.page)}: {draft.name[:30]}: {exc.message}")


def source_of(title: str, page: int) -> str:
    """What a user is shown: 「《家常菜》第 12 页」; a document without pages has only its title."""
    return f"《{title}》第 {page} 页" if page else f"《{title}》"


def _lines(pages: Sequence[Page]) -> Iterator[tuple[int, str]]:
    """(page, line) without page numbers and without what every page repeats at its top and bottom."""
    texts = [[line.strip() for line in page.text.splitlines() if line.strip()] for page in pages]
    edges = Counter(line for lines in texts for line in {*lines[:1], *lines[-1:]})
    often = max(_HEADER_PAGES, len(pages) / 2)
    repeated = {line for line, count in edges.items() if count >= often and not _SENTENCE_END.search(line)}
    for page, lines in zip(pages, texts, strict=True):
        for line in lines:
            if line not in repeated and not _PAGE_NUMBER.match(line):
                yield page.number, line


def _drafts(lines: Sequence[tuple[int, str]]) -> Iterator[_Draft]:
    """Cut the lines at the names, which stand above the first head of ingredients (or of steps)."""
    starts: dict[int, None] = {}
    part = ""
    for position, (_, line) in enumerate(lines):
        head = _HEAD.match(line)
        if head is None:
            continue
        kind = next(kind for kind in ("ingredients", "steps", "tips") if head[kind])
        begins = (kind == "ingredients" and part != kind) or (kind == "steps" and not part)
        if begins and (name := _name_above(lines, position, max(starts, default=-1))) is not None:
            starts[name] = None
        part = kind
    bounds = [*starts, len(lines)]
    for start, end in pairwise(bounds):
        yield _draft(lines[start:end])


def _name_above(lines: Sequence[tuple[int, str]], position: int, after: int) -> int | None:
    """Where the name of the recipe stands whose first part begins at `position`."""
    near = range(position - 1, max(position - 1 - _LINES_BEFORE, after), -1)
    for at in near:
        if _MARKDOWN_HEADING.match(lines[at][1]):
            return at
    for at in near:
        line = _plain(lines[at][1])
        is_name = len(line) <= 20 and not _SENTENCE_END.search(line) and not re.search(r"[:：]", line)
        if is_name and not _NUMBER.match(line) and not _HEAD.match(line):
            return at
    return None


def _draft(lines: Sequence[tuple[int, str]]) -> _Draft:
    page, name = lines[0]
    draft = _Draft(_plain(name).removesuffix("的做法")[:MAX_NAME_CHARACTERS], page)
    part: list[str] | None = None
    for _, line in lines[1:]:
        head = _HEAD.match(line)
        if head is not None:
            part = draft.ingredients if head["ingredients"] else draft.steps if head["steps"] else draft.tips
        content = (head["rest"] or "").strip() if head is not None else line
        if part is None or not content:
            continue
        if part is draft.ingredients:
            part += _ingredients(content)
        elif part is draft.steps:
            _add_step(draft, content)
        else:
            part.append(_plain(content))
    return draft


def _ingredients(line: str) -> list[str]:
    """「番茄 2个、鸡蛋 3个」 is two; a heading within the list (调味：) is left as it is."""
    return [item for part in _COMMAS.split(_plain(line)) if (item := part.strip())]


def _add_step(draft: _Draft, line: str) -> None:
    """A line with a number begins a step; without numbers, each line does after a step that has ended.

    Where steps are numbered, a line without one goes on with a step that has not ended; after one that has it
    is a sentence more or, without an end of its own, the head of a chapter or a page.
    """
    steps = draft.steps
    begins = bool(_NUMBER.match(line) or _BULLET.match(line))
    draft.numbered |= begins
    text = _NUMBER.sub("", _plain(line), count=1).strip()
    has_ended = not steps or steps[-1].endswith(("。", "！", "!", ".", "；"))
    if begins or (has_ended and (not draft.numbered or _SENTENCE_END.search(text))):
        steps.append(text)
    elif text and not has_ended:
        steps[-1] += f" {text}" if text.isascii() else text


def _plain(line: str) -> str:
    heading = _MARKDOWN_HEADING.match(line)
    return _BULLET.sub("", heading[1] if heading else line).strip().strip("*【】").strip()
