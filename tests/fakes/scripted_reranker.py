"""A reranker without a model: the score of a passage is looked up, or what its words share with the query."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.ports import Scores


class ScriptedReranker:
    """`core.ports.Reranker`.

    Attributes:
        scores: beginning of a passage → its score.
        calls: query and passages of every call.
        failure: raised by every call.
        before: called first.
    """

    name = "fake/reranker"
    revision = "1"

    def __init__(self, scores: dict[str, float] | None = None) -> None:
        self.scores = scores or {}
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self.failure: Exception | None = None
        self.before: Callable[[], object] = lambda: None

    def rerank(self, query: str, passages: Sequence[str]) -> Scores:
        self.calls.append((query, tuple(passages)))
        self.before()
        if self.failure is not None:
            raise self.failure
        return np.array([self._score(query, passage) for passage in passages], dtype=np.float32)

    def check(self) -> str:
        return self.name

    def _score(self, query: str, passage: str) -> float:
        for beginning, score in self.scores.items():
            if passage.startswith(beginning):
                return score
        return len(set(query) & set(passage)) / max(1, len(set(query) | set(passage)))
