"""「我想吃…的菜」: a wish, answered with dishes that fit it."""

from __future__ import annotations

from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.phrasing import asked
from finetune.data.kinds.suggesting import fitting, numbered
from finetune.data.scene import Scene

_TASTE_AND_MAIN = (
    "我想吃{taste}的{main}",
    "我想吃{taste}一点的{main}，有什么菜",
    "想吃{main}，要{taste}口味的",
    "有没有{taste}的{main}做法",
)
_TASTE = ("我想吃{taste}的菜", "今天想吃点{taste}的", "想吃{taste}口味的，做什么好")
_MAIN = ("我想吃{main}做的菜", "想吃{main}了，做什么好", "{main}可以做什么好吃的")
_NOUN = ("我想吃{noun}", "今天想吃{noun}，做哪道好", "嘴馋了，想吃{noun}")
_MOST = 3


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """One to three dishes that have all that is wished for; None for a recipe of which nothing is known."""
    wishes = _wishes(dish, choice)
    if not wishes:
        return None
    forms, words = choice.of(wishes)
    dishes = fitting(dish, tuple(words.values()), scene, choice, _MOST)
    spoken = dict(words)
    if "noun" in words:
        spoken["noun"] = next(label.noun for label in dish.labels if label.word == words["noun"])
    question = asked(choice, forms, **spoken)
    lead = "可以做这道：" if len(dishes) == 1 else "这几道合适："
    return conversation_of(
        scene.voice.free_prompt(question),
        scene.voice.free_answer([lead, *numbered(dishes, choice)]),
        kind="wanting",
        variant="_and_".join(words),
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )


def _wishes(dish: Dish, choice: Choice) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """What this dish can be the answer to: forms, and the words for them."""
    tastes = [label.word for label in dish.labels if label.sort == "taste"]
    nouns = [label.word for label in dish.labels if label.sort != "taste"]
    wishes: list[tuple[tuple[str, ...], dict[str, str]]] = []
    if tastes and dish.mains:
        wishes += [(_TASTE_AND_MAIN, {"taste": choice.of(tastes), "main": dish.mains[0]})] * 2
    if tastes:
        wishes.append((_TASTE, {"taste": choice.of(tastes)}))
    if dish.mains:
        wishes.append((_MAIN, {"main": dish.mains[0]}))
    if nouns:
        wishes.append((_NOUN, {"noun": choice.of(nouns)}))
    return wishes
