"""Search: two recalls, rescoring by name, reranking, a calibrated refusal. Implements `core.ports.Retriever`.

0. What is wished for by structure (「清淡的下饭菜」, 「不含花生的…」) is found by structure (see
   `index.wished_search`, `index.structured_search`); the rest is about names.
1. The shell of the question is removed; its subject is looked up (`index.subjects`), and what it mentions in
   the middle of a sentence (`index.mentions`).
2. Recall: BM25 over pairs of sounds and characters, and the nearest question vectors (`index.recall`).
3. Rescoring: each recalled form is compared with the subject by spelling and sound (`index.likeness`).
4. Forms become dishes, each with one recipe that has not been seen yet (`index.dishes`).
5. With a reranker, it reads the best dishes beside the question (`index.second_stage`).
6. The best score becomes a probability (`index.calibration`); below the threshold the query is refused
   and the hits are only the nearest dishes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.errors import BotError, ModelUnavailableError, RetrievalError, VectorStoreUnavailableError
from core.ports import Embedder, Hit, Retrieval, Vectors
from index.calibration import UNCALIBRATED, Calibration, load_calibration
from index.dishes import Dishes, Shown
from index.lexical import LexicalIndex
from index.manifest import Manifest
from index.mentions import mentioned
from index.questions import question_of
from index.recall import Encode, Match, Part, Recall
from index.search_report import DishReport, FormReport, SearchReport
from index.second_stage import RERANKED_DISHES, SecondStage, order_with, probability_with
from index.segments import open_segments, open_vectors
from index.structured_search import StructuredSearch
from index.subjects import MAX_QUERY_CHARACTERS, other_purpose_of, subjects_of
from index.vector_stores.faiss_store import FaissVectorStores
from index.vector_stores.ports import VectorStores
from index.wished_search import WishedSearch, wishes_in
from index.wishes import labels

logger = logging.getLogger(__name__)

_EXPLAINED_FORMS = 40


@dataclass(frozen=True, slots=True)
class _Judged:
    """A dish among the hits; `reranker_score` in [0, 1] is None when no reranker read it."""

    shown: Shown
    reranker_score: float | None

    @property
    def score(self) -> float:
        """The chance in [0, 1] that it is what was asked for."""
        probability = self.shown.dish.match.probability
        return (
            probability if self.reranker_score is None else probability_with(probability, self.reranker_score)
        )

    @property
    def hit(self) -> Hit:
        """As whoever searches gets it."""
        return Hit(self.shown.recipe, self.score, question_of(self.shown.dish.match.text))


@dataclass(frozen=True, slots=True)
class _Searched:
    """A search by name, with what led to its hits."""

    subjects: tuple[str, ...]
    matches: Sequence[Match]
    judged: Sequence[_Judged]
    encode_seconds: float


class _Encoding:
    """Encodes a question when its vector is wanted, and says how long that took."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self.seconds = 0.0
        self.has_vector = False

    def __call__(self) -> Vectors | None:
        started = time.perf_counter()
        vector = self._encode()
        self.seconds = time.perf_counter() - started
        self.has_vector = vector is not None
        return vector


