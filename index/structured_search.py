"""Search by wishes (`index.wishes`): over all segments, checked against each recipe, relaxed only in words.

1. The wishes become terms of `index.recipe_lookup`; recipes that say of themselves what is wished for, or
   that have the ingredients in their name, come before those of which it is inferred.
2. Every recipe that comes up is held against every wish itself; one that does not meet them is not shown.
3. One recipe a dish.
4. When nothing meets all wishes, the softest is given up, then the next: `Retrieval.relaxed` says which. What
   must not be in a dish is never given up, nor whom it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.ports import Hit, Retrieval
from core.recipe import Recipe
from core.word_table import word_set
from index.facets import UNKNOWN_ALLERGENS, Facets, facets_of
from index.kinds import ingredient_term, kind_called, kind_of, spellings
from index.questions import question_of
from index.recipe_lookup import FOLDER, Found, RecipeLookup, Terms, name_pairs
from index.segment import Segment, id_hash
from index.text import key_of
from index.wish_words import IMPLIED_WITHOUT
from index.wishes import Wishes, labels

STRUCTURE_SCORE = 1.0
"""A recipe that meets every wish is a right answer, by structure rather than by likeness."""
POOL = 200
"""How many of the best-ranked recipes with some ingredients are ordered by how little else they need."""
_MOST_READ = 60
"""How many recipes are read at most for one list: those of one dish crowd each other out."""
_HARD_TAGS = frozenset(IMPLIED_WITHOUT)
_NO_MEAL = ("酱料", "饮品", "甜品", "烘焙")
_NO_DISH = ("酱料",)
_OPEN_TAGS = word_set(
    "甜品 烘焙 饮品 早餐 小吃 宝宝 儿童 甜 夏 酱料 元宵 清明 端午 中秋 冬至 圣诞 生日 野餐 奶香 免烤 烤箱"
    " 微波炉 主食 低糖"
)
"""Who wishes for these may mean something sweet or to drink; otherwise a list of dishes has none of them."""
_GROUPS = {
    "海鲜": "水产",
    "河鲜": "水产",
    "内脏": "内脏",
    "下水": "内脏",
    "猪下水": "内脏",
    "豆制品": "豆制品",
}
"""Words for many kinds of food at once, which no list of ingredients names."""
_SOFTNESS = (
    word_set("春 夏 秋 冬 节日 聚会 野餐 生日 圣诞 情人节 冬至 元宵 清明"),
    None,  # the time
    word_set(
        "清淡 咸鲜 蒜香 酱香 奶香 葱香 五香 鱼香 咖喱 孜然 低糖 酸 甜 酸甜 糖醋 辣 麻辣 香辣 酸辣 椒盐 苦"
    ),
    word_set("下饭 快手 懒人 下酒 便当 宴客 家常菜 家常 减脂 老人 夜宵 早餐 年夜饭"),
)
"""Which wishes are given up, the softest first; what is in none of these comes later, ingredients last."""

DishSearch = Callable[[str], Retrieval]
"""Finds the dish of a name, whatever its recipes are made of."""


@dataclass(frozen=True, slots=True)
class _Shelf:
    segment: Segment
    lookup: RecipeLookup

    def dish(self, row: int) -> str:
        return self.segment.form(int(self.segment.traits["dish"][row]))


class StructuredSearch:
    """Search by wishes over the segments of an index; safe to use from several threads.

    Raises:
        IndexCorruptError: a segment's index of recipes cannot be opened, or later not be searched.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._shelves = tuple(_Shelf(s, RecipeLookup(s.folder / FOLDER)) for s in segments)

    def search(
        self, query: str, wishes: Wishes, *, limit: int, exclude: frozenset[str], find_dish: DishSearch
    ) -> Retrieval | None:
        """The recipes that meet `wishes`, best first; refused with the nearest when none does.

        None when it is a list of ingredients of which some are in no recipe: then it may be a dish's name.

        Args:
            query: the question as it was asked.
            wishes: what was read in it.
            limit: most recipes, unless more are wished for.
            exclude: ids of recipes that must not come back.
            find_dish: looks up the subject, if there is one.
        """
        limit = max(limit, wishes.count)
        wishes = replace(wishes, ingredients=tuple(map(self._as_called, wishes.ingredients)))
        if wishes.subject:
            return self._of_dish(query, wishes, limit, exclude, find_dish(wishes.subject))
        if wishes == Wishes(ingredients=wishes.ingredients) and not all(
            map(self._is_known, wishes.ingredients)
        ):
            return None
        shown = self._dishes_of(exclude)
        for relaxed in _relaxations(wishes):
            hits = self._hits(relaxed, limit, exclude, shown)
            if hits:
                given_up = tuple(label for label in labels(wishes) if label not in labels(relaxed))
                return Retrieval(
                    query, hits, bool(given_up), True, labels(wishes), given_up, count=wishes.count
                )
        return Retrieval(query, (), True, True, labels(wishes), count=wishes.count)

    def _of_dish(
        self, query: str, wishes: Wishes, limit: int, exclude: frozenset[str], named: Retrieval
    ) -> Retrieval:
        """Recipes of one dish that meet the wishes; refused with other dishes that do, when there is none."""
        if not wishes.has_conditions:
            return replace(named, query=query)
        told = labels(wishes)
        if named.refused or not named.hits:
            fitting = tuple(hit for hit in named.hits if admits(wishes, facets_of(hit.recipe)))
            return Retrieval(query, fitting, True)
        best = named.hits[0]
        dish = best.matched_question.removesuffix(question_of(""))
        hits = self._hits(wishes, limit, exclude, frozenset(), dish)
        if hits:
            return Retrieval(query, tuple(replace(hit, score=best.score) for hit in hits), False, wanted=told)
        if wishes.max_minutes is not None:
            slower = self._hits(replace(wishes, max_minutes=None), limit, exclude, frozenset(), dish)
            if slower:
                return Retrieval(
                    query, slower, True, wanted=told, relaxed=(f"{wishes.max_minutes} 分钟以内",)
                )
        alike = replace(wishes, subject="", ingredients=_made_of(best.recipe))
        return Retrieval(query, self._hits(alike, limit, exclude, frozenset()), True, wanted=told)

    def _as_called(self, ingredient: str) -> str:
        """`ingredient`, or its kind when no recipe calls it so: 鸭肉 for 半只鸭."""
        return ingredient if self._is_known(ingredient) else kind_of(ingredient) or ingredient

    def _is_known(self, ingredient: str) -> bool:
        return ingredient in _GROUPS or any(
            shelf.lookup.has("ingredients", ingredient_term(ingredient)) for shelf in self._shelves
        )

    def _dishes_of(self, recipe_ids: frozenset[str]) -> frozenset[str]:
        """The dishes of recipes that were shown: a list goes on with other dishes."""
        rows = ((shelf, shelf.segment.row_with_id(id_hash(i))) for shelf in self._shelves for i in recipe_ids)
        return frozenset(shelf.dish(row) for shelf, row in rows if row is not None)

    def _hits(
        self, wishes: Wishes, limit: int, exclude: frozenset[str], shown: frozenset[str], dish: str = ""
    ) -> tuple[Hit, ...]:
        hits: list[Hit] = []
        seen: set[str] = set(shown)
        for shelf, row in self._candidates(wishes, dish):
            named = shelf.dish(row)
            if (named in seen and not dish) or shelf.segment.is_removed(row):
                continue
            recipe = shelf.segment.recipe(row)
            if recipe.recipe_id in exclude or not admits(wishes, facets_of(recipe)):
                continue
            if dish and not _is_called(dish, recipe):
                continue
            seen.add(named)
            hits.append(Hit(recipe, STRUCTURE_SCORE, question_of(named)))
            if len(hits) == limit:
                break
        return tuple(hits)

    def _candidates(self, wishes: Wishes, dish: str) -> Iterator[tuple[_Shelf, int]]:
        """Rows in the order in which they are offered, each once, at most `_MOST_READ` of them."""
        given: set[tuple[str, int]] = set()
        pool = POOL if wishes.ingredients else _MOST_READ
        for sure in (True, False):
            terms = _terms(wishes, dish, sure=sure)
            if sure and terms == _terms(wishes, dish, sure=False):
                continue
            found = [(shelf, hit) for shelf in self._shelves for hit in shelf.lookup.rows(terms, pool)]
            found.sort(key=lambda pair: _order(pair[1], wishes))
            for shelf, hit in found:
                place = shelf.segment.name, hit.row
                if place in given:
                    continue
                given.add(place)
                yield shelf, hit.row
                if len(given) == _MOST_READ:
                    return


