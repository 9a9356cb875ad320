"""An answer in the making, shown on a CardKit card that streams.

https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/streaming-updates-openapi-overview:
ten operations a second on a card, each with a greater `sequence` (300317 otherwise); plain messages could be
edited twenty times only.

A sequence is the milliseconds since the message arrived, so it goes on growing over a restart, and fits
the platform's 32 bits for longer than a card lives (14 days).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.delivery import heard_line
from bot.feishu_api import FeishuApi, uuid_of
from bot.feishu_cards import STREAM_ELEMENT, size_of, streaming_card
from bot.feishu_errors import SEQUENCE_CODE, STREAMING_ENDED_CODES, FeishuRefusedError, FeishuUnreachableError
from bot.feishu_events import reply_target
from bot.feishu_http import Patience
from bot.feishu_text import as_card_markdown
from core.errors import ChannelError
from core.messages import (
    Heard,
    IncomingMessage,
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageStarted,
    TextDelta,
    TextFinished,
)

logger = logging.getLogger(__name__)

WORKING = "正在找菜谱…"
LISTENING = "🎤 正在听…"
_STAGE_WORDS = {
    Stage.TRANSCRIBE: LISTENING,
    Stage.REWRITE: WORKING,
    Stage.RETRIEVE: WORKING,
    Stage.WEB: "菜谱里没有，正在上网找…",
    Stage.GENERATE: "正在写做法…",
}
_HURRIED = Patience(attempts=1, wait_seconds=0.0)
"""A draft that would have to wait is not worth waiting for."""
_MAX_STREAMED_BYTES = 24 * 1024
_MAX_SEQUENCE = 2**31 - 1
_SEQUENCE_JUMP = 60_000
"""How far to skip ahead when the platform has seen a greater one: the clock was set back."""


@dataclass(frozen=True, slots=True)
class DraftPace:
    """When a draft appears, and how often it changes."""

    delay_seconds: float = 0.4
    interval_seconds: float = 0.2


class LiveCard:
    """A card that was sent and can be changed."""

    def __init__(self, api: FeishuApi, card_id: str, since: datetime) -> None:
        self.card_id = card_id
        self._api = api
        self._since = since
        self._last_sequence = 0

    async def stream(self, text: str) -> None:
        """Show `text` at once or not at all.

        Raises:
            ChannelError: it is not shown.
        """
        await self._api.stream_text(
            self.card_id, STREAM_ELEMENT, as_card_markdown(text), self._next_sequence(), _HURRIED
        )

    async def finish(self, card: Mapping[str, object]) -> None:
        """End streaming and replace the card.

        Raises:
            ChannelError: the card is not replaced.
        """
        config = card["config"]
        if not isinstance(config, Mapping):
            raise TypeError("a card's config is an object")
        with suppress(FeishuRefusedError):  # the whole update says the same; this ends the typing at once
            await self._api.change_card_settings(self.card_id, config, self._next_sequence())
        try:
            await self._api.update_card(self.card_id, card, self._next_sequence())
        except FeishuRefusedError as exc:
            if exc.feishu_code != SEQUENCE_CODE:
                raise
            self.skip_ahead()
            await self._api.update_card(self.card_id, card, self._next_sequence())

    def skip_ahead(self) -> None:
        """Go on from a much greater sequence."""
        self._last_sequence += _SEQUENCE_JUMP

    def _next_sequence(self) -> int:
        elapsed_ms = int((datetime.now(UTC) - self._since).total_seconds() * 1000)
        self._last_sequence = min(max(self._last_sequence + 1, elapsed_ms), _MAX_SEQUENCE)
        return self._last_sequence


class FeishuDraft:
    """Shows one answer being made; implements `bot.delivery.Draft`.

    Args:
        api: the platform.
        message: what is being answered.
        pace: when it appears and how often it changes.
        is_repeated: an earlier attempt to answer may have put its card into the chat. Its uuid leads to that
            card, so one of this attempt's would be seen by nobody: there is no draft, and the whole answer
            goes onto the earlier card.

    Attributes:
        card: the card, once it is in the chat.
        may_be_shown: the card may be in the chat although nobody said so.
    """

    def __init__(
        self, api: FeishuApi, message: IncomingMessage, pace: DraftPace, *, is_repeated: bool = False
    ) -> None:
        self.card: LiveCard | None = None
        self.may_be_shown = is_repeated
        self._is_repeated = is_repeated
        self._api = api
        self._message = message
        self._pace = pace
        self._status = LISTENING if message.voice else WORKING
        self._heard = self._text = ""
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="feishu_draft")

    async def show(self, event: ReplyEvent) -> None:
        """Take the next event; the card follows at its own pace."""
        match event:
            case StageStarted():
                self._status = _STAGE_WORDS.get(event.stage, self._status)
            case Heard():
                self._heard, self._status = heard_line(event.text), WORKING
            case TextDelta():
                self._text = event.text if event.restart else self._text + event.text
            case TextFinished() | ReplyFinished():
                self._text = event.reply.text
            case _:
                return
        self._changed.set()

    async def close(self) -> None:
        """Stop changing the card; what is pending is dropped, since the whole answer replaces it."""
        self._closing.set()
        await asyncio.shield(self._task)

    async def _run(self) -> None:
        try:
            is_over = await _set_within(self._closing, self._pace.delay_seconds)
            if is_over or self._is_repeated or not reply_target(self._message):
                return
            shown = self._shown()
            await self._send_card(shown)
            while not self._closing.is_set() and self.card is not None:
                shown = await self._stream(self.card, shown)
                if not await _set_within(self._closing, self._pace.interval_seconds):
                    await _first_of(self._changed, self._closing)
                    self._changed.clear()
        except ChannelError as exc:
            logger.info("feishu_draft_ended message_id=%s reason=%s", self._message.message_id, exc.message)

    async def _send_card(self, text: str) -> None:
        card_id = await self._api.create_card(streaming_card(text), _HURRIED)
        content = {"type": "card", "data": {"card_id": card_id}}
        uuid = answer_uuid(self._message)
        try:
            await self._api.reply(
                reply_target(self._message),
                "interactive",
                content,
                uuid=uuid,
                chat_id=self._message.chat.chat_id,
                patience=_HURRIED,
            )
        except FeishuUnreachableError:
            self.may_be_shown = True
            raise
        self.card = LiveCard(self._api, card_id, self._message.received_at)

    async def _stream(self, card: LiveCard, shown: str) -> str:
        """Bring the card up to date; returns what it shows."""
        wanted = self._shown()
        if wanted == shown:
            return shown
        try:
            await card.stream(wanted)
        except FeishuRefusedError as exc:
            if exc.feishu_code in STREAMING_ENDED_CODES or not (
                exc.retryable or exc.feishu_code == SEQUENCE_CODE
            ):
                raise
            if exc.feishu_code == SEQUENCE_CODE:
                card.skip_ahead()
            self._changed.set()
            return shown
        except FeishuUnreachableError:
            self._changed.set()
            return shown
        return wanted

    def _shown(self) -> str:
        text = self._text or self._status
        text = f"{self._heard}\n\n{text}" if self._heard else text
        return text if size_of(text) <= _MAX_STREAMED_BYTES else text[: _MAX_STREAMED_BYTES // 3] + "…"


def answer_uuid(message: IncomingMessage) -> str:
    """The idempotency key of the first message of the answer to `message`: its draft's and its card's.

    It does not depend on who delivers, so that a draft which outlived its process is found again.
    """
    return uuid_of("answer", message.chat.chat_id, message.message_id)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
