"""The ingredients of X."""

from __future__ import annotations

from core.answering import IngredientList
from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.phrasing import asked
from finetune.data.scene import Scene
from finetune.data.voice import composed, without_source

FORMS = (
    "{dish}需要哪些食材",
    "{dish}要准备什么材料",
    "做{dish}要买什么",
    "做{dish}需要哪些原料",
    "{dish}用什么做的",
    "{dish}的食材有哪些",
    "{dish}的配料表",
    "我要去买菜，做{dish}该买哪些",
)


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """The list with its amounts."""
    question = asked(choice, FORMS, dish=dish.title)
    lines = without_source(composed(IngredientList(), dish.recipe, question), dish.recipe)
    return conversation_of(
        scene.voice.free_prompt(question),
        scene.voice.free_answer(lines),
        kind="ingredients",
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )
