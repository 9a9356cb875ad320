"""The roles that the assistant needs filled. Backends implement them; `bot/bootstrap.py` wires them.

Ears and voice are in `core.voice_ports`, what administrators work with in `core.operator_ports`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.conversation import Conversation, HistoryMessage, Preferences
from core.messages import ChatKey, Picture, UserKey
from core.recipe import Recipe

Vectors = NDArray[np.float32]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model picks its words; None leaves it to the backend's setting."""

    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None

    def over(self, defaults: Sampling) -> Sampling:
        """These choices, and those of `defaults` where nothing is chosen."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        return replace(defaults, **chosen)


class LanguageModel(Protocol):
    """Writes the next message of a chat."""

    @property
    def name(self) -> str:
        """What backs it, for `check` and logs: backend and model."""

    def stream(self, messages: Sequence[ChatMessage], sampling: Sampling) -> AsyncGenerator[str, None]:
        """Yield the answer in pieces as it is written; closed early, it hangs up on the model.

        Raises:
            ModelError: see `core.errors`; may be raised after some pieces were yielded.
        """

    async def check(self) -> str:
        """Make one small real call and say what answered.

        Raises:
            ModelError: the model does not answer.
        """

    async def close(self) -> None:
        """Release connections."""


class Embedder(Protocol):
    """Turns short texts into vectors whose dot product is their likeness."""

    @property
    def name(self) -> str:
        """Backend and model, as written into an index's manifest."""

    @property
    def revision(self) -> str:
        """Version of the weights; vectors of different revisions must not be mixed."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        """Embed `texts`: float32 [len(texts), dimension], L2-normalised. Blocking: call it in a thread.

        Raises:
            ModelError: the model failed; no partial result.
        """

    def check(self) -> str:
        """Make one small real call and say in a line what answered. Blocking.

        Raises:
            ModelError: the model does not work.
        """


class Reranker(Protocol):
    """Judges how well passages answer a question, reading both together."""

    @property
    def name(self) -> str:
        """Backend and model."""

    @property
    def revision(self) -> str:
        """Version of the weights."""

    def rerank(self, query: str, passages: Sequence[str]) -> Scores:
        """A score for each of `passages`: float32 [len(passages)] in [0, 1]. Blocking: call it in a thread.

        Raises:
            ModelError: the model failed; no partial result.
        """

    def check(self) -> str:
        """Make one small real call and say in a line what answered. Blocking.

        Raises:
            ModelError: the model does not work.
        """


@dataclass(frozen=True, slots=True)
class Hit:
    """A recipe that answers a query. `score` in [0, 1] is the calibrated chance that it is the right one."""

    recipe: Recipe
    score: float
    matched_question: str


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What the index says about a query, best hit first.

    When `refused` is set, `hits` are merely the nearest dishes, good for 「你是想问…吗？」, not an answer.

    Attributes:
        is_choice: a kind of dish was asked for (「清淡的下饭菜」), and each hit is an equally good answer.
        wanted: the conditions that were read in the query, each in a word or two.
        relaxed: those of `wanted` that no recipe meets beside the others; a refusal's hits meet the others.
        count: how many dishes were asked for; 0 when not said.
    """

    query: str
    hits: tuple[Hit, ...]
    refused: bool
    is_choice: bool = False
    wanted: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    count: int = 0


class Retriever(Protocol):
    """Finds recipes for a full question."""

    async def search(self, query: str, *, limit: int = 5, exclude: frozenset[str] = frozenset()) -> Retrieval:
        """Search for `query`; recipes whose id is in `exclude` are left out.

        Raises:
            RetrievalError: the index cannot be searched.
        """

    def describe(self) -> str:
        """One line for `check`: number of recipes, of questions, what backs the vectors."""


class ImageGenerator(Protocol):
    """Makes a picture of a dish."""

    @property
    def name(self) -> str:
        """What backs it."""

    async def draw(self, recipe: Recipe, progress: Progress | None = None) -> Picture:
        """Make (or take from the cache) the picture of `recipe`. Cancelled, it stops soon.

        Args:
            recipe: what to show.
            progress: told of each step of something long, on the event loop.

        Raises:
            IllustrationError: no picture could be made.
        """


class History(Protocol):
    """Conversations and their messages."""

    async def current(self, chat: ChatKey) -> Conversation:
        """The chat's current conversation, bounded by count and age."""

    async def append(
        self, chat: ChatKey, messages: Sequence[HistoryMessage], *, message_id: str = ""
    ) -> None:
        """Add messages to the current conversation, all or none.

        `message_id` is the platform's id of the message that was answered; what was stored under it
        before is replaced.

        Raises:
            StorageError: nothing was stored.
        """

    async def retract(self, chat: ChatKey, message_id: str) -> int:
        """Take back what was stored under `message_id`; returns the number of messages deleted."""

    async def start_new(self, chat: ChatKey) -> None:
        """Begin a new conversation; the old one stays readable in `recent`."""

    async def recent(self, chat: ChatKey, *, limit: int) -> tuple[HistoryMessage, ...]:
        """The chat's latest messages over all conversations, oldest first."""

    async def set_picture(self, chat: ChatKey, picture_name: str) -> None:
        """Record the picture of the latest assistant message of the chat."""


class Profiles(Protocol):
    """Users' own settings."""

    async def preferences(self, user: UserKey) -> Preferences:
        """The user's settings, defaults for a new user."""

    async def save(self, user: UserKey, preferences: Preferences) -> None:
        """Store the user's settings."""


class PersonalData(Protocol):
    """Everything stored about one user."""

    async def export(self, user: UserKey) -> dict[str, Any]:
        """All of it, as JSON-serialisable data."""

    async def forget(self, user: UserKey) -> int:
        """Delete all of it; returns the number of messages deleted."""


Progress = Callable[[int, int], None]
"""Called with (done, total) while something long is under way."""
