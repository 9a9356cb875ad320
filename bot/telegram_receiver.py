"""What becomes of an update: stored as a question, or answered on the spot.

Stickers, places, films and the like are answered with one sentence (`UNREADABLE`, at most once a minute
in a chat); they are not questions and go through no inbox, so a kill may swallow that sentence.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.delivery import Accept
from bot.telegram_api import TelegramApi
from bot.telegram_buttons import ButtonCodes
from bot.telegram_draft import message_number_of
from bot.telegram_render import RichText
from bot.telegram_sender import Place
from bot.telegram_updates import Asked, Pressed, Unreadable, UpdateReader
from core.errors import BotError, InputError
from core.messages import IncomingMessage

logger = logging.getLogger(__name__)

UNREADABLE = "这个我看不懂。想做什么菜，打字或者发语音告诉我，例如「番茄炒蛋怎么做」。"
EXPIRED = "这个按钮已经过期，请直接打字告诉我。"
NOTICE_INTERVAL_SECONDS = 60.0


class UpdateReceiver:
    """Takes updates.

    Args:
        api: the Bot API.
        reader: tells what an update asks.
        buttons: tells what a pressed button says.
        accept: stores a question.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        api: TelegramApi,
        reader: UpdateReader,
        buttons: ButtonCodes,
        accept: Accept,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._reader = reader
        self._buttons = buttons
        self._accept = accept
        self._clock = clock
        self._noticed_at: dict[str, float] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def take(self, raw: dict[str, Any]) -> None:
        """Store what an update asks; returns only then.

        Raises:
            StorageError: it could not be stored.
        """
        try:
            event = self._reader.read(self._api.parsed(raw), datetime.now(UTC))
        except InputError as exc:
            logger.warning("telegram_update_skipped update_id=%s code=%s", raw["update_id"], exc.code)
            return
        match event:
            case Asked(message):
                await self._accept(message)
            case Pressed():
                await self._take_press(event)
            case Unreadable(message):
                self._notice(message)

    async def _take_press(self, press: Pressed) -> None:
        text = await self._buttons.message_of(press.data)
        self._in_background(self._answer_press(press.callback_id, "" if text else EXPIRED))
        if text:
            await self._accept(replace(press.message, text=text))

    async def _answer_press(self, callback_id: str, text: str) -> None:
        await self._api.answer_press(callback_id, text)

    def _notice(self, message: IncomingMessage) -> None:
        now = self._clock()
        recent = {c: at for c, at in self._noticed_at.items() if now - at < NOTICE_INTERVAL_SECONDS}
        self._noticed_at = recent
        if message.chat.chat_id not in recent:
            recent[message.chat.chat_id] = now
            self._in_background(self._send_notice(message))

    async def _send_notice(self, message: IncomingMessage) -> None:
        reply_to = message_number_of(message) if message.is_group else None
        await self._api.send_text(Place.of(message), RichText(UNREADABLE), reply_to=reply_to)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            try:
                await work
            except BotError as exc:
                logger.info("telegram_notice_failed code=%s", exc.code)

        task = asyncio.get_running_loop().create_task(run())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self, timeout_seconds: float) -> None:
        """Give what is being said on the spot a moment to be sent."""
        if self._background:
            await asyncio.wait(self._background, timeout=timeout_seconds)
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
