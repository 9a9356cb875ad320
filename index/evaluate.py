"""Measuring search: hit@1, hit@5, MRR, refusal and latency per file of queries.

A query file holds an object a line: `query`, `relevant` (names of the recipes that answer it), and, if need
be, `dialogue` (what was said before), `wish` (what every hit must meet: the fields of
`index.conditions.Wishes`) and `kind`. A query with neither relevant names nor a wish must be refused.
Hits are judged by rank alone, whether they were offered as an answer or as the nearest dishes; refusals are
counted on their own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CorpusError
from core.ports import Retrieval
from core.recipe import Recipe
from index.benchmarking.dialogues import Search, in_dialogue
from index.conditions import Wishes
from index.facets import facets_of
from index.retriever import HybridRetriever
from index.structured_search import admits
from index.text import key_of

RANKS = 10
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """A query and what answers it.

    Attributes:
        query: the question, the last turn of a dialogue.
        relevant: names of recipes that answer it; without any, and without a wish, it must be refused.
        before: the turns before it.
        wish: what every hit must meet; None when a dish is asked for.
        hidden: ids of recipes that the search must do without.
    """

    query: str
    relevant: frozenset[str]
    before: tuple[str, ...] = ()
    wish: Wishes | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def is_answerable(self) -> bool:
        """Whether it has an answer; otherwise it must be refused."""
        return bool(self.relevant) or self.wish is not None

    def is_answered_by(self, recipe: Recipe) -> bool:
        """Whether `recipe` is one of its answers: by name, where names are known."""
        return recipe.name in self.relevant if self.relevant else self.is_met_by(recipe)

    def is_met_by(self, recipe: Recipe) -> bool:
        """Whether `recipe` meets the wish; False without one."""
        return self.wish is not None and admits(self.wish, facets_of(recipe))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a query.

    Attributes:
        rank: of the first hit that answers it, from 1; 0 when none of `RANKS` does.
        is_clean: each of the hits that a user sees meets the wish, and there is one.
        repeats: two of the first five hits have the same name, decoration aside.
        score: what the search gave its best hit, in [0, 1]; 0 without hits.
        by_structure: it was found by what was wished for, where a score is no chance.
    """

    query: LabelledQuery
    rank: int
    is_clean: bool
    repeats: bool
    refused: bool
    score: float
    by_structure: bool
    milliseconds: float


def read_queries(path: Path) -> list[LabelledQuery]:
    """Read a query file.

    Raises:
        CorpusError: a line cannot be read; the message names it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise CorpusError(f"{path}: cannot be read ({type(exc).__name__})") from exc
    return [_query_of(line, f"{path}:{n}") for n, line in enumerate(lines, start=1) if line.strip()]


def _query_of(line: str, place: str) -> LabelledQuery:
    try:
        record = json.loads(line)
        query, relevant = record["query"], record["relevant"]
        before, wish = record.get("dialogue", []), record.get("wish")
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CorpusError(f"{place}: must be an object with query and relevant") from exc
    if not isinstance(query, str) or not isinstance(relevant, list):
        raise CorpusError(f"{place}: query must be a string and relevant a list")
    if not isinstance(before, list):
        raise CorpusError(f"{place}: dialogue must be a list of what was said before")
    names, turns = frozenset(map(str, relevant)), tuple(map(str, before))
    return LabelledQuery(query, names, turns, _wish_of(wish, place))


def _wish_of(fields: object, place: str) -> Wishes | None:
    if fields is None:
        return None
    if not isinstance(fields, dict):
        raise CorpusError(f"{place}: wish must be an object")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
    try:
        return Wishes(**values)
    except TypeError as exc:
        raise CorpusError(f"{place}: wish has a field that there is not") from exc


def search_of(retriever: HybridRetriever) -> Search:
    """The search of `retriever`, in this thread."""

    def search(query: str, limit: int, exclude: frozenset[str] = frozenset()) -> Retrieval:
        return retriever.search_now(query, limit=limit, exclude=exclude)

    return search


def outcomes_of(search: Search, queries: Iterable[LabelledQuery]) -> list[Outcome]:
    """Run all queries, one after the other; of a dialogue, the last turn is timed."""
    return [_outcome(search, query) for query in queries]


def _outcome(search: Search, query: LabelledQuery) -> Outcome:
    if query.before:
        retrieval, seconds = in_dialogue(search, query.before, query.query, RANKS)
    else:
        started = time.perf_counter()
        retrieval = search(query.query, RANKS, query.hidden)
        seconds = time.perf_counter() - started
    shown = retrieval.hits[: retrieval.count or _SHOWN]
    answers = [query.is_answered_by(hit.recipe) for hit in retrieval.hits]
    return Outcome(
        query=query,
        rank=answers.index(True) + 1 if True in answers else 0,
        is_clean=bool(shown) and all(query.is_met_by(hit.recipe) for hit in shown),
        repeats=len({key_of(hit.recipe.name) for hit in shown}) < len(shown),
        refused=retrieval.refused or not retrieval.hits,
        score=retrieval.hits[0].score if retrieval.hits else 0.0,
        by_structure=retrieval.is_choice or bool(retrieval.wanted),
        milliseconds=seconds * 1000,
    )


def evaluate(search: Search, queries: Sequence[LabelledQuery]) -> dict[str, Any]:
    """The figures of all queries."""
    return figures_of(outcomes_of(search, queries))


def figures_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Count: a figure is None where no query could show it.

    hit@1, hit@5, mrr, wrongly_refused: of queries with an answer. repeats: share of these with a dish twice
    among the first five hits. all@5: share of the wishes that each of the first five hits meets.
    refusal_recall: share refused of what must be refused.
    """
    answerable = [outcome for outcome in outcomes if outcome.query.is_answerable]
    offtopic = [outcome for outcome in outcomes if not outcome.query.is_answerable]
    lists = [outcome for outcome in answerable if outcome.query.wish is not None]
    milliseconds = [outcome.milliseconds for outcome in outcomes]
    return {
        "n": len(outcomes),
        "hit@1": _share(sum(o.rank == 1 for o in answerable), len(answerable)),
        "hit@5": _share(sum(1 <= o.rank <= _SHOWN for o in answerable), len(answerable)),
        "mrr": _share(sum(1 / o.rank for o in answerable if o.rank), len(answerable)),
        "all@5": _share(sum(o.is_clean for o in lists), len(lists)),
        "repeats": _share(sum(o.repeats for o in answerable), len(answerable)),
        "refusal_recall": _share(sum(o.refused for o in offtopic), len(offtopic)),
        "wrongly_refused": _share(sum(o.refused for o in answerable), len(answerable)),
        "latency_ms": {
            "p50": round(float(np.percentile(milliseconds, 50)), 2) if milliseconds else None,
            "p99": round(float(np.percentile(milliseconds, 99)), 2) if milliseconds else None,
        },
    }


def refusal_of(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Precision and recall of refusing, over queries of all kinds together."""
    refused = [outcome for outcome in outcomes if outcome.refused]
    right = sum(not outcome.query.is_answerable for outcome in refused)
    due = sum(not outcome.query.is_answerable for outcome in outcomes)
    return {"precision": _share(right, len(refused)), "recall": _share(right, due)}


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
