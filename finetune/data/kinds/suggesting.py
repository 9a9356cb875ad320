"""What the kinds that suggest dishes share: a list of dishes that really fit, the dish at hand among them."""

from __future__ import annotations

from collections.abc import Sequence

from finetune.data.choice import Choice
from finetune.data.dish import Dish
from finetune.data.scene import Scene

_OFFERS = (
    "想做哪一道，告诉我菜名，我把做法讲给你。",
    "看中哪一道，说一声，我一步一步讲。",
    "要哪道的做法，直接说菜名就行。",
)


def fitting(dish: Dish, words: Sequence[str], scene: Scene, choice: Choice, most: int) -> list[Dish]:
    """The dish and others to which all of the words apply, in any order; from 1 to `most` dishes."""
    others = choice.several(scene.shelf.like(words, dish), most - 1)
    return choice.several([dish, *others], most)


def numbered(dishes: Sequence[Dish], choice: Choice) -> list[str]:
    """The dishes as a numbered list, and an offer."""
    return [*(f"{number}. {dish.listed}" for number, dish in enumerate(dishes, 1)), choice.of(_OFFERS)]
