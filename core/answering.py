"""What a question is about, and who answers it: the types between the stages of the pipeline.

A question has a *subject* (the dish: named in it, or the one at hand) and an *aspect* (the whole
recipe, the amount of an ingredient, one step …). `core.understanding` finds both by rules,
`core.composer` answers from the recipe alone, `core.model_answerer` lets a language model answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.conversation import Conversation, Preferences
from core.messages import TextDelta
from core.ports import Hit
from core.recipe import Recipe
from core.stopping import StopSignal
from core.web_ports import WebPage


@dataclass(frozen=True, slots=True)
class WholeRecipe:
    """「宫保鸡丁怎么做」: the recipe as it stands."""


@dataclass(frozen=True, slots=True)
class AmountOf:
    """「要多少盐」; `ingredient` as the user calls it."""

    ingredient: str


@dataclass(frozen=True, slots=True)
class IngredientList:
    """「需要哪些食材」「要准备什么」: what goes in."""


@dataclass(frozen=True, slots=True)
class StepNumber:
    """「第三步再说一遍」; 1-based, -1 is the last step, 0 means all of them."""

    number: int


@dataclass(frozen=True, slots=True)
class TimeNeeded:
    """「需要多长时间」; `action` when a part is asked for (「炖多久」「腌多长时间」), else ""."""

    action: str = ""


@dataclass(frozen=True, slots=True)
class ForServings:
    """「改成四人份」: the amounts for so many people."""

    servings: int


@dataclass(frozen=True, slots=True)
class Without:
    """「没有料酒怎么办」「不放糖可以吗」「能用蜂蜜代替吗」; `substitute` if the user proposes one."""

    ingredient: str
    substitute: str = ""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """「少辣一点」「淡一点」「多放点蒜」; `quality` is 辣, 盐, 油, 糖, 酸, 麻 or an ingredient."""

    direction: Literal["less", "more"]
    quality: str


@dataclass(frozen=True, slots=True)
class Advice:
    """「有什么窍门」「会不会过敏」「要用什么锅」: what the recipe says about `topic`, if anything."""

    topic: Literal["tips", "allergens", "difficulty", "source", "servings", "other"]


@dataclass(frozen=True, slots=True)
class AnotherDish:
    """「换一道」: the next different recipe for the question that found the dish at hand."""


Aspect = (
    WholeRecipe
    | AmountOf
    | IngredientList
    | StepNumber
    | TimeNeeded
    | ForServings
    | Without
    | Adjusted
    | Advice
    | AnotherDish
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question, in its conversation; `stop` ends its answer early."""

    question: str
    conversation: Conversation = field(default_factory=Conversation)
    preferences: Preferences = field(default_factory=Preferences)
    stop: StopSignal = field(default_factory=StopSignal, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a turn asks for.

    Attributes:
        aspect: what is wanted of the dish.
        query: the full question to search with; "" when the dish at hand is meant.
        dish: the dish at hand, when the question is about it.
        exclude: ids of recipes that must not come back (「换一道」).
        certain: the rules are sure; otherwise a language model, when there is one, may rewrite the question.
        otherwise: what is meant when the search with `query` does not settle it (`core.readings`).
        by_name: only a dish that `query` names settles it, no list and no likely dish.
    """

    aspect: Aspect
    query: str = ""
    dish: Recipe | None = None
    exclude: frozenset[str] = frozenset()
    certain: bool = True
    otherwise: Understanding | None = None
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """Everything that an answer is made from. `recipe` is already scaled when the aspect asks for it.

    `recipe` is None when the user switched the index off, or when the index does not know the dish; `pages`
    are then what the web says of it, if it was asked.
    """

    turn: Turn
    understanding: Understanding
    recipe: Recipe | None
    alternatives: tuple[Hit, ...] = ()
    pages: tuple[WebPage, ...] = ()

    @property
    def only_near(self) -> bool:
        """Whether the recipe is merely the nearest to what was asked for, which the answer then says."""
        best = self.alternatives[0] if self.alternatives else None
        return best is not None and self.recipe is not None and _differs(best, self.recipe)


SURE_SCORE = 0.95
"""Below this chance of being what was asked for, an answer says that it is the nearest dish. Of the measured
queries with a right answer nine in ten score above; 「红烧牛肉面」 finds 「红烧肉」 at 0.7."""


def _differs(best: Hit, recipe: Recipe) -> bool:
    return best.recipe.recipe_id == recipe.recipe_id and best.score < SURE_SCORE


class Answerer(Protocol):
    """Writes the answer to a question whose recipe has been found."""

    def stream(self, request: AnswerRequest) -> AsyncGenerator[TextDelta, None]:
        """Yield the answer in pieces; closed early, it stops writing.

        Raises:
            GenerationError: no answer could be written.
        """
