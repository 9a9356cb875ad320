"""The dishes that came by lately, by what they are examples of: what suggestions are drawn from.

Bounded: a word keeps its latest dishes, and words that were not met for long are forgotten.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from finetune.data.dish import Dish

_DISHES_A_WORD = 24
_MOST_WORDS = 1000
_LATEST = 64


class Shelf:
    """Dishes of one split; nothing of the other split is ever on it."""

    def __init__(self) -> None:
        self._by_word: OrderedDict[str, deque[Dish]] = OrderedDict()
        self._latest: deque[Dish] = deque(maxlen=_LATEST)

    def put(self, dish: Dish) -> None:
        """Remember a dish."""
        self._latest.append(dish)
        for word in words_of(dish):
            shelved = self._by_word.setdefault(word, deque(maxlen=_DISHES_A_WORD))
            shelved.append(dish)
            self._by_word.move_to_end(word)
        while len(self._by_word) > _MOST_WORDS:
            self._by_word.popitem(last=False)

    def like(self, words: Iterable[str], but: Dish) -> list[Dish]:
        """Dishes to which all the words apply, each dish once, `but` left out."""
        first, *others = words
        found = {
            dish.key: dish
            for dish in self._by_word.get(first, ())
            if dish.key != but.key and all(word in words_of(dish) for word in others)
        }
        return list(found.values())

    def unlike(self, dish: Dish) -> list[Dish]:
        """Latest dishes that nobody would take for `dish`: neither name is within the other."""
        return [d for d in self._latest if d.key not in dish.key and dish.key not in d.key]


def words_of(dish: Dish) -> tuple[str, ...]:
    """Everything that a dish can be asked for by: labels and main ingredients."""
    return (*(label.word for label in dish.labels), *dish.mains)
