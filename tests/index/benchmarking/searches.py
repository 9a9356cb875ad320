"""Searches without an index."""

from __future__ import annotations

from collections.abc import Sequence

from core.ports import Hit, Retrieval
from core.recipe import Recipe
from index.benchmarking.dialogues import Search
from tests.index.corpora import own_row


def recipe(name: str, *ingredients: str) -> Recipe:
    """A recipe of a few words."""
    row = own_row(name, ingredients=[{"name": i, "amount": "1个"} for i in ingredients or ("鸡蛋",)])
    return Recipe.from_dict(row | {"recipe_id": name})


def finding(*names: str, score: float = 1.0, refused: bool = False, asked: list[str] | None = None) -> Search:
    """A search that always finds recipes of these names; `asked` is told what it is asked."""

    def search(query: str, limit: int, exclude: Sequence[str] | frozenset[str] = frozenset()) -> Retrieval:
        if asked is not None:
            asked.append(query)
        hits = [Hit(recipe(name), score, f"{name}怎么做") for name in names if name not in exclude]
        return Retrieval(query, tuple(hits[:limit]), refused or not hits)

    return search
