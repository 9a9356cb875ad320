"""Plausible Chinese recipes in any number, and questions whose right answer is known: for measuring search.

    python -m tests.benchmarks.recipe_names --recipes 100000 --out corpus.jsonl --queries QUERIES/

Rows are XiaChuFang's. Some thirty thousand dishes (manner × ingredients, soups, staples, bakes) share the
recipes unevenly, so that the best known ones have hundreds and most have a few. Titles are decorated as
people decorate them: 【十分钟快手】外婆的红烧排骨（高压锅版）🍲. The same seed gives the same rows; none is
kept in memory. The number of a recipe's dish stands in its author: whoever judges hits needs no table.
"""

from __future__ import annotations

import argparse
import json
import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import opencc
from pypinyin import lazy_pinyin

from tests.benchmarks import recipe_words as words

DISHES = 30_000
SEED = 2026
_SIMPLE = 0.4
"""Dishes of one main ingredient are better known than others by about this."""
_SHELLS = ("{}", "{}怎么做", "{}的做法")
_COLLOQUIAL_SHELLS = (
    *("请问{}要怎么做才好吃呀", "我想吃{}了", "求{}的菜谱", "教我做{}吧", "今天想给孩子做个{}，该怎么做呢？"),
    *("在家怎么做{}", "{}需要哪些食材", "有没有{}的家常做法", "{}到底要怎么弄才行啊", "来一份{}"),
    *("你会做{}吗", "晚上想做{}，教教我", "{}怎么做比较简单", "我老公爱吃{}，怎么做好吃"),
)
KINDS = ("plain", "colloquial", "homophone", "dropped", "swapped", "traditional")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the number and the name of the dish that answers it."""

    query: str
    dish_number: int
    dish: str
    kind: str


@dataclass(slots=True)
class RecipeNames:
    """The dishes and what is made of them; everything follows from `seed`.

    Attributes:
        dishes: names, the best known first.
    """

    dish_count: int = DISHES
    seed: int = SEED
    dishes: tuple[str, ...] = ()
    _cumulated: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311 - reproducible, nothing secret
        dishes = dict.fromkeys((*_plain_dishes(), *_combinations()))
        simple = set(_plain_dishes())
        odds = {dish: chance.random() * (_SIMPLE if dish in simple else 1) for dish in dishes}
        self.dishes = tuple(sorted(dishes, key=odds.__getitem__)[: self.dish_count])
        self._cumulated = list(accumulate(1 / (rank + 20) ** 0.85 for rank in range(len(self.dishes))))

    def rows(self, count: int) -> Iterator[dict[str, Any]]:
        """`count` rows of the XiaChuFang corpus."""
        chance = random.Random(self.seed + 1)  # noqa: S311 - reproducible, nothing secret
        for number in range(count):
            dish_number = self._drawn(chance)
            yield _row(self.dishes[dish_number], dish_number, number, chance)

    def questions(self, kind: str, count: int, seed: int = 0) -> list[Question]:
        """`count` questions of a kind (see `KINDS`), half of them for dishes as popular as recipes are."""
        chance = random.Random(f"{self.seed} {seed} {kind}")  # noqa: S311 - reproducible, nothing secret
        known = set(self.dishes)
        asked: list[Question] = []
        while len(asked) < count:
            number = self._drawn(chance) if len(asked) % 2 else chance.randrange(len(self.dishes))
            said = _garbled(self.dishes[number], kind, chance)
            if said and (said == self.dishes[number] or said not in known):
                shells = _COLLOQUIAL_SHELLS if kind == "colloquial" else _SHELLS
                query = chance.choice(shells).format(said)
                asked.append(Question(_traditional(query, kind), number, self.dishes[number], kind))
        return asked

    def _drawn(self, chance: random.Random) -> int:
        return bisect_left(self._cumulated, chance.random() * self._cumulated[-1])


def dishes_for(recipes: int) -> int:
    """How many dishes as many recipes share: fifty recipes a dish, as in the corpus of 1.52 million."""
    return max(100, min(DISHES, recipes // 50))


def dish_number_of(source: str) -> int:
    """The number of a generated recipe's dish, from the source that its author became."""
    return int(source.rpartition("厨友")[2].partition("-")[0])


def _plain_dishes() -> Iterator[str]:
    """Dishes of one ingredient and one way to cook it."""
    pairs = (
        (words.MEATS, words.MEAT_MANNERS),
        (words.SEAFOOD, words.SEAFOOD_MANNERS),
        (words.GREENS, words.GREEN_MANNERS),
        (words.TOFU_AND_EGGS, words.TOFU_MANNERS),
    )
    for mains, manners in pairs:
        yield from (manner + main for main in mains for manner in manners)
    yield from (f"{f}{bake}" for f in words.FLAVOURS for bake in words.BAKES)


