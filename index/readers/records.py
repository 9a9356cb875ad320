"""JSON of recipes: a line, a list item or a whole file a recipe, in any of the forms that are known.

Each object is told by its keys, so that one file may mix forms; an object without telling keys is read
like the one before it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from core.errors import CorpusError
from core.recipe import Recipe
from index.encodings import beginning_of, decoded
from index.readers import json_array, jsonl, schema_org, xiachufang, xtuner
from index.readers.rows import Place, Row, RowError

MAX_DOCUMENT_BYTES = 10_000_000
"""Of a file that is one JSON object over many lines: a page's JSON-LD has some 10 kB."""

_Convert = Callable[[Any, Place, str], Iterable[Recipe]]


def read(stream: io.BufferedReader, place: Place) -> Iterator[Row]:
    """Read a list, an object a line, or one object."""
    head = stream.peek()
    start = beginning_of(head).lstrip()
    if start.startswith("["):
        yield from _converted(json_array.read_values(stream, head, place.shown), place, "[{}]", "第{}条", 1)
        return
    if _is_one_object(start):
        yield from _document(stream, place)
        return
    yield from _converted(jsonl.read_objects(stream, head, place.shown), place, "{}", "第{}行", 0)


def looks_like_json(head: bytes) -> bool:
    """Whether a file that begins with `head` holds JSON values, whatever its name says."""
    start = beginning_of(head).lstrip()
    if start.startswith("["):
        return start[1:].lstrip()[:1] in {"{", "[", "]", '"', ""}
    return any(_is_object(line) for line in start.splitlines()[:20]) or _is_one_object(start)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_one_object(start: str) -> bool:
    """Whether an object begins that does not end with its first line."""
    first = start.split("\n", 1)[0].strip()
    return first == "{" or (first.startswith('{"@') and not first.endswith("}"))


def _document(stream: io.BufferedReader, place: Place) -> Iterator[Row]:
    data = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        yield RowError(place.shown, f"one JSON object of more than {MAX_DOCUMENT_BYTES} bytes")
        return
    try:
        record = json.loads(decoded(data))
        yield from _convert_of(record, _own)(record, place, "")
    except UnicodeDecodeError as exc:
        yield RowError(place.shown, f"not UTF-8 at byte {exc.start}")
    except (ValueError, RecursionError) as exc:
        yield RowError(place.shown, f"not JSON ({exc})")
    except CorpusError as exc:
        yield RowError(place.shown, exc.message)


def _converted(
    records: Iterator[tuple[int, Any] | RowError], place: Place, where: str, shown: str, first: int
) -> Iterator[Row]:
    """Recipes of records, or what is wrong with them."""
    joint = ": " if where.startswith("[") else ":"
    convert: _Convert = _own
    for row in records:
        if isinstance(row, RowError):
            yield row
            continue
        number, record = row
        convert = _convert_of(record, convert)
        try:
            yield from convert(record, place, shown.format(number + first))
        except CorpusError as exc:
            yield RowError(f"{place.shown}{joint}{where.format(number)}", exc.message)


def _convert_of(record: Any, otherwise: _Convert) -> _Convert:
    if not isinstance(record, dict):
        return otherwise
    told: list[tuple[bool, _Convert]] = [
        ("conversation" in record, _xtuner),
        (schema_org.is_json_ld(record), _json_ld),
        ("recipeIngredient" in record or "recipeInstructions" in record, _xiachufang),
        ("ingredients" in record, _own),
    ]
    return next((convert for is_told, convert in told if is_told), otherwise)


def _own(record: Any, _place: Place, _shown: str) -> tuple[Recipe]:
    if not isinstance(record, Mapping):
        raise CorpusError("must be a JSON object")
    return (Recipe.from_dict(record),)


def _xiachufang(record: Any, _place: Place, _shown: str) -> tuple[Recipe]:
    if not isinstance(record, Mapping):
        raise CorpusError("must be a JSON object")
    return (xiachufang.to_recipe(record),)


def _xtuner(record: Any, place: Place, shown: str) -> tuple[Recipe]:
    return (xtuner.to_recipe(record, f"{place.name} {shown}".rstrip()),)


def _json_ld(record: Any, place: Place, _shown: str) -> list[Recipe]:
    recipes = list(schema_org.recipes_in(record, place.name))
    if not recipes:
        raise CorpusError("JSON-LD without a schema.org Recipe")
    return recipes
