"""An answer while it is made: typing, drafts in private chats, one edited message in groups.

All of it is best effort. Text is coalesced: what came since the last look is shown at once, at most every
`draft_interval_seconds`, and only when the pacing has a turn to spare. The end is never lost to that, for
`deliver_text` sends or edits the whole answer in any case.

What was heard of a voice note stands above the answer as soon as it is known. Until then the bot is shown
typing: Telegram's "recording a voice message" would say that it speaks.

A draft is a preview of 30 seconds (core.telegram.org/bots/api#sendmessagedraft), so it is shown again while
an answer takes its time. In a group the message being edited is kept in `TelegramMemory`: after a restart
the whole answer goes into it, not below it.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.delivery import heard_line
from bot.telegram_memory import TelegramMemory
from bot.telegram_pacing import Pacer
from bot.telegram_render import MAX_TEXT_UNITS, clean, tail, utf16_units
from core.errors import ChannelError, ChannelGoneError, StorageError
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

if TYPE_CHECKING:
    from bot.telegram_api import TelegramApi
    from bot.telegram_sender import Place

logger = logging.getLogger(__name__)

LISTENING = "🎤 正在听…"
STREAM = "stream"
"""The kind of note that names the message in which an answer is streamed."""
_UNFINISHED = " …"
_CLOSE_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class DraftTiming:
    """How often an unfinished answer is shown.

    Attributes:
        typing_seconds: the typing sign lasts five seconds (docs, sendChatAction).
        first_private_seconds: an answer that is complete sooner is not shown as a draft.
        first_group_seconds: the same in a group, where a first part is a message of its own.
        renew_seconds: a draft without news is shown again after this.
    """

    typing_seconds: float = 4.5
    first_private_seconds: float = 0.25
    first_group_seconds: float = 1.0
    renew_seconds: float = 20.0


class TelegramDraft:
    """Implements `bot.delivery.Draft`.

    Args:
        api: the Bot API.
        pacer: whether there is a turn to spare.
        memory: keeps the message in which a group's answer is streamed.
        place: where.
        message: what is being answered.
        timing: how often.
    """

    def __init__(
        self,
        api: TelegramApi,
        pacer: Pacer,
        memory: TelegramMemory,
        place: Place,
        message: IncomingMessage,
        timing: DraftTiming,
    ) -> None:
        self._api = api
        self._pacer = pacer
        self._memory = memory
        self._place = place
        self._message = message
        self._timing = timing
        self._draft_id = draft_id_of(message)
        self._heading = self._text = ""
        self._shown = ("", "")
        self._shown_at = 0.0
        self._stream_id: int | None = None
        self._is_complete = self._is_closed = False
        self._changed = asyncio.Event()
        self._next_typing = 0.0
        self._next_text: float | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def show(self, event: ReplyEvent) -> None:
        """Take the next event."""
        match event:
            case StageStarted(Stage.TRANSCRIBE) if not self._place.is_group:
                self._heading = LISTENING  # in a group it would be a message, and count as one
                self._begin()
            case Heard():
                self._heading = heard_line(event.text)
                self._begin()
            case TextDelta():
                self._text = event.text if event.restart else self._text + event.text
                self._begin()
            case TextFinished() | ReplyFinished():
                self._is_complete = True  # the whole answer is about to be delivered

    def _begin(self) -> None:
        """There is something to be seen, from a moment later on."""
        if self._next_text is None:
            timing = self._timing
            wait = timing.first_group_seconds if self._place.is_group else timing.first_private_seconds
            self._next_text = _now() + wait
        self._changed.set()

    async def close(self) -> None:
        """Stop; what is on its way arrives first, so that it cannot overtake the whole answer."""
        self._is_closed = True
        self._changed.set()
        await asyncio.wait({self._task}, timeout=_CLOSE_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        if self._place.is_group:
            self._stream_id = await stream_id_of(self._memory, self._message)
        while not self._is_closed:
            try:
                await self._show_what_is_due()
            except ChannelGoneError:
                return
            except ChannelError as exc:
                logger.debug("telegram_draft_skipped code=%s", exc.code)
            self._changed.clear()
            if self._is_closed:
                return
            try:
                async with asyncio.timeout(self._seconds_until_due()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _seconds_until_due(self) -> float:
        due = self._next_typing
        if self._next_text is not None and not self._is_complete and self._has_news():
            due = min(due, self._next_text)
        return max(0.0, due - _now())

    def _has_news(self) -> bool:
        if (self._heading, self._text) != self._shown:
            return True
        return not self._place.is_group and _now() >= self._shown_at + self._timing.renew_seconds

    async def _show_what_is_due(self) -> None:
        now = _now()
        if now >= self._next_typing:
            self._next_typing = now + self._timing.typing_seconds
            if self._may_show(counts=False):
                await self._api.show_typing(self._place)
        if self._is_complete or self._next_text is None or now < self._next_text or not self._has_news():
            return
        self._next_text = now + self._pacer.limits.draft_interval_seconds
        if (self._heading or self._text.strip()) and self._may_show(counts=self._place.is_group):
            await self._show_text()

    def _may_show(self, *, counts: bool) -> bool:
        return self._pacer.try_turn(self._place.chat_id, is_group=self._place.is_group, counts=counts)

    async def _show_text(self) -> None:
        self._shown, self._shown_at = (self._heading, self._text), _now()
        heading = f"{clean(self._heading)}\n\n" if self._heading else ""
        room = MAX_TEXT_UNITS - utf16_units(heading) - len(_UNFINISHED)
        shown = f"{heading}{tail(self._text, room)}".rstrip()
        if not self._place.is_group:
            await self._api.show_draft(self._place, self._draft_id, shown)
            return
        is_first = self._stream_id is None
        reply_to = message_number_of(self._message)
        self._stream_id = await self._api.show_text(
            self._place, f"{shown}{_UNFINISHED}", self._stream_id, reply_to
        )
        if is_first:
            await _keep_stream_id(self._memory, self._message, self._stream_id)


async def stream_id_of(memory: TelegramMemory, message: IncomingMessage) -> int | None:
    """The message in which the answer to `message` is being streamed, if there is one."""
    try:
        found = await memory.find(STREAM, _name_of(message))
    except StorageError:
        logger.warning("telegram_memory_unreadable")
        return None
    return int(found) if found else None


def message_number_of(message: IncomingMessage) -> int | None:
    """The number of the message to reply to; a pressed button and an album have none."""
    return int(message.message_id) if message.message_id.isdecimal() else None


def draft_id_of(message: IncomingMessage) -> int:
    """A number for the draft of an answer, the same after a restart; never 0."""
    return zlib.crc32(message.message_id.encode()) & 0x7FFFFFFF or 1


async def _keep_stream_id(memory: TelegramMemory, message: IncomingMessage, message_id: int) -> None:
    try:
        await memory.keep(STREAM, _name_of(message), str(message_id))
    except StorageError:
        logger.warning("telegram_memory_unwritable")


def _name_of(message: IncomingMessage) -> str:
    return f"{message.chat.chat_id}/{message.message_id}"


def _now() -> float:
    return asyncio.get_running_loop().time()
