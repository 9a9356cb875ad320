"""schema.org/Recipe (https://schema.org/Recipe) as JSON-LD, in a file of its own or within a web page.

Read are name, recipeIngredient, recipeInstructions (text, list, HowToStep, HowToSection), totalTime,
recipeYield, recipeCategory, recipeCuisine, keywords and author. Markup within the texts is taken out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers.fields import recipe_from_lines

_MAX_DEPTH = 8
_TAG = re.compile(r"<[^<>]{0,500}>")
_BREAK = re.compile(r"<(?:br|/p|/li|/div)\b[^<>]{0,200}>", re.IGNORECASE)
_DURATION = re.compile(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,6}(?:\.\d+)?S)?)?")
_NUMBER = re.compile(r"\d{1,3}")


def is_json_ld(record: Mapping[str, Any]) -> bool:
    """Whether an object is JSON-LD rather than a row of a corpus."""
    return any(key in record for key in ("@type", "@graph", "@context"))


def recipes_in(value: Any, place: str) -> Iterator[Recipe]:
    """All recipes within a JSON-LD value, in order.

    Args:
        value: any JSON value; what is not a recipe in it is passed over.
        place: shown as the source of a recipe that names no author.

    Raises:
        CorpusError: a recipe in it lacks a field or has a wrong one.
    """
    for found in _recipe_objects(value, 0):
        yield _to_recipe(found, place)


def _recipe_objects(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _recipe_objects(item, depth + 1)
    elif isinstance(value, dict):
        kinds = value.get("@type")
        if "Recipe" in (kinds if isinstance(kinds, list) else [kinds]):
            yield value
            return
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item"):
            yield from _recipe_objects(value.get(key), depth + 1)


def _to_recipe(found: Mapping[str, Any], place: str) -> Recipe:
    name = _text(found.get("name") or found.get("headline"))
    if not name:
        raise CorpusError("name is empty")
    author = _author(found.get("author"))
    return recipe_from_lines(
        name=name,
        ingredients=_lines(found.get("recipeIngredient") or found.get("ingredients")),
        steps=_steps(found.get("recipeInstructions"), 0),
        source=f"{place} · {author}" if author else place,
        minutes=_minutes(found),
        servings=_servings(found.get("recipeYield")),
        category=", ".join(_lines(found.get("recipeCategory"))[:3]),
        cuisine=", ".join(_lines(found.get("recipeCuisine"))[:3]),
        keywords=tuple(_keywords(found.get("keywords"))[:20]),
    )


def _text(value: Any) -> str:
    """A value as one line of plain text."""
    if isinstance(value, list):
        value = next(iter(value), "")
    if isinstance(value, dict):
        value = value.get("text") or value.get("name") or ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(html.unescape(_TAG.sub(" ", str(value))).split())


def _lines(value: Any) -> list[str]:
    """A text of several lines, or a list, as plain lines."""
    if isinstance(value, str):
        parts: list[Any] = _BREAK.sub("\n", value).splitlines()
    else:
        parts = value if isinstance(value, list) else [value]
    return [line for part in parts if (line := _text(part))]


def _steps(value: Any, depth: int) -> list[str]:
    if depth > _MAX_DEPTH:
        return []
    if isinstance(value, list):
        return [step for item in value for step in _steps(item, depth + 1)]
    if isinstance(value, dict):
        if "itemListElement" in value:
            return _steps(value["itemListElement"], depth + 1)
        return _lines(value.get("text") or value.get("name"))
    return _lines(value)


def _minutes(found: Mapping[str, Any]) -> int | None:
    total = _duration(found.get("totalTime"))
    if not total:
        total = _duration(found.get("prepTime")) + _duration(found.get("cookTime"))
    return total or None


def _duration(value: Any) -> int:
    """Minutes of an ISO 8601 duration, 0 when it cannot be read."""
    matched = _DURATION.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 40 else None
    if matched is None:
        return 0
    days, hours, minutes = (int(part or 0) for part in matched.groups())
    return days * 1440 + hours * 60 + minutes


def _servings(value: Any) -> int | None:
    number = _NUMBER.search(_text(value)[:50])
    return int(number[0]) or None if number else None


def _keywords(value: Any) -> list[str]:
    if isinstance(value, str):
        value = re.split(r"[,，、;；]", value)
    return [line[:100] for line in _lines(value)]


def _author(value: Any) -> str:
    return _text(value)[:100]
