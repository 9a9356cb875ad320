"""A chat platform that remembers what it was sent, and fails or waits where a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.delivery import Accept
from core.errors import ChannelError, InputError
from core.messages import IncomingMessage, Picture, Reply, ReplyEvent, VoiceClip


@dataclass(frozen=True)
class Delivery:
    """Something that arrived at the platform."""

    chat_id: str
    message_id: str
    text: str
    key: str
    picture: Picture | None = None
    clip: VoiceClip | None = None


@dataclass
class RecordingDraft:
    """Remembers what was shown."""

    shown: list[ReplyEvent] = field(default_factory=list)
    closed: bool = False

    async def show(self, event: ReplyEvent) -> None:
        assert not self.closed
        self.shown.append(event)

    async def close(self) -> None:
        self.closed = True


class RecordingChannel:
    """`bot.delivery.Channel` in memory.

    Attributes:
        sent: what arrived, in order.
        attempts: how often something was sent, by key.
        failures: raised by the next attempts, in order; None lets one pass.
        gate: waited for by every delivery.
        recordings: what may be fetched, by message id.
        drafts: the latest by message id.
        on_sent: called with everything that arrives.
        is_connected: without a connection nothing is shown, as before a channel's start.
    """

    def __init__(self, name: str = "telegram") -> None:
        self._name = name
        self.sent: list[Delivery] = []
        self.attempts: dict[str, int] = {}
        self.failures: list[Exception | None] = []
        self.gate: asyncio.Event | None = None
        self.recordings: dict[str, bytes] = {}
        self.drafts: dict[str, RecordingDraft] = {}
        self.on_sent: Callable[[Delivery], None] = lambda _: None
        self.is_connected = True
        self._arrival = asyncio.Condition()

    @property
    def name(self) -> str:
        return self._name

    def routes(self) -> tuple[()]:
        """It needs none."""
        return ()

    async def start(self, accept: Accept) -> None:
        return None

    async def stop(self) -> None:
        return None

    async def check(self) -> str:
        return "recording"

    def open_draft(self, message: IncomingMessage) -> RecordingDraft:
        if not self.is_connected:
            raise ChannelError("the channel is not started", retryable=True)
        draft = self.drafts[message.message_id] = RecordingDraft()
        return draft

    async def deliver_text(self, message: IncomingMessage, reply: Reply, *, key: str) -> None:
        await self._send(Delivery(message.chat.chat_id, message.message_id, reply.text, key))

    async def deliver_picture(
        self, message: IncomingMessage, picture: Picture, caption: str, *, key: str
    ) -> None:
        await self._send(Delivery(message.chat.chat_id, message.message_id, caption, key, picture))

    async def deliver_voice(self, message: IncomingMessage, clip: VoiceClip, *, key: str) -> None:
        await self._send(Delivery(message.chat.chat_id, message.message_id, "", key, clip=clip))

    async def fetch_recording(self, message: IncomingMessage, *, max_bytes: int) -> bytes:
        recording = self.recordings.get(message.message_id)
        if recording is None:
            raise ChannelError("there is no recording")
        if len(recording) > max_bytes:
            raise InputError("audio_too_large", f"more than {max_bytes} bytes")
        return recording

    async def arrived(self, count: int) -> list[Delivery]:
        """Wait until `count` things have arrived."""
        async with asyncio.timeout(30), self._arrival:
            await self._arrival.wait_for(lambda: len(self.sent) >= count)
        return self.sent

    def texts(self, chat_id: str | None = None) -> list[str]:
        texts = (d for d in self.sent if d.picture is None and d.clip is None)
        return [d.text for d in texts if chat_id in {None, d.chat_id}]

    async def _send(self, delivery: Delivery) -> None:
        self.attempts[delivery.key] = self.attempts.get(delivery.key, 0) + 1
        if self.gate is not None:
            await self.gate.wait()
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.sent.append(delivery)
        async with self._arrival:
            self._arrival.notify_all()
        self.on_sent(delivery)
