"""What a search did, step by step, as plain data: for whoever tunes the threshold or wonders about a hit.

`index.retriever.HybridRetriever.explain` makes one; it runs the very search that a user's question runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.recipe import Recipe


@dataclass(frozen=True, slots=True)
class FormReport:
    """A form (a way to name a dish) that was looked at, and why it stands where it stands.

    Attributes:
        form: the form, normalised.
        segment: the part of the index that holds it.
        subject: which of the looked-up subjects it is most like.
        words: BM25 sum of the recall by words and sounds; None when that recall did not bring it.
        cosine: of the two questions' vectors, in [-1, 1]; None when the recall by vectors did not bring it.
        spelling: alignment of the characters, in [0, 1].
        sound: alignment of the syllables, in [0, 1].
        subject_covered: share of the subject's syllables that the form has, in [0, 1].
        form_covered: share of the form's syllables that the subject has, in [0, 1].
        likeness: what these come to, in [0, 1].
        probability: the calibrated chance that this form is what was asked for, in [0, 1].
        order: what dishes are ordered by before a reranker reads them, in [0, 1].
        recipes: how many recipes hang on it.
    """

    form: str
    segment: str
    subject: str
    words: float | None
    cosine: float | None
    spelling: float
    sound: float
    subject_covered: float
    form_covered: float
    likeness: float
    probability: float
    order: float
    recipes: int


@dataclass(frozen=True, slots=True)
class DishReport:
    """A dish among the hits.

    Attributes:
        dish: its name without decoration.
        recipe: the recipe that is shown for it.
        form: the form that it was found by.
        probability: of that form, in [0, 1].
        reranker_score: in [0, 1]; None when no reranker read it.
        score: what the hit says and the threshold is held against, in [0, 1].
    """

    dish: str
    recipe: Recipe
    form: str
    probability: float
    reranker_score: float | None
    score: float


@dataclass(frozen=True, slots=True)
class SearchReport:
    """One search.

    Attributes:
        query: as it was typed.
        subjects: what was looked up, the likeliest first; empty when nothing was left to look up.
        filters: what was understood of wishes and ingredients, in words for people.
        threshold: the least score of a first hit that is an answer.
        refused: whether the query is refused at that threshold.
        forms: what was compared with the subjects, best first.
        dishes: the hits, best first, one a dish.
        encode_milliseconds: what the vector of the query took; 0 without one.
        search_milliseconds: what everything else took.
    """

    query: str
    subjects: tuple[str, ...]
    filters: tuple[str, ...]
    threshold: float
    refused: bool
    forms: tuple[FormReport, ...]
    dishes: tuple[DishReport, ...]
    encode_milliseconds: float
    search_milliseconds: float

    def is_refused_at(self, threshold: float) -> bool:
        """Whether the query would be refused with another threshold in [0, 1]."""
        return not self.dishes or self.dishes[0].score < threshold
