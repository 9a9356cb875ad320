"""Recipes by structure: a tantivy index with one document a recipe, to find what a cook's wishes allow.

`ingredients`, `titled`: terms of `index.kinds`; `tags`, `sure`: facets of `index.facets`; `kinds`,
`allergens`: what it must be left out for; `name`: pairs of characters of its names. As fast fields: its
`allergens`: row,
how good a suggestion it is, its minutes and how many main ingredients it has. What it finds is checked once
more against the recipe itself by whoever asks; here is only what makes that quick at any size.
"""

from __future__ import annotations

import errno
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tantivy

from core.errors import IndexCorruptError
from core.recipe import Recipe
from index.facets import Facets, facets_of
from index.quality import quality_of
from index.text import key_of, name_forms

FOLDER = "recipes"
_TEXTS = ("ingredients", "titled", "tags", "sure", "kinds", "allergens", "name")
_POINTS = "points"
_NUMBERS = ("row", "rank", "minutes", "mains")
_WRITER_HEAP_BYTES = 128_000_000
UNKNOWN_MINUTES = 0
_JITTER = 256
"""Recipes of one rank come in a fixed order that says nothing about where they come from."""
_PLAIN_NAME_CHARACTERS = 8
_MOST_POINTS = 256
_TIER_SIZES = (4_000, 60_000)
"""The best-ranked recipes are looked through first, so many and so many more, then all: wishes that most
recipes meet (「不含花生」) then cost no more at 1.5 million recipes than at ten thousand."""

NamesakesOf = Callable[[int], int]
"""How many recipes share the dish of a row, itself included: what many cook is a safe suggestion."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a document must have, must not have, and has better; see `RecipeLookup.rows`.

    Attributes:
        all_of: (field, term) pairs, every one of which is needed.
        none_of: pairs of which none may be there.
        max_minutes: upper bound of the known minutes; None for any.
    """

    all_of: tuple[tuple[str, str], ...] = ()
    none_of: tuple[tuple[str, str], ...] = ()
    max_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A row that the terms allow, with what orders it."""

    row: int
    rank: int
    minutes: int
    mains: int


def build(folder: Path, recipes: Iterable[Recipe], namesakes: NamesakesOf | None = None) -> None:
    """Write the index of `recipes`, numbered from 0 in the order given, to the empty `folder`.

    Raises:
        OSError: there is no room.
    """
    counted = ((recipe, namesakes(row) if namesakes else 1) for row, recipe in enumerate(recipes))
    write(folder, ((document_of(recipe), rank_of(recipe, count)) for recipe, count in counted))


def write(folder: Path, documents: Iterable[tuple[Mapping[str, str | int], int]]) -> None:
    """Write the index of recipes that are worked out already: `document_of` and `rank_of` each, by row.

    Raises:
        OSError: there is no room.
    """
    try:
        writer = tantivy.Index(_schema(), path=str(folder)).writer(_WRITER_HEAP_BYTES, num_threads=1)
        for row, (fields, rank) in enumerate(documents):
            writer.add_document(_document(row, fields, rank))
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as exc:  # what tantivy raises when it cannot write
        raise OSError(errno.ENOSPC, "the index of recipes cannot be written") from exc


def document_of(recipe: Recipe) -> dict[str, str | int]:
    """The terms of a recipe, joined by blanks, and its numbers; pure, so it can run in another process."""
    facets = facets_of(recipe)
    texts: Mapping[str, Iterable[str]] = {
        "ingredients": facets.ingredients,
        "titled": facets.titled,
        "tags": facets.tags,
        "sure": facets.sure_tags,
        "kinds": facets.kinds,
        "allergens": facets.allergens,
        "name": _name_terms(recipe),
    }
    fields: dict[str, str | int] = {name: " ".join(sorted(terms)) for name, terms in texts.items()}
    return fields | {
        "minutes": min(facets.minutes or UNKNOWN_MINUTES, 65_535),
        "mains": min(facets.mains, 255),
    }


def rank_of(recipe: Recipe, namesakes: int) -> int:
    """How good a suggestion it is, from 0: complete, cooked by many, with a plain name."""
    plain = len(recipe.name) <= _PLAIN_NAME_CHARACTERS and key_of(recipe.name) == recipe.name
    points = (
        quality_of(recipe) + 10 * min(namesakes.bit_length(), 8) + (20 if plain or recipe.category else 0)
    )
    return points * _JITTER + zlib.crc32(recipe.recipe_id.encode("utf-8", "replace")) % _JITTER


class RecipeLookup:
    """A built index of recipes, opened for searching; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        try:
            self._index = tantivy.Index.open(str(folder))
            self._index.reload()
            self._searcher = self._index.searcher()
            self._schema = self._index.schema
            self._tiers = tuple(self._tier(size) for size in _TIER_SIZES if size < len(self))
        except ValueError as exc:
            raise IndexCorruptError(f"{folder}: the index of recipes cannot be opened ({exc})") from exc

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def has(self, field: str, term: str) -> bool:
        """Whether any recipe has the term."""
        return bool(self._searcher.doc_freq(field, term))

    def rows(self, terms: Terms, limit: int) -> list[Found]:
        """The best-ranked recipes that `terms` allow, at most `limit` of them."""
        for tier in self._tiers:
            found = self._rows([*self._clauses(terms), (tantivy.Occur.Must, tier)], limit)
            if len(found) == limit:
                return found
        return self._rows(self._clauses(terms), limit)

    def _clauses(self, terms: Terms) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        clauses = [(tantivy.Occur.Must, self._term(*pair)) for pair in terms.all_of]
        if terms.max_minutes is not None:
            within = tantivy.Query.range_query(
                self._schema, "minutes", tantivy.FieldType.Unsigned, 1, terms.max_minutes
            )
            clauses.append((tantivy.Occur.Must, within))
        if not clauses:
            clauses.append((tantivy.Occur.Must, tantivy.Query.all_query()))
        return clauses + [(tantivy.Occur.MustNot, self._term(*pair)) for pair in terms.none_of]

    def _rows(self, clauses: list[tuple[tantivy.Occur, tantivy.Query]], limit: int) -> list[Found]:
        try:
            result = self._searcher.search(
                tantivy.Query.boolean_query(clauses), limit, count=False, order_by_field="rank"
            )
            places = [address for _, address in result.hits]
            columns = [self._searcher.fast_field_values(name, places) for name in _NUMBERS]
        except (ValueError, OSError) as exc:
            raise IndexCorruptError(f"the index of recipes cannot be searched ({exc})") from exc
        return [Found(*(int(value or 0) for value in values)) for values in zip(*columns, strict=True)]

    def _tier(self, size: int) -> tantivy.Query:
        """The best-ranked recipes, at least `size` of them."""
        points: list[str] = []
        for value in range(_MOST_POINTS, -1, -1):
            if size <= 0:
                break
            count = int(self._searcher.doc_freq(_POINTS, str(value)))
            size -= count
            points += [str(value)] if count else []
        return tantivy.Query.term_set_query(self._schema, _POINTS, points)

    def _term(self, field: str, term: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, term, index_option="basic")


