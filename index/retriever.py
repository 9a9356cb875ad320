"""Search: two recalls, rescoring by name, reranking, a calibrated refusal. Implements `core.ports.Retriever`.

1. The shell of the question is removed; its subject is looked up.
2. Recall: BM25 over characters and syllables, and the nearest question vectors.
3. Rescoring: each recalled form is compared with the subject by spelling and sound (`index.likeness`);
   a recipe is as good as its best form.
4. With a reranker, it reads the best dishes beside the question (`index.second_stage`).
5. The best score becomes a probability (`index.calibration`); below the threshold the query is refused
   and the hits are only the nearest dishes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from core.errors import BotError, ModelUnavailableError, RetrievalError
from core.ports import (
    Embedder,
    Hit,
    Retrieval,
)
from core.recipe import Recipe
from index.calibration import UNCALIBRATED, Calibration, load_calibration
from index.faiss_store import FaissVectorStore
from index.ingredient_index import IngredientIndex
from index.ingredient_query import ingredient_fit, listed_ingredients
from index.lexical import LexicalIndex
from index.likeness import Likeness, Spellings, likeness, spellings_of
from index.manifest import Manifest
from index.questions import question_of
from index.second_stage import RERANKED_DISHES, SecondStage, order_with, probability_with
from index.segment import Segment
from index.text import clauses_before_question, plain_key_of, simplify, strip_shell

logger = logging.getLogger(__name__)

LEXICAL_RECALL = 40
VECTOR_RECALL = 20
INGREDIENT_RECALL = 400
ROWS_A_FORM = 50
"""How many of the recipes that one form names are looked at, the best of them."""
INGREDIENTS_SCORE = 1.0
"""A recipe that has every listed ingredient is a right answer, by structure rather than by likeness."""
_TIED = 8
"""How many recipes beyond those asked for are looked at for a tie."""
MAX_QUERY_CHARACTERS = 200
"""Only this much of a query is looked at; the longest title of the measured corpora has 90."""


@dataclass(frozen=True, slots=True)
class Match:
    """A recipe number, its best form, and how alike that form and the subject are."""

    row: int
    form: int
    likeness: Likeness


class HybridRetriever:
    """An opened index; safe to use from several threads."""

    def __init__(
        self,
        segment: Segment,
        lexical: LexicalIndex,
        ingredients: IngredientIndex,
        vectors: FaissVectorStore | None,
        embedder: Embedder | None,
        calibration: Calibration,
        second_stage: SecondStage | None = None,
    ) -> None:
        self._segment = segment
        self._lexical = lexical
        self._ingredients = ingredients
        self._vectors = vectors
        self._embedder = embedder if vectors is not None else None
        self._calibration = calibration
        self._second_stage = second_stage
        self._misses_vectors = False
        self._recipe = lru_cache(maxsize=2_000)(segment.recipe)
        self._form_spellings = lru_cache(maxsize=20_000)(lambda number: spellings_of(segment.form(number)))

    @staticmethod
    def open(
        folder: Path,
        embedder: Embedder | None,
        *,
        second_stage: SecondStage | None = None,
        calibrated: bool = True,
    ) -> HybridRetriever:
        """Open the index at `folder`; `calibrated=False` is for fitting the calibration itself.

        Raises:
            IndexMissingError: there is none.
            IndexMismatchError: it was built with another embedder or format.
            IndexCorruptError: its files do not fit each other.
        """
        manifest = Manifest.read(folder)
        manifest.check_embedder(embedder, folder)
        manifest.check_files(folder)
        segment = Segment(folder / manifest.segments[0].name)
        vectors = FaissVectorStore(segment.folder) if manifest.embedder and embedder is not None else None
        return HybridRetriever(
            segment,
            LexicalIndex(segment.folder / "lexical"),
            IngredientIndex(segment.folder / "recipes"),
            vectors,
            embedder,
            load_calibration() if calibrated else UNCALIBRATED,
            second_stage,
        )

    def describe(self) -> str:
        """One line: how many recipes and questions, and what backs the recalls."""
        backing = f"lexical + {self._embedder.name if self._embedder else 'no vectors'}"
        if self._second_stage:
            backing += f", reranked by {self._second_stage.name}"
        return f"{self._segment.live_count} recipes, {self._segment.form_count} questions, {backing}"

    async def search(self, query: str, *, limit: int = 5, exclude: frozenset[str] = frozenset()) -> Retrieval:
        """Search for `query` in a thread.

        Raises:
            RetrievalError: the index cannot be searched.
        """
        try:
            return await asyncio.to_thread(self.search_now, query, limit=limit, exclude=exclude)
        except RetrievalError:
            raise
        except BotError as exc:
            raise RetrievalError(exc.message) from exc

    def search_now(self, query: str, *, limit: int = 5, exclude: frozenset[str] = frozenset()) -> Retrieval:
        """Search for `query` in this thread."""
        by_ingredients = self._by_ingredients(query, limit, exclude)
        if by_ingredients is not None:
            return by_ingredients
        wanted = max(limit, RERANKED_DISHES) if self._second_stage else limit
        matches = self.matches(query)[: wanted + len(exclude) + _TIED]
        found = [(match, self._recipe(match.row)) for match in matches]
        found = [(match, recipe) for match, recipe in found if recipe.recipe_id not in exclude]
        text = query[:MAX_QUERY_CHARACTERS].lower()
        found.sort(key=lambda pair: -(self._order(pair[0]) + _tie_break(pair[1], text)))
        hits = self._reranked(text, found) or [self._hit(match, recipe) for match, recipe in found[:limit]]
        refused = not hits or hits[0].score < self._calibration.threshold
        return Retrieval(query=query, hits=tuple(hits[:limit]), refused=refused)

    def _reranked(self, text: str, found: list[tuple[Match, Recipe]]) -> list[Hit]:
        """The hits in the second stage's order, those that it did not look at last; empty without it."""
        if self._second_stage is None:
            return []
        scores = self._second_stage.scores(text, [recipe for _, recipe in found])
        if not scores:
            return []
        judged = [(match, recipe, scores[recipe.name]) for match, recipe in found if recipe.name in scores]
        judged.sort(
            key=lambda item: (
                item[0].likeness.spelling < 1,  # whoever asks for a dish by its very name wants that one
                -(order_with(self._order(item[0]), item[2]) + _tie_break(item[1], text)),
            )
        )
        hits = [self._hit(match, recipe) for match, recipe, _ in judged]
        hits = [
            replace(hit, score=probability_with(hit.score, score))
            for hit, (_, _, score) in zip(hits, judged, strict=True)
        ]
        return hits + [self._hit(match, recipe) for match, recipe in found if recipe.name not in scores]

    def _by_ingredients(self, query: str, limit: int, exclude: frozenset[str]) -> Retrieval | None:
        """Recipes that use everything a cook has, those that need the least besides first.

        None when the query is not a list of known ingredients; the dish of that name is then looked up.
        """
        names = listed_ingredients(simplify(query[:MAX_QUERY_CHARACTERS]))
        if not names or not all(self._ingredients.rows_with([name], 1) for name in names):
            return None
        rows = self._ingredients.rows_with(names, INGREDIENT_RECALL)
        found = [(row, self._recipe(row)) for row in rows if not self._segment.is_removed(row)]
        found = [(row, recipe) for row, recipe in found if recipe.recipe_id not in exclude]
        found.sort(key=lambda pair: ingredient_fit(pair[1], names), reverse=True)
        hits = tuple(
            Hit(
                recipe,
                INGREDIENTS_SCORE,
                question_of(self._segment.form(int(self._segment.traits["dish"][row]))),
            )
            for row, recipe in found[:limit]
        )
        return Retrieval(query=query, hits=hits, refused=False) if hits else None

    def forms(self) -> list[tuple[str, int]]:
        """Every form with the number of its best recipe; for calibration and tests."""
        segment = self._segment
        best = ((number, segment.rows_of(number)) for number in range(segment.form_count))
        return [(segment.form(number), int(rows[0])) for number, rows in best if len(rows)]

    def matches(self, query: str) -> list[Match]:
        """All recalled recipes, best first."""
        text = simplify(query[:MAX_QUERY_CHARACTERS])
        subjects = _subjects(text)
        if not subjects:
            return []
        cosines = self._nearest(subjects[0])
        floor = min(cosines.values(), default=0.0)  # what was not among the nearest is at most as near
        recalled = dict.fromkeys(cosines)
        for subject in subjects:
            recalled.update(
                dict.fromkeys(number for number, _ in self._lexical.search(subject, LEXICAL_RECALL))
            )
        spellings = [spellings_of(subject) for subject in subjects]
        best: dict[int, Match] = {}
        for number in recalled:
            alike = self._likeness(number, spellings, cosines.get(number, floor))
            for row in self._segment.rows_of(number)[:ROWS_A_FORM].tolist():
                if row not in best or alike.rank > best[row].likeness.rank:
                    best[row] = Match(row, number, alike)
        return sorted(best.values(), key=lambda match: (-match.likeness.rank, match.row))

    def _nearest(self, subject: str) -> dict[int, float]:
        if self._vectors is None or self._embedder is None:
            return {}
        try:
            vector = self._embedder.embed([question_of(subject)], input_type="query")[0]
        except ModelUnavailableError as exc:  # no memory just now: words and sounds find most dishes alone
            if not self._misses_vectors:
                logger.warning("search_without_vectors reason=%s", exc.message)
            self._misses_vectors = True
            return {}
        self._misses_vectors = False
        return dict(self._vectors.search(vector, VECTOR_RECALL))

    def _likeness(self, number: int, subjects: Iterable[Spellings], cosine: float) -> Likeness:
        form = self._form_spellings(number)
        return max((likeness(subject, form, cosine) for subject in subjects), key=lambda alike: alike.rank)

    def _order(self, match: Match) -> float:
        """What hits are ordered by, in [0, 1].

        Likeness tells near names apart, where the probability of the right ones is all but 1; the
        probability puts 「酸辣土豆丝」 before 「土豆泥」 when 「土豆丝」 was asked for.
        """
        return (match.likeness.rank + self._calibration.probability(match.likeness)) / 2

    def _hit(self, match: Match, recipe: Recipe) -> Hit:
        return Hit(
            recipe=recipe,
            score=self._calibration.probability(match.likeness),
            matched_question=question_of(self._segment.form(match.form)),
        )


def _subjects(text: str) -> list[str]:
    """What a `simplify`-ed query may be about, the likeliest first, without duplicates."""
    listed = "".join(map(plain_key_of, listed_ingredients(text)))
    candidates = (strip_shell(text), plain_key_of(text), *clauses_before_question(text), listed)
    return [subject for subject in dict.fromkeys(candidates) if subject]


def _tie_break(recipe: Recipe, text: str) -> float:
    """Decides between recipes of the same name; too small to overturn a difference in likeness.

    First comes the one whose title was typed to the letter (emoji included), then the more complete one.
    """
    name = recipe.name.lower()
    typed = len(name) / max(len(text), 1) if name in text else 0.0
    measured = sum(1 for ingredient in recipe.ingredients if ingredient.amount)
    completeness = min(len(recipe.steps), 10) / 10 + min(measured, 10) / 10
    return 0.01 * typed + 0.001 * completeness
