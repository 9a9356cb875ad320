"""The roles that the assistant needs filled. Backends implement them; `bot/bootstrap.py` wires them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.conversation import Conversation, HistoryMessage, Preferences
from core.messages import ChatKey, IncomingMessage, Picture, UserKey
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
class Waveform:
    """Mono sound: int16 [n] at `sample_rate_hz`, full scale ±32,767."""

    samples: NDArray[np.int16]
    sample_rate_hz: int

    @property
    def duration_seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.sample_rate_hz


class SpeechToText(Protocol):
    """Writes down what is said."""

    @property
    def name(self) -> str:
        """What backs it: backend and model."""

    async def transcribe(self, waveform: Waveform, *, hotwords: Sequence[str] = ()) -> str:
        """Write down `waveform` (16 kHz).

        Args:
            waveform: what was recorded.
            hotwords: words to expect; a backend that takes none ignores them.

        Returns:
            The words; "" when there was no speech in it.

        Raises:
            ModelError: the model failed, has too many calls waiting, or took too long.
        """

    async def check(self) -> str:
        """Make one small real call and say what answered.

        Raises:
            ModelError: the model does not work.
        """

    async def close(self) -> None:
        """Release what it holds."""


class SpeechSynthesizer(Protocol):
    """Reads text aloud, in Mandarin."""

    @property
    def name(self) -> str:
        """What backs it: backend, model and voice."""

    async def synthesize(self, text: str) -> Waveform:
        """Speak `text`, a sentence or two of plain words without digits or units, at any rate.

        Raises:
            ModelError: the model failed or took too long.
        """

    async def check(self) -> str:
        """Make one small real call and say what answered.

        Raises:
            ModelError: the model does not work.
        """

    async def close(self) -> None:
        """Release what it holds."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a misheard sentence was probably meant to say.

    Attributes:
        text: the sentence, the dish's name corrected; as it was when nothing like a dish was in it.
        dish: the dish's name as the index has it; "" when there is none.
        confidence: in [0, 1], the chance that `dish` is what was said; 1 when there was nothing to correct.
        alternatives: names that sound alike, most likely first, `dish` not among them.
    """

    text: str
    dish: str = ""
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()


class DishCorrector(Protocol):
    """Knows how the dishes of the index sound."""

    async def correct(self, transcript: str) -> Correction:
        """Correct the dish's name in what speech recognition heard.

        Raises:
            RetrievalError: the index cannot be searched.
        """

    def hotwords(self, limit: int) -> tuple[str, ...]:
        """The dishes' names that are most worth expecting, at most `limit`."""


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
    """

    query: str
    hits: tuple[Hit, ...]
    refused: bool


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


@dataclass(frozen=True, slots=True)
class Usage:
    """What is stored of people's questions: who asked, how many, how many were declined."""

    users: int = 0
    questions: int = 0
    refused: int = 0


class Statistics(Protocol):
    """Counts what is stored; what was purged or forgotten does not count."""

    async def usage(self, since: datetime | None = None) -> Usage:
        """What was asked at or after `since`, or ever."""


class ChatDirectory(Protocol):
    """The chats whose conversation is stored."""

    async def chats(self, *, without: Collection[UserKey] = ()) -> tuple[ChatKey, ...]:
        """All in which somebody not in `without` asked something, a forum's latest topic for all of it."""


class BlockList(Protocol):
    """Users who get no answer any more."""

    async def blocked(self) -> frozenset[UserKey]:
        """All of them."""

    async def block(self, user: UserKey) -> bool:
        """Add `user`; returns whether they were not on it.

        Raises:
            StorageError: nothing was changed.
        """

    async def unblock(self, user: UserKey) -> bool:
        """Remove `user`; returns whether they were on it.

        Raises:
            StorageError: nothing was changed.
        """


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What people are told of the model that answers.

    Attributes:
        name: backend and model.
        is_language_model: False for the composer, which writes nothing of its own.
        is_local: whether it runs in this process.
        where: device and numbers, once it is loaded here; "" before that and elsewhere.
        sampling: what a user gets who chose nothing; its length is the most that anybody gets.
        honours: the fields of `Sampling` that it minds.
    """

    name: str = "composer"
    is_language_model: bool = False
    is_local: bool = False
    where: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    honours: frozenset[str] = frozenset()


class ModelSwitch(Protocol):
    """Changes the model that answers, for everybody."""

    @property
    def choices(self) -> tuple[str, ...]:
        """Names of the models that may be chosen, the configured one first."""

    def describe(self) -> ModelFacts:
        """What people are told of the model that answers."""

    async def use(self, name: str) -> str:
        """Let the model `name`, one of `choices`, answer from now on and after a restart.

        Returns:
            What answered when it was tried; "" when there was nothing to try.

        Raises:
            SettingsError: it cannot be loaded; the one before goes on.
            ModelError: likewise, or it does not answer.
            StorageError: the choice cannot be kept; the one before goes on.
        """


class OperatorSettings(Protocol):
    """What administrators set while the bot runs: a few named texts, the same for everybody."""

    async def get(self, name: str) -> str | None:
        """What is set; None when nothing is."""

    async def put(self, name: str, value: str | None) -> None:
        """Set it; None takes it back.

        Raises:
            StorageError: nothing was changed.
        """


class Workload(Protocol):
    """What the running process is at."""

    @property
    def waiting(self) -> int:
        """Accepted messages that are not answered yet."""

    @property
    def failed(self) -> int:
        """Answers since the start that were an apology for an error."""


class Broadcaster(Protocol):
    """Writes to every chat that the bot knows."""

    async def audience(self, asked: IncomingMessage) -> int:
        """How many chats a broadcast would go to; that of `asked` is none of them."""

    async def send(self, text: str, asked: IncomingMessage) -> int:
        """Put `text` on its way for good and return to how many chats; their number reached is told later.

        The same `asked` again sends nothing new.

        Raises:
            StorageError: some of it may not be on its way; ask again with the same message.
        """


@dataclass(frozen=True, slots=True)
class BroadcastAudience:
    """Whom a broadcast is for: how many chats in all, and those that it is still under way to."""

    total: int
    under_way: tuple[ChatKey, ...]


@dataclass(frozen=True, slots=True)
class BroadcastResult:
    """What became of a broadcast.

    Attributes:
        asked: the order, without its words.
        sent: chats that got it.
        gone: chats that are not there any more.
        failed: chats that did not get it for another reason.
    """

    asked: IncomingMessage
    sent: int
    gone: int
    failed: int


class BroadcastLog(Protocol):
    """Broadcasts under way, kept so that a restart forgets none."""

    async def begin(
        self, broadcast_id: str, asked: IncomingMessage, chats: Collection[ChatKey]
    ) -> BroadcastAudience:
        """Note whom a broadcast is for. The same one again changes nothing: who is left is returned.

        Raises:
            StorageError: nothing was noted.
        """

    async def settle(self, broadcast_id: str, chat: ChatKey, outcome: str) -> BroadcastResult | None:
        """Note what became of it in a chat: "sent", "gone" or else. Again for the same chat, nothing changes.

        Returns:
            The result, once all is known; None before, and for a broadcast that was never begun.

        Raises:
            StorageError: it may not have been noted.
        """


Progress = Callable[[int, int], None]
"""Called with (done, total) while something long is under way."""
