"""The contract between the durable inbox and the channels that people write to.

A channel turns platform events into `IncomingMessage`s and hands each to `Accept`, which returns only
once the message is stored; only then may the channel acknowledge it to the platform. The inbox later
has the message answered and asks the same channel to deliver, possibly after a restart: a channel
finds everything it needs for that in the message itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp.web import RouteDef

from core.messages import IncomingMessage, Picture, Reply, ReplyEvent, VoiceClip

Accept = Callable[[IncomingMessage], Awaitable[None]]
"""Store a message for processing; the same (chat, message_id) again is stored once.

Raises:
    StorageError: it could not be stored, so it must not be acknowledged.
"""


MAX_HEARD_CHARACTERS = 500
"""Over a minute of quick speech; what is longer is a recognition gone astray."""


def heard_line(transcript: str) -> str:
    """What was heard of a voice note as the line above its answer; "" when nothing was spoken."""
    words = " ".join(transcript.split())
    if len(words) > MAX_HEARD_CHARACTERS:
        words = f"{words[:MAX_HEARD_CHARACTERS]}…"
    return f"🎤 {words}" if words else ""


class Draft(Protocol):
    """Shows an answer while it is made: typing, stages, streamed text. Best effort, never an error."""

    async def show(self, event: ReplyEvent) -> None:
        """Take the next event; returns quickly, pacing and coalescing are the draft's own business."""

    async def close(self) -> None:
        """The answer is complete or given up: flush or drop what is pending and stop showing activity."""


class Channel(Protocol):
    """A chat platform."""

    @property
    def name(self) -> str:
        """The `channel` of its `ChatKey`s: "telegram", "feishu"."""

    def routes(self) -> Sequence[RouteDef]:
        """What the bot's web server must answer for this platform; they have guards of their own."""

    async def start(self, accept: Accept) -> None:
        """Connect and begin to receive. Returns when receiving; goes on in tasks of its own.

        Raises:
            SettingsError: a token or address is wrong; names the setting.
        """

    async def stop(self) -> None:
        """Stop receiving, finish what is being sent, close connections; harmless when it never started."""

    def open_draft(self, message: IncomingMessage) -> Draft:
        """Begin to show that `message` is being answered."""

    async def deliver_text(self, message: IncomingMessage, reply: Reply, *, key: str) -> None:
        """Send the whole answer: text or card, buttons, document.

        `key` is the same when it is tried again; platforms with idempotency keys are given it.

        Raises:
            ChannelGoneError: the chat cannot be written to any more (blocked, removed, deleted): give up.
            ChannelError: retryable or not, see `retryable`.
        """

    async def deliver_picture(
        self, message: IncomingMessage, picture: Picture, caption: str, *, key: str
    ) -> None:
        """Send the picture of the dish after the text; errors as in `deliver_text`."""

    async def deliver_voice(self, message: IncomingMessage, clip: VoiceClip, *, key: str) -> None:
        """Send the answer read aloud, as a voice note of the platform; errors as in `deliver_text`."""

    async def fetch_recording(self, message: IncomingMessage, *, max_bytes: int) -> bytes:
        """The bytes of the message's voice note, whatever their format.

        Raises:
            InputError: `audio_too_large`, known before or noticed during the download, which then ends.
            ChannelError: it cannot be had; retryable or not.
        """

    async def check(self) -> str:
        """Make one real call and say who the bot is there.

        Raises:
            SettingsError: a wrong token, a missing permission or an unreachable server, told apart.
        """
