"""Which recipes use an ingredient: by its name, the end of its name, or its kind (tantivy over recipes)."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

import tantivy

from core.errors import IndexCorruptError
from core.recipe import Recipe
from index.synonyms import INGREDIENT_KINDS
from index.text import key_of

_INGREDIENTS = "ingredients"
_WRITER_HEAP_BYTES = 128_000_000
MAX_INGREDIENT_CHARACTERS = 12


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(_INGREDIENTS, stored=False, tokenizer_name="whitespace", index_option="basic")
    builder.add_unsigned_field("row", stored=True)
    return builder.build()


def build(folder: Path, recipes: Iterable[Recipe]) -> None:
    """Write the index of `recipes`, numbered from 0 in the order given, to the empty `folder`."""
    try:
        writer = tantivy.Index(_schema(), path=str(folder)).writer(_WRITER_HEAP_BYTES, num_threads=1)
        for row, recipe in enumerate(recipes):
            document = tantivy.Document()
            terms = {term for ingredient in recipe.ingredients for term in ingredient_terms(ingredient.name)}
            document.add_text(_INGREDIENTS, " ".join(sorted(terms)))
            document.add_unsigned("row", row)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as exc:  # what tantivy raises when it cannot write
        raise OSError(errno.ENOSPC, "the index of ingredients cannot be written") from exc


def ingredient_terms(name: str) -> list[str]:
    """What an ingredient answers to: its name, the ends of it (the kind stands last in Chinese), its kind.

    「新鲜嫩豆腐」 → 新鲜嫩豆腐, 鲜嫩豆腐, 嫩豆腐, 豆腐; 「牛腩」 → 牛腩, 牛肉; 「鲈鱼」 → 鲈鱼, 鱼.
    """
    key = key_of(name)[:MAX_INGREDIENT_CHARACTERS]
    ends = [key[i:] for i in range(max(1, len(key) - 1))] if key else []
    if key[-1:] in _KIND_CHARACTERS:
        ends.append(key[-1])
    return [*ends, *(kind for part, kind in _KINDS.items() if part in key)]


_KIND_CHARACTERS = frozenset("鱼虾蟹鸡鸭鹅蛋笋瓜菇藕")
_KINDS = {key_of(part): kind for kind, parts in INGREDIENT_KINDS.items() for part in parts.split()}


class IngredientIndex:
    """A built index of ingredients, opened for searching; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        try:
            self._index = tantivy.Index.open(str(folder))
            self._index.reload()
            self._searcher = self._index.searcher()
        except ValueError as exc:
            raise IndexCorruptError(f"{folder}: the index of ingredients cannot be opened ({exc})") from exc
        self._schema = self._index.schema

    def rows_with(self, names: Iterable[str], limit: int) -> list[int]:
        """Rows of recipes that have every one of the ingredients `names`, at most `limit`."""
        clauses = [(tantivy.Occur.Must, self._term(key_of(name))) for name in names]
        if not clauses:
            return []
        try:
            result = self._searcher.search(tantivy.Query.boolean_query(clauses), limit)
            return [int(self._searcher.doc(address)["row"][0]) for _, address in result.hits]
        except (ValueError, OSError) as exc:
            raise IndexCorruptError(f"the index of ingredients cannot be searched ({exc})") from exc

    def _term(self, term: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, _INGREDIENTS, term, index_option="basic")
