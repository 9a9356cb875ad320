"""What goes in and what comes out, free of any chat platform.

A channel turns a platform's event into an `IncomingMessage`; a handler answers with a stream of
`ReplyEvent`, the last of which carries the whole `Reply`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from core.recipe import Recipe


@dataclass(frozen=True, slots=True)
class ChatKey:
    """Where a conversation takes place: one per private chat, group, or topic of a group."""

    channel: str
    chat_id: str
    thread_id: str = ""


@dataclass(frozen=True, slots=True)
class UserKey:
    """Who is speaking; settings and personal data hang on it."""

    channel: str
    user_id: str


@dataclass(frozen=True, slots=True)
class VoiceNote:
    """A recording that a channel can fetch.

    Attributes:
        reference: what the channel fetches it by; means nothing to anybody else.
        size_bytes: as the platform says, unchecked; None when it does not say.
        duration_seconds: likewise.
    """

    reference: str
    size_bytes: int | None = None
    duration_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One message as a person sent it: written, or spoken (`voice`, with an empty or accompanying `text`).

    `message_id` is unique within its chat and the same when the platform delivers the message again.
    """

    chat: ChatKey
    user: UserKey
    message_id: str
    text: str
    received_at: datetime
    is_group: bool = False
    voice: VoiceNote | None = None


class Stage(StrEnum):
    """The stages of the pipeline, in the order in which they run."""

    TRANSCRIBE = "transcribe"
    REWRITE = "rewrite"
    RETRIEVE = "retrieve"
    WEB = "web"
    GENERATE = "generate"
    ILLUSTRATE = "illustrate"


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file made by the bot. A `card` is drawn from the recipe, a `photo` by a model."""

    path: Path
    media_type: str
    width: int
    height: int
    kind: Literal["card", "photo"]


@dataclass(frozen=True, slots=True)
class VoiceClip:
    """Speech made by the bot: a mono Opus stream in an Ogg container, the form of every platform's notes."""

    content: bytes
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file handed to the user, such as their exported data."""

    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Button:
    """A suggestion under a reply: pressing it says `message` in the user's name."""

    label: str
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        text: the complete answer as plain text with line breaks; enough on a channel that shows text only.
        lead: what to say above a recipe card on a channel that draws one in place of `text`.
        recipe: the recipe that the answer is about.
        shows_recipe: whether the answer presents `recipe` whole, so that a card is worth drawing.
        picture: the picture of the dish, when there is one.
        refused: the bot declined to answer: off topic, or not in its cookbook.
        buttons: suggestions for the next message.
        document: a file that comes with the answer.
        error_code: set when the text explains a failure (`BotError.code`).
        query: the full question that found `recipe`; kept in the history for 「换一道」.
        transcript: what was heard, when the question was spoken; shown above the answer as 「🎤 …」.
        read_aloud: the user wants the answer spoken as well (/voice on).
    """

    text: str
    lead: str = ""
    recipe: Recipe | None = None
    shows_recipe: bool = False
    picture: Picture | None = None
    refused: bool = False
    buttons: tuple[Button, ...] = ()
    document: Document | None = None
    error_code: str | None = None
    query: str = ""
    transcript: str = ""
    read_aloud: bool = False

    @property
    def card(self) -> Recipe | None:
        """The recipe whose card can take the text's place; None where the text says something of its own."""
        return self.recipe if self.shows_recipe and self.lead else None


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins; channels show that the bot is at work."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage ended after `duration_ms` milliseconds."""

    stage: Stage
    duration_ms: float


@dataclass(frozen=True, slots=True)
class StageProgress:
    """A stage is under way: `done` of `total` steps. A channel may show it; steps may be left out."""

    stage: Stage
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of a voice note, before it is answered. `Reply.transcript` says the same again."""

    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer's text. The pieces joined equal `Reply.text` unless `restart` was set."""

    text: str
    restart: bool = False
    """Drop what was streamed so far: the answer begins anew (a model broke off, the composer took over)."""


@dataclass(frozen=True, slots=True)
class TextFinished:
    """The text is complete; the picture may still follow."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class PictureFailed:
    """There will be no picture; the answer stands without it."""

    code: str


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """The last event of every answer: the whole of it, and how long each stage took."""

    reply: Reply
    timings_ms: dict[str, float] = field(default_factory=dict)


ReplyEvent = (
    StageStarted
    | StageProgress
    | StageFinished
    | Heard
    | TextDelta
    | TextFinished
    | PictureFailed
    | ReplyFinished
)