def name_pairs(name: str) -> tuple[tuple[str, str], ...]:
    """The terms of the field `name` that a recipe of this dish has."""
    key = key_of(name)
    return tuple(("name", pair) for pair in dict.fromkeys(_pairs(key)))


def _name_terms(recipe: Recipe) -> set[str]:
    names = (recipe.name, *recipe.aliases)
    return {pair for name in names for form in (name, *name_forms(name)) for pair in _pairs(key_of(form))}


def _pairs(key: str) -> list[str]:
    return [key[i : i + 2] for i in range(len(key) - 1)] or [key]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in (*_TEXTS, _POINTS):
        builder.add_text_field(field, stored=False, tokenizer_name="whitespace", index_option="basic")
    for field in _NUMBERS:
        builder.add_unsigned_field(field, stored=False, indexed=False, fast=True)
    return builder.build()


def _document(row: int, fields: Mapping[str, str | int], rank: int) -> tantivy.Document:
    document = tantivy.Document()
    for field in _TEXTS:
        document.add_text(field, str(fields[field]))
    document.add_text(_POINTS, str(min(rank // _JITTER, _MOST_POINTS)))
    for field, value in (
        ("row", row),
        ("rank", rank),
        ("minutes", fields["minutes"]),
        ("mains", fields["mains"]),
    ):
        document.add_unsigned(field, int(value))
    return document


__all__ = [
    "FOLDER",
    "Facets",
    "Found",
    "RecipeLookup",
    "Terms",
    "build",
    "document_of",
    "name_pairs",
    "rank_of",
    "write",
]
