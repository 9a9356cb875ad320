"""The second stage of search: a reranker reads the question beside each of the best dishes of the first.

It may change order and refusal, within bounds: a dish asked for by its very name stays first. Search never
depends on it: when it fails or takes too long, what the first stage found stands.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.errors import BotError
from core.ports import Reranker
from core.recipe import Recipe

logger = logging.getLogger(__name__)

RERANKED_DISHES = 10
"""On a processor ten short passages take some 0.2 s in int8."""
RERANK_SECONDS = 4.0
"""Well below the time that a search may take; a model that is still loading is not waited for longer."""
_REST_SECONDS = 30.0
_PASSAGE_CHARACTERS = 60
_KEY_INGREDIENTS = 6
_NEUTRAL_SCORE = 0.4
"""What BCE's makers take for the border of relevance (netease-youdao/BCEmbedding, issue 15)."""
_EVIDENCE = 2.0
"""How much the reranker's log-odds count beside the first stage's; chosen, not fitted: without the weights
of BCE there is nothing to fit it to. Bounded, so that it decides doubtful cases only."""
_MAX_EVIDENCE = 2.0
_SHARE_OF_ORDER = 0.3


class SecondStage:
    """Reranks dishes; safe to use from several threads.

    Args:
        reranker: judges passages.
        seconds: how long a search waits for it.
        clock: seconds since any fixed point.
    """

    def __init__(
        self,
        reranker: Reranker,
        *,
        seconds: float = RERANK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reranker = reranker
        self._seconds = seconds
        self._clock = clock
        self._rests_until = -math.inf
        self._has_complained = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="rerank")

    @property
    def name(self) -> str:
        """What backs it."""
        return self._reranker.name

    def scores(self, query: str, recipes: Sequence[Recipe]) -> Mapping[str, float]:
        """Name of a dish → score in [0, 1], for the first `RERANKED_DISHES` names of `recipes`.

        Empty when the reranker failed, took too long, or did so a moment ago.
        """
        dishes: dict[str, str] = {}
        for recipe in recipes:
            if len(dishes) < RERANKED_DISHES:
                dishes.setdefault(recipe.name, passage_of(recipe))
        if not dishes or self._clock() < self._rests_until:
            return {}
        call = self._worker.submit(self._reranker.rerank, query, list(dishes.values()))
        try:
            scores = call.result(self._seconds)
        except TimeoutError:
            if not call.cancel():  # else others were before it, and it was never begun
                self._rest(f"no answer within {self._seconds:g} s")
            return {}
        except BotError as exc:
            self._rest(exc.message)
            return {}
        self._has_complained = False
        return dict(zip(dishes, map(float, scores), strict=True))

    def _rest(self, reason: str) -> None:
        self._rests_until = self._clock() + _REST_SECONDS
        if not self._has_complained:
            logger.warning("search_without_reranker reason=%s", reason)
        self._has_complained = True


def passage_of(recipe: Recipe) -> str:
    """What is read of a recipe: its name and key ingredients; cooks list the main ones first."""
    ingredients = "、".join(ingredient.name for ingredient in recipe.ingredients[:_KEY_INGREDIENTS])
    return f"{recipe.name}：{ingredients}"[:_PASSAGE_CHARACTERS] if ingredients else recipe.name


def order_with(order: float, score: float) -> float:
    """What a dish is ordered by, in [0, 1], from the first stage's order and the reranker's score."""
    return (1 - _SHARE_OF_ORDER) * order + _SHARE_OF_ORDER * score


def probability_with(probability: float, score: float) -> float:
    """The chance in [0, 1] that a dish is what was asked for, with the reranker's score as evidence."""
    evidence = _EVIDENCE * (_log_odds(score) - _log_odds(_NEUTRAL_SCORE))
    shifted = _log_odds(probability) + max(-_MAX_EVIDENCE, min(_MAX_EVIDENCE, evidence))
    return 1 / (1 + math.exp(-shifted))


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-9), 1 - 1e-9)
    return math.log(p / (1 - p))
