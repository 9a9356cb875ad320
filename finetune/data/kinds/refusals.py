"""Questions that are not about food, refused politely: alone, after a recipe, and in RAG form."""

from __future__ import annotations

from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.follow_ups import opening
from finetune.data.scene import Scene

_ANSWERS = (
    "这个我帮不上忙，我只会做菜。想吃什么告诉我，例如「{dish}怎么做」。",
    "抱歉，这不是做菜的事，我答不了。要不要问我一道菜，例如「{dish}怎么做」？",
    "我是教人做菜的，别的不懂，不想乱说。可以问我「{dish}怎么做」这样的问题。",
    "这个超出我的本行了：我只聊做菜、食材、厨具和饮食。想做什么菜，说菜名就行，例如「{dish}」。",
)
_VARIANTS = ("alone", "alone", "after_a_recipe", "grounded")


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """A refusal that offers the dish at hand instead; None when this split has no questions to refuse."""
    if not scene.refused:
        return None
    question = choice.of(scene.refused)
    answer = choice.of(_ANSWERS).format(dish=dish.title)
    variant = choice.of(_VARIANTS)
    if variant == "grounded":
        prompt = scene.voice.grounded_prompt(question, [dish.recipe])
    elif variant == "after_a_recipe":
        prompt = scene.voice.free_prompt(question, [opening(dish, scene, choice)])
    else:
        prompt = scene.voice.free_prompt(question)
    return conversation_of(
        prompt,
        answer,
        kind="refusals",
        variant=variant,
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
    )
