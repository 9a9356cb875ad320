"""Answers as Telegram's messages, photos, files and voice notes; what can double, `telegram_channel` says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from bot.telegram_buttons import ButtonCodes
from bot.telegram_draft import message_number_of, stream_id_of
from bot.telegram_memory import TelegramMemory
from bot.telegram_render import MAX_CAPTION_UNITS, RichText, clean, parts_of, split
from bot.telegram_steps import run_steps
from core.errors import ChannelError, StorageError
from core.messages import IncomingMessage, Picture, Reply, VoiceClip

if TYPE_CHECKING:
    from bot.telegram_api import TelegramApi
    from bot.telegram_sender import Place

logger = logging.getLogger(__name__)

_PHOTO_TYPES = {"image/jpeg", "image/png", "image/webp"}
_MAX_PHOTO_BYTES = 10 * 1024 * 1024  # docs, sendPhoto
_MAX_PHOTO_SIDES = 10_000
_MAX_PHOTO_RATIO = 20


class TelegramDelivery:
    """Delivers answers.

    Args:
        memory: keeps how far a delivery got.
        buttons: keeps what buttons say.
    """

    def __init__(self, memory: TelegramMemory, buttons: ButtonCodes) -> None:
        self._memory = memory
        self._buttons = buttons
        self._under_way: set[asyncio.Task[Any]] = set()

    async def finish(self, seconds: float) -> None:
        """Let what is being sent be sent."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    async def deliver_text(
        self, api: TelegramApi, place: Place, message: IncomingMessage, reply: Reply, key: str
    ) -> None:
        """Send the whole answer."""
        parts = parts_of(reply)
        if not parts and reply.document is None:
            logger.warning("telegram_empty_reply message_id=%s", message.message_id)
            parts = (RichText("…"),)
        stream_id = await stream_id_of(self._memory, message) if place.is_group else None
        keyboard = await self._keyboard_of(reply)
        reply_to = message_number_of(message) if place.is_group else None

        def sender(number: int, part: RichText) -> Callable[[], Awaitable[object]]:
            buttons = keyboard if number == len(parts) - 1 else ()

            async def send() -> None:
                if number > 0:
                    await api.send_text(place, part, buttons)
                elif stream_id is None or not await api.edit_text(place, stream_id, part, buttons):
                    await api.send_text(place, part, buttons, reply_to=reply_to)

            return send

        steps = [sender(number, part) for number, part in enumerate(parts)]
        if (document := reply.document) is not None:
            file_name = clean(document.file_name) or "file"
            steps.append(lambda: api.send_document(place, document.content, file_name))
        await self._tracked(run_steps(self._memory, key, steps))

    async def deliver_picture(
        self, api: TelegramApi, place: Place, picture: Picture, caption: str, key: str
    ) -> None:
        """Send the picture as a photo, or as a file where Telegram takes no such photo."""
        try:
            content = await asyncio.to_thread(picture.path.read_bytes)
        except OSError as exc:
            raise ChannelError(f"a picture cannot be read: {exc.strerror}") from exc
        first, *rest = [*split(RichText(clean(caption)), MAX_CAPTION_UNITS)] or [RichText("")]
        name = f"dish{picture.path.suffix}"

        async def send() -> None:
            if _is_photo(picture, len(content)):
                try:
                    await api.send_photo(place, content, name, first)
                except ChannelError as exc:
                    if exc.retryable or exc.code == "channel_gone":
                        raise
                else:
                    return
            await api.send_document(place, content, name, first.text)

        def more(part: RichText) -> Callable[[], Awaitable[object]]:
            return lambda: api.send_text(place, part)

        await self._tracked(run_steps(self._memory, key, [send, *(more(part) for part in rest)]))

    async def deliver_voice(self, api: TelegramApi, place: Place, clip: VoiceClip) -> None:
        """Send the answer read aloud. Like any single message it can double."""
        await self._tracked(api.send_voice(place, clip))

    async def _keyboard_of(self, reply: Reply) -> tuple[tuple[tuple[str, str], ...], ...]:
        try:
            return await self._buttons.keyboard_of(reply.buttons)
        except StorageError:
            logger.warning("telegram_memory_unwritable")
            return ()

    async def _tracked(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a delivery so that `finish` can wait for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await task


def _is_photo(picture: Picture, size: int) -> bool:
    """Whether sendPhoto takes it (core.telegram.org/bots/api#sendphoto)."""
    long, short = max(picture.width, picture.height), max(1, min(picture.width, picture.height))
    is_in_bounds = long + short <= _MAX_PHOTO_SIDES and long <= _MAX_PHOTO_RATIO * short
    return picture.media_type in _PHOTO_TYPES and size <= _MAX_PHOTO_BYTES and is_in_bounds
