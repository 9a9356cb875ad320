"""The search with one part off at a time: what each part is good for.

A part is taken out by opening the index without it, or by putting in the place of its function, for the time
of a measurement, one that does nothing. The index itself stays as it was built.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import index.dishes
import index.lexical
import index.likeness
import index.mentions
import index.retriever
import index.subjects
import index.wished_search
from core.ports import Embedder
from index.benchmarking.dialogues import Search
from index.dishes import ROWS_A_FORM, Dish, Dishes
from index.evaluate import search_of
from index.latin import in_chinese
from index.lexical import LexicalIndex, Recalled
from index.recall import Match
from index.retriever import HybridRetriever
from index.second_stage import SecondStage
from index.subjects import MAX_QUERY_CHARACTERS
from index.text import Sounds, plain_key_of, simplify

WHOLE = "everything on"
DIALOGUE_RULES = "rules for follow-ups"


@dataclass(frozen=True, slots=True)
class Variant:
    """The search without a part.

    Attributes:
        name: the part that is off.
        search: the search; only within `taken_out`.
        taken_out: puts the part off for as long as it is entered.
        follows_up: whether a dialogue is more than its last turn.
    """

    name: str
    search: Search
    taken_out: AbstractContextManager[None]
    follows_up: bool = True


def variants(
    folder: Path, embedder: Embedder | None, second_stage: SecondStage | None = None
) -> Iterator[Variant]:
    """The search with everything on, then without each part in turn; each is opened when its turn comes."""

    def opened(embedder: Embedder | None = embedder, **options: Any) -> HybridRetriever:
        return HybridRetriever.open(folder, embedder, **{"second_stage": second_stage} | options)

    yield Variant(WHOLE, search_of(opened()), nullcontext())
    if embedder is not None:
        yield Variant("vectors", search_of(opened(None)), nullcontext())
    for part, places in _PARTS.items():
        yield Variant(part, search_of(opened()), _replaced(*places))
    yield Variant("calibration, refusal", search_of(opened(calibrated=False)), nullcontext())
    yield Variant(DIALOGUE_RULES, search_of(opened()), nullcontext(), follows_up=False)
    if second_stage is not None:
        yield Variant("reranker", search_of(opened(second_stage=None)), nullcontext())


@contextmanager
def _replaced(*places: tuple[object, str, object]) -> Iterator[None]:
    """Put something in the place of attributes that there are, as long as it is entered."""
    with ExitStack() as back:
        for owner, name, value in places:
            back.callback(setattr, owner, name, vars(owner)[name])
            setattr(owner, name, value)
        yield


def _no_forms(*_: object) -> Recalled:
    return []


def _no_wishes(*_: object) -> None:
    return None


def _no_other_purpose(_: str) -> str:
    return ""


def _none_mentioned(*_: object) -> list[str]:
    return []


def _as_it_is(text: str) -> str:
    return text


def _as_written(key: str) -> Sounds:
    """Characters in the place of their sounds."""
    return Sounds(tuple(key), tuple(key))


def _whole_question(query: str) -> list[str]:
    subject = plain_key_of(in_chinese(simplify(query[:MAX_QUERY_CHARACTERS])))
    return [subject] if subject else []


def _each_recipe(dishes: Dishes, match: Match, known: dict[str, Dish]) -> None:
    """Each recipe as a dish of its own."""
    for row in dishes._parts[match.part].segment.rows_of(match.form)[:ROWS_A_FORM].tolist():  # noqa: SLF001
        name = f"{match.part} {row}"
        known.setdefault(name, Dish(name, match, match.order)).rows.setdefault((match.part, row))


_PARTS: dict[str, tuple[tuple[object, str, object], ...]] = {
    "words": ((LexicalIndex, "search", _no_forms), (LexicalIndex, "search_widely", _no_forms)),
    "sound": ((Sounds, "of", staticmethod(_as_written)),),
    "synonyms": tuple(
        (module, "canonical_spelling", _as_it_is)
        for module in (index.dishes, index.lexical, index.likeness, index.mentions)
    ),
    "removal of the shell": ((index.retriever, "subjects_of", _whole_question),),
    "names in a sentence": ((index.retriever, "mentioned", _none_mentioned),),
    "pinyin and English": tuple(
        (module, "in_chinese", _as_it_is) for module in (index.mentions, index.subjects)
    ),
    "other purposes": tuple(
        (module, "other_purpose_of", _no_other_purpose) for module in (index.mentions, index.retriever)
    ),
    "grouping by dish": ((Dishes, "_add_dishes_of", _each_recipe),),
    "wishes by structure": (
        (index.wished_search, "wishes_of", _no_wishes),
        (index.wished_search, "spotted_wishes", _no_wishes),
    ),
    "wishes in a sentence": ((index.wished_search, "spotted_wishes", _no_wishes),),
}
"""Parts that have no switch of their own, and what takes their place where."""
