"""How the taught model speaks: the bot's own prompts, and answers put together by the bot's composer.

A model is asked in two ways (`core.prompts`): with recipes, and with the index switched off. Training
builds both prompts with the very functions of the bot; nothing of them is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from core.answering import AnswerRequest, Aspect, Turn, Understanding
from core.composer import Composer
from core.composer_wording import source_line
from core.conversation import HistoryMessage
from core.ports import ChatMessage
from core.prompts import answer_prompt, free_answer_prompt
from core.recipe import Recipe

FREE_FIRST_LINE = "我的建议（没有查菜谱）"
"""What the rules of `free_answer_prompt` want as the first line (a test holds them equal)."""
_WHENEVER = datetime(2000, 1, 1, tzinfo=UTC)
_ROOM_TOKENS = 1_000_000
_COMPOSER = Composer()

Exchange = tuple[str, str]
"""A question and the answer to it."""


class Voice:
    """Prompts and answers in the bot's way.

    Args:
        system: "bot", or the text of the system message when the index is off; "" for none.
        context_tokens: room for the prompt in RAG form.
    """

    def __init__(self, system: str, context_tokens: int) -> None:
        self._is_bots = system == "bot"
        self._system = (
            free_answer_prompt("", [], budget_tokens=_ROOM_TOKENS)[0].content if self._is_bots else system
        )
        self._context_tokens = context_tokens

    def free_prompt(self, question: str, earlier: Sequence[Exchange] = ()) -> list[ChatMessage]:
        """The prompt without recipes: `free_answer_prompt` when the system is the bot's."""
        system = [ChatMessage("system", self._system)] if self._system else []
        said = [
            message
            for asked, answered in earlier
            for message in (ChatMessage("user", asked), ChatMessage("assistant", answered))
        ]
        return [*system, *said, ChatMessage("user", question)]

    def free_answer(self, lines: Sequence[str]) -> str:
        """An answer from memory, with the first line that the bot's rules want."""
        return "\n".join([FREE_FIRST_LINE, *lines] if self._is_bots else lines)

    def grounded_prompt(
        self, question: str, recipes: Sequence[Recipe], earlier: Sequence[Exchange] = ()
    ) -> list[ChatMessage]:
        """The prompt with recipes, as the bot sends it."""
        history = [message for exchange in earlier for message in _remembered(exchange)]
        return answer_prompt(question, recipes, history, budget_tokens=self._context_tokens)


def composed(aspect: Aspect, recipe: Recipe, question: str, original: Recipe | None = None) -> list[str]:
    """The lines of the bot's own answer from the recipe, source included.

    Args:
        aspect: what is asked.
        recipe: already scaled when the aspect asks for it.
        question: the words of it.
        original: the recipe before scaling.
    """
    understanding = Understanding(aspect, dish=original or recipe)
    return _COMPOSER.compose(AnswerRequest(Turn(question), understanding, recipe)).split("\n")


def without_source(lines: Sequence[str], recipe: Recipe) -> list[str]:
    """Composed lines without the one that names the source: from memory there is none."""
    kept = list(lines)
    if kept[-1] == source_line(recipe) or kept[-1].startswith("来源："):
        kept.pop()
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _remembered(exchange: Exchange) -> tuple[HistoryMessage, HistoryMessage]:
    question, answer = exchange
    return (
        HistoryMessage("user", question, "", _WHENEVER),
        HistoryMessage("assistant", answer, "", _WHENEVER),
    )
