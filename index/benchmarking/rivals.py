"""The ways that others search, over the recipes of the same index and the query as it was typed.

All but one rank the same hypothetical questions; a recipe stands where its best question stands. None of
them refuses.

- Whitespace BM25 is LangChain's `BM25Retriever` as it comes (`str.split`), which TheGodOfCookery uses: a
  Chinese question is one token. Character BM25 is the obvious repair. Both are rank_bm25's Okapi with its
  defaults, from requirements-dev.txt; a document without a score is no hit.
- Vectors alone: the nearest questions, plain HyQE.
- Ensembles: LangChain's `EnsembleRetriever`, reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009)
  with its constant 60 and the weights 0.5 and 0.5, of vectors and either BM25.
- Whole recipes: title, ingredients and steps embedded in place of questions, as far as the model reads.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import SettingsError
from core.ports import Embedder, Hit, Retrieval
from core.recipe import Recipe
from index.benchmarking.dialogues import Search
from index.manifest import Manifest
from index.questions import question_of
from index.segment import Segment
from index.segments import open_segments, open_vectors
from index.vector_stores.faiss_store import FaissVectorStores

RECALL = 50
"""Questions that are looked at to find the recipes; none of the measured corpora needs more."""
FUSION_CONSTANT = 60
"""`c` of LangChain's EnsembleRetriever, and of the paper."""
_READ_CHARACTERS = 512
_BATCH = 32

Ranking = Callable[[str], list[int]]
"""From a query to the numbers of questions or recipes, best first."""


def rivals(folder: Path, embedder: Embedder | None) -> dict[str, Search]:
    """The other ways to search the first segment of the index at `folder`.

    Raises:
        SettingsError: rank_bm25 is not installed.
    """
    manifest = Manifest.read(folder)
    segment = open_segments(folder, manifest)[0]
    questions = [question_of(segment.form(number)) for number in range(segment.form_count)]
    words, characters = _bm25(questions, str.split), _bm25(questions, list)
    shelf = _Shelf(segment)
    found: dict[str, Search] = {
        "whitespace BM25": shelf.of_questions(words),
        "character BM25": shelf.of_questions(characters),
    }
    if embedder is None or not manifest.embedder:
        return found
    vectors = _nearest_questions(folder, manifest, segment, embedder)
    return found | {
        "vectors alone": shelf.of_questions(vectors),
        "ensemble, whitespace": shelf.of_questions(fused(words, vectors)),
        "ensemble, characters": shelf.of_questions(fused(characters, vectors)),
        "whole recipes": shelf.of_rows(_nearest_recipes(segment, embedder)),
    }


def fused(*rankings: Ranking) -> Ranking:
    """Weighted reciprocal rank fusion, with equal weights."""

    def ranked(query: str) -> list[int]:
        scores: defaultdict[int, float] = defaultdict(float)
        for ranking in rankings:
            for rank, number in enumerate(ranking(query), start=1):
                scores[number] += 1 / len(rankings) / (FUSION_CONSTANT + rank)
        return sorted(scores, key=lambda number: -scores[number])

    return ranked


def recipe_text(recipe: Recipe) -> str:
    """What an embedder reads of a whole recipe: E5 takes 512 tokens, of which a character is about one."""
    ingredients = "，".join(f"{i.name}{i.amount}" for i in recipe.ingredients)
    return f"{recipe.name}\n{ingredients}\n{''.join(recipe.steps)}"[:_READ_CHARACTERS]


class _Shelf:
    """The recipes that rankings lead to."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._rows = lru_cache(None)(lambda number: tuple(segment.rows_of(number).tolist()))
        self._recipe = lru_cache(None)(segment.recipe)

    def of_questions(self, ranking: Ranking) -> Search:
        """A search whose ranking is of questions."""
        return self._search(lambda query: (row for n in ranking(query)[:RECALL] for row in self._rows(n)))

    def of_rows(self, ranking: Ranking) -> Search:
        """A search whose ranking is of recipes."""
        return self._search(ranking)

    def _search(self, rows_for: Callable[[str], Iterable[int]]) -> Search:
        def search(query: str, limit: int, exclude: frozenset[str] = frozenset()) -> Retrieval:
            recipes = (self._recipe(row) for row in dict.fromkeys(rows_for(query)))
            hits = [Hit(recipe, 0.0, "") for recipe in recipes if recipe.recipe_id not in exclude][:limit]
            return Retrieval(query, tuple(hits), not hits)

        return search


def _bm25(questions: Sequence[str], tokenize: Callable[[str], list[str]]) -> Ranking:
    try:
        library = importlib.import_module("rank_bm25")
    except ImportError as exc:
        raise SettingsError("rank_bm25", "not installed; pip install -r requirements-dev.txt") from exc
    model = library.BM25Okapi([tokenize(question) for question in questions])

    def ranked(query: str) -> list[int]:
        scores = model.get_scores(tokenize(query))
        best = np.argsort(-scores, kind="stable")[:RECALL]
        return [int(number) for number in best if scores[number] > 0]

    return ranked


def _nearest_questions(folder: Path, manifest: Manifest, segment: Segment, embedder: Embedder) -> Ranking:
    store = open_vectors(folder, manifest, segment, FaissVectorStores())

    def ranked(query: str) -> list[int]:
        vector = embedder.embed([query], input_type="query")[0]
        return [number for number, _ in store.search(vector, RECALL)]

    return ranked


def _nearest_recipes(segment: Segment, embedder: Embedder) -> Ranking:
    texts = [recipe_text(segment.recipe(row)) for row in range(segment.recipe_count)]
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    matrix = np.concatenate([embedder.embed(batch, input_type="document") for batch in batches])

    def ranked(query: str) -> list[int]:
        near = matrix @ embedder.embed([query], input_type="query")[0]
        return [int(row) for row in np.argsort(-near, kind="stable")[:RECALL]]

    return ranked
