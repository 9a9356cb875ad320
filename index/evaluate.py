"""Measuring search: hit@1, hit@5, MRR, refusal and latency per file of queries.

A query file holds one `{"query", "relevant": [names], "kind"}` a line; a query with empty "relevant"
must be refused. A hit counts when its recipe's name is among the relevant names. Queries that were
wrongly refused count as misses of nothing: hits are judged by rank alone, refusals on their own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CorpusError
from core.ports import Retrieval
from index.retriever import HybridRetriever

_RANKS = 10


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """A query and the names of the recipes that answer it; none means that it must be refused."""

    query: str
    relevant: frozenset[str]


def read_queries(path: Path) -> list[LabelledQuery]:
    """Read a query file.

    Raises:
        CorpusError: a line cannot be read; the message names it.
    """
    queries: list[LabelledQuery] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise CorpusError(f"{path}: cannot be read ({type(exc).__name__})") from exc
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            query, relevant = record["query"], record["relevant"]
        except (ValueError, KeyError, TypeError) as exc:
            raise CorpusError(f"{path}:{number}: must be an object with query and relevant") from exc
        if not isinstance(query, str) or not isinstance(relevant, list):
            raise CorpusError(f"{path}:{number}: query must be a string and relevant a list")
        queries.append(LabelledQuery(query, frozenset(map(str, relevant))))
    return queries


Search = Callable[[str, int], Retrieval]
"""Searches for a query, at most so many hits."""


def search_of(retriever: HybridRetriever) -> Search:
    """The search of `retriever`, in this thread."""
    return lambda query, limit: retriever.search_now(query, limit=limit)


def evaluate(search: Search, queries: Sequence[LabelledQuery]) -> dict[str, Any]:
    """Run all queries, one after the other, and count."""
    answerable = [q for q in queries if q.relevant]
    offtopic = [q for q in queries if not q.relevant]
    milliseconds: list[float] = []
    reciprocal_ranks = [_reciprocal_rank(q, _timed(search, q.query, milliseconds)) for q in answerable]
    wrongly_refused = sum(1 for _, refused in reciprocal_ranks if refused)
    refused = sum(1 for q in offtopic if _timed(search, q.query, milliseconds).refused)
    ranks = [rank for rank, _ in reciprocal_ranks]
    return {
        "n": len(queries),
        "hit@1": _share(sum(1 for r in ranks if r == 1), len(ranks)),
        "hit@5": _share(sum(1 for r in ranks if r >= 1 / 5), len(ranks)),
        "mrr": _share(sum(ranks), len(ranks)),
        "refusal_recall": _share(refused, len(offtopic)),
        "wrongly_refused": _share(wrongly_refused, len(answerable)),
        "latency_ms": {
            "p50": round(float(np.percentile(milliseconds, 50)), 2) if milliseconds else None,
            "p99": round(float(np.percentile(milliseconds, 99)), 2) if milliseconds else None,
        },
    }


def _timed(search: Search, query: str, milliseconds: list[float]) -> Retrieval:
    started = time.perf_counter()
    retrieval = search(query, _RANKS)
    milliseconds.append((time.perf_counter() - started) * 1000)
    return retrieval


def _reciprocal_rank(query: LabelledQuery, retrieval: Retrieval) -> tuple[float, bool]:
    for rank, hit in enumerate(retrieval.hits, start=1):
        if hit.recipe.name in query.relevant:
            return 1 / rank, retrieval.refused
    return 0.0, retrieval.refused


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
