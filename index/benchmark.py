"""Search side by side with what it replaces, in one run (`python -m index benchmark`).

Each system ranks the same hypothetical questions and gets the query as it was typed; a recipe stands
where its best question stands. Whitespace BM25 is what TheGodOfCookery uses (Chinese has no spaces, so a
question is one token), character BM25 the obvious repair, and vectors alone plain HyQE. The BM25 is
rank_bm25's Okapi with its defaults, from requirements-dev.txt. A document without a score is no hit.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import SettingsError
from core.ports import Embedder
from index.evaluate import LabelledQuery
from index.manifest import Manifest
from index.questions import question_of
from index.retriever import HybridRetriever
from index.segment import Segment
from index.segments import open_segments, open_vectors
from index.vector_stores.faiss_store import FaissVectorStores
from index.vector_stores.ports import VectorStore

RANKS = 5
_RECALL = 50
"""Questions that are looked at to find `RANKS` recipes; none of the measured corpora needs more."""

Search = Callable[[str], list[str]]
"""From a query to the names of the best recipes, best first, at most `RANKS`."""


def systems(folder: Path, retriever: HybridRetriever, embedder: Embedder | None) -> dict[str, Search]:
    """The systems to compare over the index at `folder`; ours first.

    Raises:
        SettingsError: rank_bm25 is not installed.
    """
    manifest = Manifest.read(folder)
    recipes = open_segments(folder, manifest)[0]
    questions = [question_of(recipes.form(number)) for number in range(recipes.form_count)]
    names = _Names(recipes)
    compared: dict[str, Search] = {
        "ours": lambda query: [hit.recipe.name for hit in retriever.search_now(query, limit=RANKS).hits],
        "whitespace BM25": _bm25(questions, str.split, names),
        "character BM25": _bm25(questions, list, names),
    }
    if embedder is not None:
        compared["vectors alone"] = _vectors(
            open_vectors(folder, manifest, recipes, FaissVectorStores()), embedder, names
        )
    return compared


def measure(search: Search, queries: Sequence[LabelledQuery]) -> dict[str, float]:
    """hit@1, hit@5 and latency in milliseconds over the queries that have an answer."""
    answerable = [query for query in queries if query.relevant]
    at_1 = at_5 = 0
    milliseconds = []
    for query in answerable:
        started = time.perf_counter()
        found = search(query.query)
        milliseconds.append((time.perf_counter() - started) * 1000)
        at_1 += bool(query.relevant.intersection(found[:1]))
        at_5 += bool(query.relevant.intersection(found[:RANKS]))
    return {
        "hit@1": round(at_1 / len(answerable), 4),
        "hit@5": round(at_5 / len(answerable), 4),
        "p50_ms": round(float(np.percentile(milliseconds, 50)), 2),
        "p99_ms": round(float(np.percentile(milliseconds, 99)), 2),
    }


def compare(
    compared: dict[str, Search], files: Mapping[str, Sequence[LabelledQuery]]
) -> dict[str, dict[str, Any]]:
    """`measure` of every system on every file that has answerable queries, with ratios to ours.

    `hit@1_of_ours` and `p50_of_ours` are this system's figure divided by ours in the same run.
    """
    results: dict[str, dict[str, Any]] = {}
    for stem, queries in files.items():
        if not any(query.relevant for query in queries):
            continue
        row = {name: measure(search, queries) for name, search in compared.items()}
        ours = row["ours"]
        for figures in row.values():
            figures["hit@1_of_ours"] = round(figures["hit@1"] / max(ours["hit@1"], 1e-9), 3)
            figures["p50_of_ours"] = round(figures["p50_ms"] / max(ours["p50_ms"], 1e-9), 2)
        results[stem] = row
    return results


def resident_megabytes() -> float | None:
    """Resident memory of this process, where the system tells it (Linux)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(kilobytes) / 1024, 1)


class _Names:
    """Names of the recipes that questions hang on, each once, in the order of the questions."""

    def __init__(self, recipes: Segment) -> None:
        self._rows = [recipes.rows_of(number).tolist() for number in range(recipes.form_count)]
        self._names = [recipes.recipe(row).name for row in range(recipes.recipe_count)]

    def of(self, numbers: Iterable[int]) -> list[str]:
        """At most `RANKS` names."""
        rows = dict.fromkeys(row for number in numbers for row in self._rows[number])
        return [self._names[row] for row in list(rows)[:RANKS]]


def _bm25(questions: Sequence[str], tokenize: Callable[[str], list[str]], names: _Names) -> Search:
    try:
        library = importlib.import_module("rank_bm25")
    except ImportError as exc:
        raise SettingsError("rank_bm25", "not installed; pip install -r requirements-dev.txt") from exc
    model = library.BM25Okapi([tokenize(question) for question in questions])

    def search(query: str) -> list[str]:
        scores = model.get_scores(tokenize(query))
        best = np.argsort(-scores, kind="stable")[:_RECALL]
        return names.of(int(number) for number in best if scores[number] > 0)

    return search


def _vectors(store: VectorStore, embedder: Embedder, names: _Names) -> Search:
    def search(query: str) -> list[str]:
        vector = embedder.embed([query], input_type="query")[0]
        return names.of(number for number, _ in store.search(vector, _RECALL))

    return search
