"""Search for what a query asks: recipes by what is wished of them, dishes by name, or a dish under wishes.

1. Wishes that are understood to the last word are looked up by structure (`index.wishes`).
2. Else the query is a dish's name.
3. When no dish is found by it, or something must not be in it, the wishes in the sentence count that can
   be spotted (`index.spotting`). What was found by name and meets them comes first.

Nothing is shown, not even as the nearest dish, that has what the query says must not be in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.ports import Retrieval
from index.conditions import Wishes, labels
from index.facets import facets_of
from index.latin import in_chinese
from index.spotting import spotted_wishes
from index.spotting_intent import OCCASIONS, asks_for_no_dish, asks_for_one
from index.structured_search import STRUCTURE_SCORE, StructuredSearch, admits
from index.text import key_of, simplify, strip_shell
from index.wish_words import IMPLIED_WITHOUT
from index.wishes import wishes_of

_OCCASIONS = frozenset(labels(Wishes(tags=tuple(OCCASIONS))))

SearchByName = Callable[[str, int, frozenset[str]], Retrieval]
"""Finds the dish that a query names: (query, most hits, ids of recipes to leave out)."""


def wishes_in(query: str) -> Wishes | None:
    """What `query` wishes for, read as the search reads it: to the last word, else spotted."""
    asked = in_chinese(simplify(query))
    return wishes_of(asked) or spotted_wishes(asked)


class WishedSearch:
    """Decides by what a query is answered; safe to use from several threads.

    Args:
        structured: finds recipes by wishes.
        by_name: finds dishes by name.
        is_title: whether a query that reads like wishes is the very title of a recipe: 「快手下饭菜怎么做」.
    """

    def __init__(
        self, structured: StructuredSearch, by_name: SearchByName, is_title: Callable[[str], bool]
    ) -> None:
        self._structured = structured
        self._by_name = by_name
        self._is_title = is_title

    def search(self, query: str, limit: int, exclude: frozenset[str]) -> Retrieval:
        """The best recipes, at most `limit` unless the query says how many."""
        asked = in_chinese(simplify(query))
        if asks_for_no_dish(asked):
            return self._by_name(query, limit, exclude)
        wishes, found = wishes_of(asked), None
        if wishes is not None:
            if not wishes.subject and self._is_title(query):
                return self._by_name(query, limit, exclude)
            found = self._meeting(query, wishes, limit, exclude)
            if found is not None and not (found.refused and wishes.subject):
                return self._with_title_first(asked, wishes, found, limit, exclude)
        named = found or self._by_name(query, limit, exclude)
        spotted = spotted_wishes(asked)
        if spotted is None or not (named.refused or _is_told_apart(spotted, asked, named)):
            return named
        return self._spotted(query, spotted, named, limit, exclude)

    def _with_title_first(
        self, asked: str, wishes: Wishes, found: Retrieval, limit: int, exclude: frozenset[str]
    ) -> Retrieval:
        """The recipe whose title has the very words first, when one is asked for: 「快手下饭菜怎么做」."""
        if wishes.subject or found.refused or not asks_for_one(asked):
            return found
        named = self._by_name(asked, 1, exclude)
        words = key_of(strip_shell(asked))
        titled = [hit for hit in named.hits if words and words in key_of(hit.recipe.name)]
        return _with_named_first(found, replace(named, hits=tuple(titled)), wishes, limit)

    def _spotted(
        self, query: str, spotted: Wishes, named: Retrieval, limit: int, exclude: frozenset[str]
    ) -> Retrieval:
        is_named = not named.refused and key_of(named.hits[0].recipe.name) in key_of(query)
        if is_named and not spotted.free_of:
            return named  # what may be left out of a dish is told with it
        if is_named:
            under = replace(spotted, ingredients=(), tags=(), subject=named.hits[0].recipe.name)
            found = self._meeting(query, under, limit, exclude)
        else:
            found = self._meeting(query, spotted, limit, exclude) if spotted.asks_for else None
        if found is None or not found.hits:
            return _without(named, spotted)
        if _OCCASIONS.issuperset(found.relaxed):  # hardly a recipe says for whom and when it is
            found = replace(found, refused=False, relaxed=())
        if is_named:
            return found
        likest = replace(spotted, tags=()) if spotted.ingredients and asks_for_one(query) else spotted
        return _with_named_first(found, named, likest, limit)

    def _meeting(self, query: str, wishes: Wishes, limit: int, exclude: frozenset[str]) -> Retrieval | None:
        """Recipes that meet wishes; None when they may be a dish's name after all."""
        return self._structured.search(
            query,
            wishes,
            limit=limit,
            exclude=exclude,
            find_dish=lambda subject: self._by_name(subject, limit, exclude),
        )


def _is_told_apart(wishes: Wishes, query: str, named: Retrieval) -> bool:
    """Whether something must not be in what was found, and that is no part of its name: 「无油蛋糕」."""
    implied = {kind for tag in wishes.tags for kind in IMPLIED_WITHOUT.get(tag, ())}
    if not (wishes.free_of or set(wishes.without) - implied):
        return False
    return not any(word in query and word in simplify(named.hits[0].recipe.name) for word in "无不没免零别")


def _with_named_first(found: Retrieval, named: Retrieval, wishes: Wishes, limit: int) -> Retrieval:
    """What was found by name and meets the wishes, then the others."""
    alike = [hit for hit in named.hits if admits(wishes, facets_of(hit.recipe))]
    told = {hit.recipe.recipe_id for hit in alike}
    others = [hit for hit in found.hits if hit.recipe.recipe_id not in told]
    first = [replace(hit, score=STRUCTURE_SCORE) for hit in alike]
    return replace(found, hits=(*first, *others)[: max(limit, found.count)])


def _without(named: Retrieval, wishes: Wishes) -> Retrieval:
    """What was found by name, without what must not be in it; refused when the best goes."""
    must_not = Wishes(without=wishes.without, free_of=wishes.free_of)
    fitting = tuple(hit for hit in named.hits if admits(must_not, facets_of(hit.recipe)))
    return replace(named, hits=fitting, refused=named.refused or fitting[:1] != named.hits[:1])
