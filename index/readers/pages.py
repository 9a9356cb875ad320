"""Single pages that hold recipes: HowToCook's Markdown, Cooklang, and web pages with JSON-LD."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator

from core.errors import CorpusError
from core.recipe import Recipe
from index.encodings import decoded
from index.readers import cooklang, howtocook_markdown, schema_org
from index.readers.rows import Place, Row, RowError

MAX_PAGE_BYTES = 1_000_000
MAX_WEB_PAGE_BYTES = 10_000_000
_JSON_LD = re.compile(r"""<script[^<>]{0,500}\bapplication/ld\+json\b[^<>]{0,500}>""", re.IGNORECASE)


def read_markdown(stream: io.BufferedReader, place: Place) -> Iterator[Row]:
    """Read HowToCook's form."""
    return _read(stream, place, howtocook_markdown.read_text)


def read_cooklang(stream: io.BufferedReader, place: Place) -> Iterator[Row]:
    """Read a .cook file."""
    return _read(stream, place, cooklang.read_text)


def read_web_page(stream: io.BufferedReader, place: Place) -> Iterator[Row]:
    """Read the recipes that a page's JSON-LD describes."""
    try:
        page = _text_of(stream, MAX_WEB_PAGE_BYTES)
        found = json_ld_of(page)
    except CorpusError as exc:
        yield RowError(place.shown, exc.message)
        return
    if not found:
        yield RowError(place.shown, "holds no schema.org Recipe")
    for value in found:
        try:
            yield from schema_org.recipes_in(value, place.name)
        except CorpusError as exc:
            yield RowError(place.shown, exc.message)


def json_ld_of(page: str) -> list[object]:
    """The JSON-LD values of a page that speak of a recipe, in order.

    Raises:
        CorpusError: one of them is not JSON.
    """
    values: list[object] = []
    for opening in _JSON_LD.finditer(page):
        end = page.find("</script", opening.end())
        if end < 0:
            break
        text = page[opening.end() : end].strip().removeprefix("<!--").removesuffix("-->")
        if "Recipe" not in text:
            continue
        try:
            values.append(json.loads(text, strict=False))
        except (ValueError, RecursionError) as exc:
            raise CorpusError(f"JSON-LD is not JSON ({exc})") from exc
    return values


def _read(
    stream: io.BufferedReader, place: Place, to_recipe: Callable[[str, Place], Recipe]
) -> Iterator[Row]:
    try:
        yield to_recipe(_text_of(stream, MAX_PAGE_BYTES), place)
    except CorpusError as exc:
        yield RowError(place.shown, exc.message)


def _text_of(stream: io.BufferedReader, most_bytes: int) -> str:
    data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise CorpusError(f"larger than {most_bytes} bytes")
    try:
        return decoded(data)
    except UnicodeDecodeError as exc:
        raise CorpusError(f"not UTF-8 at byte {exc.start}") from exc