def admits(wishes: Wishes, facets: Facets) -> bool:
    """Whether a recipe meets every wish but the subject: what is shown has passed this.

    Of allergens the careful answer counts: a recipe of which one cannot know what it contains is left out.
    """
    if wishes.free_of and (facets.allergens & {*wishes.free_of, UNKNOWN_ALLERGENS}):
        return False
    if any(_touches(name, facets) for name in wishes.without):
        return False
    if not all(_is_made_of(name, facets) for name in wishes.ingredients):
        return False
    if not facets.tags.issuperset(wishes.tags):
        return False
    minutes = facets.minutes
    return wishes.max_minutes is None or (minutes is not None and minutes <= wishes.max_minutes)


def _is_made_of(name: str, facets: Facets) -> bool:
    if name in _GROUPS:
        return _GROUPS[name] in facets.kinds
    return ingredient_term(name) in facets.ingredients


def _touches(name: str, facets: Facets) -> bool:
    kind = kind_called(name)
    if kind:
        return kind in facets.kinds
    return ingredient_term(name) in facets.ingredients or any(word in facets.text for word in spellings(name))


def _made_of(recipe: Recipe) -> tuple[str, ...]:
    """The kind of food that a dish is named after, for offering another dish of it; () for none."""
    return tuple(term[1:] for term in sorted(facets_of(recipe).titled) if term.startswith("="))[:1]


