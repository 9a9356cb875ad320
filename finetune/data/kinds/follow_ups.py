"""Several turns about one dish: amounts, time, substitution, scaling, a step, tips.

Right by construction: the bot's own composer answers from the recipe.
"""

from __future__ import annotations

from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.how_to_cook import FORMS, told
from finetune.data.kinds.parts import part_of
from finetune.data.kinds.phrasing import asked
from finetune.data.scene import Scene
from finetune.data.voice import Exchange, composed, without_source

_MOST_FOLLOW_UPS = 3


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """The recipe, then one to three questions about it; a scaled recipe stays scaled for what follows."""
    recipe = dish.recipe
    variants: list[str] = []
    exchanges = [opening(dish, scene, choice)]
    for _ in range(1 + choice.below(_MOST_FOLLOW_UPS)):
        part = part_of(recipe, choice, but=variants)
        if part is None:
            break
        lines = composed(part.aspect, part.recipe, part.question, original=recipe)
        answer = scene.voice.free_answer(without_source(lines, part.recipe))
        exchanges.append((part.question, answer))
        variants.append(part.name)
        recipe = part.recipe
    if not variants:
        return None
    *earlier, (question, answer) = exchanges
    return conversation_of(
        scene.voice.free_prompt(question, earlier),
        answer,
        kind="follow_ups",
        variant="+".join(variants),
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )


def opening(dish: Dish, scene: Scene, choice: Choice) -> Exchange:
    """The question for the whole recipe, and the recipe."""
    question = asked(choice, FORMS, dish=dish.title)
    return question, scene.voice.free_answer(told(dish.recipe, question))
