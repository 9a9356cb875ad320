"""The figures that search must reach, on queries of our own over the shipped cookbook.

Sets of some twenty queries: hit@1 of at least .98 or .99 means every one of them, .95 all but one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from index.evaluate import evaluate, read_queries
from index.retriever import HybridRetriever

DATA = Path(__file__).parent / "data"
BARS = {
    "plain": 0.99,
    "colloquial": 0.99,
    "traditional": 0.99,
    "dropped": 0.98,
    "swapped": 0.98,
    "homophone": 0.98,
    "synonym": 0.95,
}


@pytest.mark.parametrize("backing", ["cookbook_retriever", "lexical_retriever"])
class TestFigures:
    @pytest.mark.parametrize("kind", BARS)
    def test_of_dishes(self, request: pytest.FixtureRequest, backing: str, kind: str) -> None:
        retriever: HybridRetriever = request.getfixturevalue(backing)
        queries = read_queries(DATA / f"{kind}.jsonl")
        result = evaluate(retriever, queries)
        assert len(queries) >= 15
        assert (
            result["hit@1"] >= BARS[kind],
            result["hit@5"] >= 0.995,
            result["wrongly_refused"] <= 0.01,
        ) == (
            True,
            True,
            True,
        )

    def test_of_what_is_off_topic(self, request: pytest.FixtureRequest, backing: str) -> None:
        retriever: HybridRetriever = request.getfixturevalue(backing)
        queries = read_queries(DATA / "offtopic.jsonl")
        answered = [q.query for q in queries if not retriever.search_now(q.query).refused]
        assert len(queries) >= 15
        assert answered == []
