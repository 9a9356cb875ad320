"""What is special about X: what the recipe itself shows, and nothing that it does not."""

from __future__ import annotations

import re

from core.composer_wording import difficulty, duration
from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.phrasing import asked
from finetune.data.scene import Scene

FORMS = (
    "{dish}有什么特点",
    "{dish}有什么特色",
    "{dish}是一道什么样的菜",
    "介绍一下{dish}",
    "{dish}特别在哪里",
    "{dish}好吃在哪儿",
)
_FORMS_OF_TASTE = ("{dish}是什么味道的", "{dish}是什么口味")
_FEWEST_FACTS = 3
_METHODS = re.compile("油炸|清蒸|红烧|凉拌|烤|蒸|炖|焖|煎|炸|卤|煲|炒|煮|拌|腌")
_MOST_METHODS = 3


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """Facts in sentences; None for a recipe that shows fewer than three of them."""
    facts = _facts(dish)
    if len(facts) < _FEWEST_FACTS:
        return None
    has_taste = any(label.sort == "taste" for label in dish.labels)
    question = asked(choice, FORMS + _FORMS_OF_TASTE if has_taste else FORMS, dish=dish.title)
    lines = [f"「{dish.title}」的特点：", *(f"· {fact}" for fact in facts)]
    if dish.recipe.tips:
        lines += ["做好它的关键：", *(f"· {tip}" for tip in dish.recipe.tips[:2])]
    return conversation_of(
        scene.voice.free_prompt(question),
        scene.voice.free_answer(lines),
        kind="special",
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )


def _facts(dish: Dish) -> list[str]:
    recipe, facts = dish.recipe, []
    belongs = [label.word for label in dish.labels if label.sort in {"cuisine", "category"}]
    if belongs:
        facts.append(f"类别：{'、'.join(belongs)}。")
    tastes = [label.word for label in dish.labels if label.sort == "taste"]
    if tastes:
        facts.append(f"口味：{'、'.join(tastes)}。")
    if dish.mains:
        facts.append(f"主料：{'、'.join(dish.mains)}。")
    if methods := list(dict.fromkeys(_METHODS.findall("".join(recipe.steps))))[:_MOST_METHODS]:
        facts.append(f"做法：用到{'、'.join(methods)}，一共 {len(recipe.steps)} 步。")
    if recipe.minutes is not None:
        facts.append(f"时间：约 {duration(recipe.minutes)}。")
    if recipe.difficulty is not None:
        facts.append(f"难度：{difficulty(recipe.difficulty)}。")
    return facts
