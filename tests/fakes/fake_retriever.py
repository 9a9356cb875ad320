"""A retriever that knows what a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core.ports import (
    Hit,
    Retrieval,
)
from core.recipe import Recipe


@dataclass(frozen=True)
class RecordedSearch:
    """What `search` was called with."""

    query: str
    limit: int
    exclude: frozenset[str]


class FakeRetriever:
    """`core.ports.Retriever` over a table of queries; what is not in it is refused.

    Args:
        answers: the recipes that a query finds, best first.

    Attributes:
        nearest: the dishes that a refusal offers.
        choices: queries that ask for a kind of dish, and the conditions that were read in them.
        failure: raised by every search.
        gate: waited for by every search.
        searches: every call, in order.
    """

    def __init__(self, answers: dict[str, Sequence[Recipe]] | None = None) -> None:
        self.answers = dict(answers or {})
        self.nearest: tuple[Recipe, ...] = ()
        self.choices: dict[str, tuple[str, ...]] = {}
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.searches: list[RecordedSearch] = []

    async def search(self, query: str, *, limit: int = 5, exclude: frozenset[str] = frozenset()) -> Retrieval:
        self.searches.append(RecordedSearch(query, limit, exclude))
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        found = _hits(self.answers.get(query, ()), 1.0, exclude)
        hits = found or _hits(self.nearest, 0.1, exclude)
        is_choice, wanted = query in self.choices, self.choices.get(query, ())
        return Retrieval(query, hits[:limit], refused=not found, is_choice=is_choice, wanted=wanted)

    def warm_up(self) -> None:
        """There is nothing to load."""

    def describe(self) -> str:
        return f"fake, {len(self.answers)} queries"


def _hits(recipes: Sequence[Recipe], score: float, exclude: frozenset[str]) -> tuple[Hit, ...]:
    return tuple(Hit(r, score, f"{r.name}怎么做") for r in recipes if r.recipe_id not in exclude)