class HybridRetriever:
    """An opened index; safe to use from several threads.

    Args:
        parts: its segments.
        structured: finds recipes by what is wished of them.
        embedder: encodes questions; None for words and sounds alone.
        calibration: turns likeness into a chance.
        second_stage: reads the best dishes once more; None for none.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        structured: StructuredSearch,
        embedder: Embedder | None,
        calibration: Calibration,
        second_stage: SecondStage | None = None,
    ) -> None:
        self._parts = tuple(parts)
        self._wished = WishedSearch(structured, self._by_name, self._is_title)
        has_vectors = any(part.vectors is not None for part in self._parts)
        self._embedder = embedder if has_vectors else None
        self._calibration = calibration
        self._second_stage = second_stage
        self._recall = Recall(self._parts, calibration)
        self._dishes = Dishes(self._parts)
        self._misses_vectors = False

    @staticmethod
    def open(
        folder: Path,
        embedder: Embedder | None,
        *,
        stores: VectorStores | None = None,
        second_stage: SecondStage | None = None,
        threshold: float | None = None,
        calibrated: bool = True,
    ) -> HybridRetriever:
        """Open the index at `folder`; `calibrated=False` is for fitting the calibration itself.

        The vectors are in `stores`; None for FAISS. `threshold` in [0, 1] replaces the calibrated one.

        Raises:
            IndexMissingError: there is none.
            IndexMismatchError: it was built with another embedder or format.
            IndexCorruptError: its files do not fit each other.
        """
        manifest = Manifest.read(folder)
        manifest.check_embedder(embedder, folder)
        manifest.check_files(folder)
        kept = stores or FaissVectorStores()
        has_vectors = bool(manifest.embedder) and embedder is not None
        segments = open_segments(folder, manifest)
        parts = [
            Part(
                segment,
                LexicalIndex(segment.folder / "lexical"),
                open_vectors(folder, manifest, segment, kept) if has_vectors else None,
            )
            for segment in segments
        ]
        calibration = load_calibration() if calibrated else UNCALIBRATED
        if threshold is not None:
            calibration = replace(calibration, threshold=threshold)
        return HybridRetriever(parts, StructuredSearch(segments), embedder, calibration, second_stage)

    def describe(self) -> str:
        """One line: how many recipes and questions, and what backs the recalls."""
        backing = f"lexical + {self._embedder.name if self._embedder else 'no vectors'}"
        if self._second_stage:
            backing += f", reranked by {self._second_stage.name}"
        recipes = sum(part.segment.live_count for part in self._parts)
        forms = sum(part.segment.form_count for part in self._parts)
        return f"{recipes} recipes, {forms} questions, {backing}"

    def warm_up(self) -> None:
        """Load what loads on first use; blocking.

        Raises:
            BotError: a model cannot be loaded, or the index cannot be searched.
        """
        self._vector("番茄炒蛋")  # a search by a dish's very name would not encode it
        self.search_now("番茄炒蛋怎么做")

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
        return self._wished.search(query, limit, exclude)

    def _by_name(self, query: str, limit: int, exclude: frozenset[str]) -> Retrieval:
        hits = tuple(judged.hit for judged in self._searched(query, limit, exclude).judged)
        refused = not hits or hits[0].score < self._calibration.threshold
        return Retrieval(query=query, hits=hits, refused=refused)

    def explain(self, query: str, *, limit: int = 5, exclude: frozenset[str] = frozenset()) -> SearchReport:
        """Search for `query` by name, and say how; blocking.

        Raises:
            RecipeIndexError: the index cannot be searched.
        """
        started = time.perf_counter()
        searched = self._searched(query, limit, exclude)
        seconds = time.perf_counter() - started - searched.encode_seconds
        dishes = tuple(map(_dish_report, searched.judged))
        return SearchReport(
            query=query,
            subjects=searched.subjects,
            filters=labels(wishes) if (wishes := wishes_in(query)) else (),
            threshold=self._calibration.threshold,
            refused=not dishes or dishes[0].score < self._calibration.threshold,
            forms=tuple(map(self._form_report, searched.matches[:_EXPLAINED_FORMS])),
            dishes=dishes,
            encode_milliseconds=searched.encode_seconds * 1000,
            search_milliseconds=seconds * 1000,
        )

    def _searched(self, query: str, limit: int, exclude: frozenset[str]) -> _Searched:
        subjects = tuple(subjects_of(query))
        if not subjects:
            return _Searched((), (), (), 0.0)
        encoding = _Encoding(lambda: self._vector(subjects[0]))
        told = (other_purpose_of(query), partial(mentioned, query))
        try:
            matches = self._recall.matches(subjects, encoding, *told)
            self._misses_vectors &= not encoding.has_vector
        except VectorStoreUnavailableError as exc:  # a server that is down costs the vectors, not the answer
            self._without_vectors(exc)
            matches = self._recall.matches(subjects, lambda: None, *told)
        text = query[:MAX_QUERY_CHARACTERS].lower()
        wanted = max(limit, RERANKED_DISHES) if self._second_stage else limit
        shown = self._dishes.shown(matches, text, wanted, exclude)
        return _Searched(subjects, matches, self._judged(text, shown)[:limit], encoding.seconds)

    def _judged(self, text: str, shown: Sequence[Shown]) -> list[_Judged]:
        """The dishes in the second stage's order, those that it did not look at last."""
        scores = self._second_stage.scores(text, [one.recipe for one in shown]) if self._second_stage else {}
        read = [_Judged(one, scores[one.recipe.name]) for one in shown if one.recipe.name in scores]
        read.sort(
            key=lambda judged: (
                # whoever asks for a dish by its very name wants that one
                judged.shown.dish.match.likeness.spelling < 1,
                -order_with(judged.shown.order, judged.reranker_score or 0.0),
            )
        )
        return read + [_Judged(one, None) for one in shown if one.recipe.name not in scores]

    def _is_title(self, query: str) -> bool:
        """Whether a query that reads like wishes is the very title of a recipe: 「快手下饭菜怎么做」.

        All of it must be: 「快手下饭菜怎么做，对花生过敏」 is not.
        """
        return any(
            self._dishes.is_title_of(subject, place, form)
            for subject in subjects_of(query)[:1]
            for place, form in self._recall.named(subject)
        )

    def forms(self) -> list[tuple[str, frozenset[tuple[int, int]]]]:
        """Every form with the recipes that hang on it, as (part, row); for calibration and tests."""
        return [
            (part.segment.form(number), self.recipes_of(place, number))
            for place, part in enumerate(self._parts)
            for number in range(part.segment.form_count)
            if len(part.segment.rows_of(number))
        ]

    def recipes_of(self, part: int, form: int) -> frozenset[tuple[int, int]]:
        """The recipes that hang on a form, as (part, row)."""
        return frozenset((part, row) for row in self._parts[part].segment.rows_of(form).tolist())

    def matches(self, query: str) -> list[Match]:
        """All recalled forms, best first; for calibration and tests."""
        subjects = subjects_of(query)
        return self._recall.matches(subjects, lambda: self._vector(subjects[0])) if subjects else []

    def _vector(self, subject: str) -> Vectors | None:
        if self._embedder is None:
            return None
        try:
            vector: Vectors = self._embedder.embed([question_of(subject)], input_type="query")[0]
        except ModelUnavailableError as exc:  # no memory just now: words and sounds find most dishes alone
            self._without_vectors(exc)
            return None
        return vector

    def _without_vectors(self, exc: BotError) -> None:
        """Say so once, until there are vectors again."""
        if not self._misses_vectors:
            logger.warning("search_without_vectors reason=%s", exc.message)
        self._misses_vectors = True

    def _form_report(self, match: Match) -> FormReport:
        alike, segment = match.likeness, self._parts[match.part].segment
        return FormReport(
            form=match.text,
            segment=segment.name,
            subject=match.subject,
            words=match.words,
            cosine=match.cosine,
            spelling=alike.spelling,
            sound=alike.sound,
            subject_covered=alike.subject_covered,
            form_covered=alike.form_covered,
            likeness=alike.rank,
            probability=match.probability,
            order=match.order,
            recipes=len(segment.rows_of(match.form)),
        )


def _dish_report(judged: _Judged) -> DishReport:
    match = judged.shown.dish.match
    return DishReport(
        dish=judged.shown.dish.name,
        recipe=judged.shown.recipe,
        form=match.text,
        probability=match.probability,
        reranker_score=judged.reranker_score,
        score=judged.score,
    )