def _is_called(dish: str, recipe: Recipe) -> bool:
    return any(key_of(dish) in key_of(name) for name in (recipe.name, *recipe.aliases))


def _terms(wishes: Wishes, dish: str, *, sure: bool) -> Terms:
    tags = [("sure" if sure and tag not in _HARD_TAGS else "tags", tag) for tag in wishes.tags]
    foods = [
        ("kinds", _GROUPS[name])
        if name in _GROUPS
        else ("titled" if sure else "ingredients", ingredient_term(name))
        for name in wishes.ingredients
    ]
    none_of = [("allergens", group) for group in wishes.free_of]
    if wishes.free_of:
        none_of.append(("allergens", UNKNOWN_ALLERGENS))
    for name in wishes.without:
        kind = kind_called(name)
        none_of.append(("kinds", kind) if kind else ("ingredients", ingredient_term(name)))
    if not dish and not _OPEN_TAGS.intersection(wishes.tags):
        none_of += [("sure", tag) for tag in (_NO_DISH if wishes.ingredients else _NO_MEAL)]
    names = name_pairs(dish) if dish else ()
    return Terms((*names, *tags, *foods), tuple(none_of), wishes.max_minutes)


def _order(found: Found, wishes: Wishes) -> tuple[int, int]:
    """For who lists ingredients, what needs least besides comes first; otherwise the best suggestion."""
    besides = max(0, found.mains - len(wishes.ingredients)) if wishes.ingredients else 0
    return besides, -found.rank


def _relaxations(wishes: Wishes) -> Iterator[Wishes]:
    """`wishes`, then one soft wish less, the softest first, then all but the hardest of them."""
    yield wishes
    removals = list(_removals(wishes))
    for remove in removals:
        yield remove(wishes)
    remaining = wishes
    for remove in removals:
        remaining = remove(remaining)
        if remaining.has_conditions:
            yield remaining


def _removals(wishes: Wishes) -> Iterator[Callable[[Wishes], Wishes]]:
    known = frozenset().union(*(tags for tags in _SOFTNESS if tags is not None))
    for tags in (*_SOFTNESS, frozenset(wishes.tags) - known - _HARD_TAGS):
        if tags is None:
            if wishes.max_minutes is not None:
                for minutes in (2 * wishes.max_minutes, 4 * wishes.max_minutes, None):
                    yield lambda w, minutes=minutes: replace(w, max_minutes=minutes)  # type: ignore[misc]
            continue
        for tag in wishes.tags:
            if tag in tags and (len(wishes.tags) > 1 or wishes.ingredients or wishes.max_minutes):
                yield lambda w, tag=tag: replace(w, tags=tuple(t for t in w.tags if t != tag))  # type: ignore[misc]
    if len(wishes.ingredients) > 1:
        for name in reversed(wishes.ingredients):
            yield lambda w, name=name: replace(  # type: ignore[misc]
                w, ingredients=tuple(i for i in w.ingredients if i != name) or w.ingredients
            )


__all__ = ["StructuredSearch", "admits"]