def _combinations() -> Iterator[str]:
    """Dishes of two ingredients, several times as many as are used."""
    mains = [*words.MEATS, *words.SEAFOOD, *words.TOFU_AND_EGGS]
    yield from (f"{g}{how}{m}" for m in mains for g in words.GREENS for how in words.TWO_MAINS)
    yield from (f"{g}{m}{soup}" for m in mains for g in words.GREENS for soup in words.SOUPS)
    yield from (f"{m}{kind}" for m in [*mains, *words.GREENS] for kind in words.STAPLE_KINDS)
    yield from (f"{m}炒{s}" for m in [*mains, *words.GREENS] for s in words.STAPLES)
    yield from (
        f"{f}{g}{b}" for f in words.FLAVOURS for g in words.FLAVOURS[:20] for b in words.BAKES if f != g
    )


def _row(dish: str, dish_number: int, number: int, chance: random.Random) -> dict[str, Any]:
    main = dish[-2:]
    others = chance.sample(words.SEASONINGS, chance.randint(2, 7))
    steps = chance.sample(words.STEPS, chance.randint(2, len(words.STEPS) - 2))
    name = _title(dish, chance)
    return {
        "name": name,
        "dish": dish if chance.random() < 0.7 else "Unknown",
        "description": "",
        "recipeIngredient": [f"{chance.choice(words.AMOUNTS)}{item}" for item in (main, *others)],
        "recipeInstructions": [
            step.format(main=main, minutes=chance.randint(1, 60), seasoning=others[0]) for step in steps
        ],
        "author": f"厨友{dish_number}-{number}",
        "keywords": [f"{dish}的做法", f"{dish}的家常做法", f"{dish}怎么做", f"{dish}怎么做好吃"],
    }


def _title(dish: str, chance: random.Random) -> str:
    """The dish as somebody would call it; one in four is left as it is."""
    name = dish
    for word, other in words.SYNONYMS.items():
        if word in name and chance.random() < 0.3:
            name = name.replace(word, other)
            break
    if chance.random() < 0.25:
        return name
    if chance.random() < 0.4:
        name = chance.choice(words.PREFIXES) + name
    if chance.random() < 0.35:
        bracket = chance.choice(("【{}】", "「{}」", "[{}]", "｜{}｜", "〖{}〗"))
        name = bracket.format(chance.choice(words.BRACKETED)) + name
    if chance.random() < 0.3:
        name += chance.choice(("（{}）", "({})", "【{}】")).format(chance.choice(words.BRACKETED))
    if chance.random() < 0.12:
        name += chance.choice(words.TAILS)
    if chance.random() < 0.1:
        name += chance.choice(words.EMOJI)
    return name


def _garbled(dish: str, kind: str, chance: random.Random) -> str:
    """The dish as it is said or typed in a question of this kind; "" when it cannot be said so."""
    characters = list(dish)
    place = chance.randrange(len(characters) - 1)
    if kind == "dropped":
        if len(characters) < 5:
            return ""
        characters.pop(place)
    elif kind == "swapped":
        if characters[place] == characters[place + 1] or len(characters) < 4:
            return ""
        characters[place : place + 2] = characters[place + 1], characters[place]
    elif kind == "homophone":
        share = chance.choice((0.4, 0.7, 1.0))
        heard = [_sounding_alike(c, chance) if chance.random() < share else c for c in characters]
        return "" if heard == characters else "".join(heard)
    return "".join(characters)


def _traditional(query: str, kind: str) -> str:
    return str(_to_traditional().convert(query)) if kind == "traditional" else query


@cache
def _to_traditional() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")


@cache
def _by_sound() -> dict[str, list[str]]:
    """Syllable → the common characters read so: level 1 of GB 2312."""
    table: dict[str, list[str]] = {}
    for row in range(0xB0, 0xD8):
        for cell in range(0xA1, 0xFF):
            character = bytes((row, cell)).decode("gb2312", "ignore")
            if character:
                table.setdefault(_sound(character), []).append(character)
    return table


@cache
def _sound(character: str) -> str:
    return str(lazy_pinyin(character)[0])


def _sounding_alike(character: str, chance: random.Random) -> str:
    return chance.choice(_by_sound().get(_sound(character), [character]))


def write_corpus(names: RecipeNames, count: int, path: Path) -> None:
    """Write `count` rows, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for row in names.rows(count):
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a corpus, and files of questions for `python -m index evaluate`."""
    parser = argparse.ArgumentParser(description="generated recipes and questions")
    parser.add_argument("--recipes", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--queries", type=Path, help="folder for files of questions")
    parser.add_argument("--count", type=int, default=300, help="questions of each kind")
    options = parser.parse_args(arguments)
    names = RecipeNames(dishes_for(options.recipes))
    write_corpus(names, options.recipes, options.out)
    if options.queries:
        options.queries.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            records = [
                {"query": asked.query, "relevant": [asked.dish], "kind": kind}
                for asked in names.questions(kind, options.count)
            ]
            lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            (options.queries / f"{kind}.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
