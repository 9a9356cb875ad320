"""What the bot remembers of a chat, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.recipe import Recipe


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """One remembered message.

    Attributes:
        role: who spoke.
        text: the words.
        user_id: the author; for the assistant, the user who was answered.
        recipe: the recipe that an assistant's message was about, as it was shown (scaled, if it was).
        query: the full question that the recipe was found with, so that 「换一道」 can go on from it.
        picture_name: file name of the picture within the bot's picture folder, or "".
        refused: the assistant declined.
    """

    role: Literal["user", "assistant"]
    text: str
    user_id: str
    created_at: datetime
    recipe: Recipe | None = None
    query: str = ""
    picture_name: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """The current conversation of a chat, oldest message first, already bounded by count and age."""

    messages: tuple[HistoryMessage, ...] = ()

    @property
    def dish_at_hand(self) -> Recipe | None:
        """The recipe that the latest answer was about: what 「要多少盐」 refers to."""
        return next((m.recipe for m in reversed(self.messages) if m.recipe is not None), None)

    @property
    def last_query(self) -> str:
        """The full question that found the dish at hand, or ""."""
        return next((m.query for m in reversed(self.messages) if m.query), "")

    def query_behind(self, recipe: Recipe) -> str:
        """The full question that found `recipe`, or the last one."""
        shown = (m for m in reversed(self.messages) if m.recipe is not None and m.query)
        of_it = (m.query for m in shown if m.recipe is not None and m.recipe.recipe_id == recipe.recipe_id)
        return next(of_it, self.last_query)

    def shown_recipe_ids(self, query: str) -> frozenset[str]:
        """Ids of the recipes already shown for `query` in this conversation."""
        return frozenset(
            m.recipe.recipe_id for m in self.messages if m.recipe is not None and m.query == query
        )


@dataclass(frozen=True, slots=True)
class Preferences:
    """A user's own settings; None means the bot's default."""

    rag: bool = True
    image: bool = True
    voice: bool = False
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    max_output_tokens: int | None = None
