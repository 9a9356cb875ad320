"""「X怎么做」 and its other forms: the whole recipe."""

from __future__ import annotations

from core.answering import WholeRecipe
from core.recipe import Recipe
from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.phrasing import asked
from finetune.data.scene import Scene
from finetune.data.voice import composed, without_source

FORMS = (
    "{dish}怎么做",
    "{dish}怎么做",
    "{dish}的做法",
    "{dish}的做法是什么",
    "怎么做{dish}",
    "如何做{dish}",
    "{dish}怎么做好吃",
    "{dish}要怎么弄",
    "在家怎么做{dish}",
    "教我做{dish}",
    "我想学做{dish}",
    "想吃{dish}了，怎么做",
    "求{dish}的菜谱",
    "说说{dish}的详细步骤",
    "今天打算做{dish}，该怎么做",
    "{dish}的家常做法",
    "第一次做{dish}，步骤是什么",
    "给我一份{dish}的菜谱",
)


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """The recipe told whole, from memory."""
    name = _called(dish, choice)
    question = asked(choice, FORMS, dish=name)
    return conversation_of(
        scene.voice.free_prompt(question),
        scene.voice.free_answer(told(dish.recipe, question)),
        kind="how_to_cook",
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )


def told(recipe: Recipe, question: str) -> list[str]:
    """The lines of the whole recipe, without its source."""
    return without_source(composed(WholeRecipe(), recipe, question), recipe)


def _called(dish: Dish, choice: Choice) -> str:
    """Mostly the title; now and then an alias or the decorated name."""
    names = [dish.title] * 4 + [alias for alias in dish.recipe.aliases[:2] if 2 <= len(alias) <= 12]
    if dish.recipe.name != dish.title and len(dish.recipe.name) <= 30:
        names.append(dish.recipe.name)
    return choice.of(names)
