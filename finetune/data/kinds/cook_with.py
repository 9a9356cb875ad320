"""What can I cook with A and B."""

from __future__ import annotations

from core.composer_wording import listed
from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.phrasing import asked
from finetune.data.kinds.suggesting import fitting
from finetune.data.scene import Scene

FORMS = (
    "{a}和{b}能做什么菜",
    "{a}和{b}可以做什么",
    "家里有{a}、{b}，能做什么",
    "冰箱里只剩{a}和{b}了，做什么好",
    "用{a}跟{b}做道菜，有什么推荐",
    "手边有{a}还有{b}，教我做一道",
)
_MOST = 3


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """Dishes that need both, and what else each of them needs; None for a dish of fewer than two things."""
    if len(dish.mains) < 2:
        return None
    first, second = choice.several(dish.mains[:3], 2)
    dishes = fitting(dish, (first, second), scene, choice, _MOST)
    question = asked(choice, FORMS, a=first, b=second)
    lines = [f"用{first}和{second}可以做："]
    for number, one in enumerate(dishes, 1):
        lines.append(f"{number}. {one.listed}{_also_needed(one, {first, second})}")
    lines.append("缺的东西不方便买就告诉我，我看看能不能换。")
    return conversation_of(
        scene.voice.free_prompt(question),
        scene.voice.free_answer(lines),
        kind="cook_with",
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )


def _also_needed(dish: Dish, at_hand: set[str]) -> str:
    others = [item.name for item in dish.recipe.ingredients if item.name not in at_hand]
    return f"另外还要{listed(others)}。" if others else "别的都不用买。"
