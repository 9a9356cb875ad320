"""RAG form: the bot's own prompt with a recipe in it; the answer keeps to that recipe.

Four variants. `whole` and `part` answer from the recipe and name it. `missing` asks for something that the
recipe does not say, `wrong` comes with the recipe of another dish: the answer says so and makes nothing
up. Half of the parts are asked as follow-ups; the answers before them were given with a recipe that is no
longer in the prompt, so they are not learned.
"""

from __future__ import annotations

from core.answering import WholeRecipe
from core.ports import ChatMessage
from core.recipe import Recipe
from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, conversation_of
from finetune.data.dish import Dish
from finetune.data.kinds.how_to_cook import FORMS
from finetune.data.kinds.parts import Part, missing_part, part_of
from finetune.data.kinds.phrasing import asked
from finetune.data.scene import Scene
from finetune.data.voice import Exchange, composed

_VARIANTS = ("whole", "whole", "whole", "part", "part", "part", "missing", "missing", "wrong", "wrong")
_UNTAUGHT_PARTS = ("scaling",)
"""The bot scales the recipe itself and says so in words of its own below the question."""


def make(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    """One of the variants; None when this recipe gives none of the drawn one."""
    variant = choice.of(_VARIANTS)
    if variant == "whole":
        question = asked(choice, FORMS, dish=dish.title)
        prompt = scene.voice.grounded_prompt(question, [dish.recipe])
        return _made(dish, prompt, grounded_whole(dish.recipe, question), variant)
    if variant == "wrong":
        return _wrong(dish, scene, choice)
    if variant == "missing":
        return _about(missing_part(dish.recipe, choice), dish, scene, choice, variant)
    part = part_of(dish.recipe, choice, but=_UNTAUGHT_PARTS)
    return None if part is None else _about(part, dish, scene, choice, variant)


def grounded_whole(recipe: Recipe, question: str) -> str:
    """The whole recipe, marked as taken from it."""
    return "\n".join([f"根据菜谱「{recipe.name}」：", *composed(WholeRecipe(), recipe, question)])


def _about(part: Part, dish: Dish, scene: Scene, choice: Choice, variant: str) -> TrainingConversation:
    """A part of the recipe: with the name in the question, or as a follow-up."""
    question, earlier = f"{dish.title}{part.question}", list[Exchange]()
    if choice.below(2):
        first = asked(choice, FORMS, dish=dish.title)
        question, earlier = part.question, [(first, grounded_whole(dish.recipe, first))]
    prompt = scene.voice.grounded_prompt(question, [part.recipe], earlier)
    answer = "\n".join(composed(part.aspect, part.recipe, question))
    return _made(dish, prompt, answer, f"{variant}:{part.name}")


def _wrong(dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
    others = scene.shelf.unlike(dish)
    if not others:
        return None
    other = choice.of(others)
    question = asked(choice, FORMS, dish=dish.title)
    answer = (
        f"菜谱没有写「{dish.title}」：查到的是「{other.recipe.name}」"
        f"（来源：{other.recipe.source or '没有写明'}），不是同一道菜，我不拿它凑数。\n"
        f"我的建议：换个叫法再问一次；想做「{other.title}」的话，告诉我一声。"
    )
    prompt = scene.voice.grounded_prompt(question, [other.recipe])
    return _made(other, prompt, answer, "wrong")


def _made(dish: Dish, prompt: list[ChatMessage], answer: str, variant: str) -> TrainingConversation:
    return conversation_of(
        prompt,
        answer,
        kind="grounded",
        variant=variant,
        dish=dish.key,
        recipe_id=dish.recipe.recipe_id,
        only_last=True,
    )
