"""Recommend N dishes of a category, a taste or another trait."""

from __future__ import annotations

from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.phrasing import asked, counted
from finetune.data.kinds.suggesting import fitting, numbered
from finetune.data.scene import Scene

FORMS = (
    "推荐{count}道{noun}",
    "给我推荐{count}道{noun}",
    "有什么好吃的{noun}，说{count}道",
    "想学{count}道{noun}，有推荐的吗",
    "周末想做{noun}，推荐{count}道",
    "列{count}道{noun}给我",
)
_FEWEST, _MOST = 2, 5


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """Exactly as many dishes as are asked for; None while too few of a kind came by."""
    if not dish.labels:
        return None
    label = choice.of(dish.labels)
    dishes = fitting(dish, [label.word], scene, choice, _FEWEST + choice.below(_MOST - _FEWEST + 1))
    if len(dishes) < _FEWEST:
        return None
    count = counted(len(dishes))
    question = asked(choice, FORMS, count=count, noun=label.noun)
    lines = [f"给你推荐{count}道{label.noun}：", *numbered(dishes, choice)]
    return conversation_of(
        scene.voice.free_prompt(question),
        scene.voice.free_answer(lines),
        kind="recommend",
        variant=label.sort,
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )
