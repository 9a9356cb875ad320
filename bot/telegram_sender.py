"""Sending through python-telegram-bot: whole answers in turn and tried again, signs of progress once or not.

A request that was carried out, but whose answer was lost, cannot be told from one that was not: Telegram has
no idempotency keys. It is sent again, so a message can be doubled when its answer was lost, never missed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from telegram import Bot, InputFile, Message
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, NetworkError, TelegramError, TimedOut

from bot.telegram_errors import (
    NO_VOICE_NOTES_ALLOWED,
    NO_VOICE_NOTES_WANTED,
    NothingToEditError,
    error_of,
    flood_told,
)
from bot.telegram_pacing import Pacer, TooManyRequestsError
from bot.telegram_photos import SentPhotos
from bot.telegram_render import RichText
from bot.telegram_request import FloodError
from bot.telegram_texts import Keyboard, edit_text, send_text
from core.errors import ChannelError, ChannelGoneError
from core.messages import IncomingMessage, VoiceClip

logger = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_PAUSES_SECONDS = (0.3, 1.0, 3.0)
"""Between tries of one delivery when the connection breaks or the server fails."""
_PROGRESS_TIMEOUT_SECONDS = 5.0
_VOICE_FILE = "朗读.ogg"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to write."""

    chat_id: str
    thread_id: str
    is_group: bool

    @classmethod
    def of(cls, message: IncomingMessage) -> Place:
        """Where `message` was written."""
        return cls(message.chat.chat_id, message.chat.thread_id, message.is_group)

    @property
    def topic(self) -> int | None:
        """The topic of a forum, as the SDK has it; None for none."""
        return int(self.thread_id) if self.thread_id else None


class TelegramSender:
    """Sends to chats.

    Args:
        bot: the SDK's.
        pacer: when to send.
    """

    def __init__(self, bot: Bot, pacer: Pacer) -> None:
        self._bot = bot
        self._pacer = pacer
        self._photos = SentPhotos()
        self._moved: dict[str, str] = {}

    # Whole answers. These raise ChannelError.

    async def send_text(
        self, place: Place, part: RichText, keyboard: Keyboard = (), *, reply_to: int | None = None
    ) -> int:
        """Send one message; returns its id. Falls back to plain text where formatting is refused."""
        return await self._with_plain_fallback(
            part,
            keyboard,
            lambda p, k: self._deliver(
                place, lambda chat: send_text(self._bot, chat, place.topic, p, k, reply_to)
            ),
        )

    async def edit_text(self, place: Place, message_id: int, part: RichText, keyboard: Keyboard = ()) -> bool:
        """Replace the text of a message; False when the message is not there any more."""
        try:
            await self._with_plain_fallback(
                part,
                keyboard,
                lambda p, k: self._deliver(place, lambda chat: edit_text(self._bot, chat, message_id, p, k)),
            )
        except NothingToEditError:
            return False
        return True

    async def send_photo(self, place: Place, content: bytes, file_name: str, caption: RichText) -> None:
        """Send a picture: by its name at Telegram where it has one, and uploaded otherwise."""

        def sent(photo: str | InputFile) -> Awaitable[Message]:
            return self._deliver(
                place,
                lambda chat: self._bot.send_photo(
                    chat, photo, caption=caption.text or None, message_thread_id=place.topic
                ),
            )

        if file_id := self._photos.file_id_of(content):
            try:
                await sent(file_id)
            except ChannelGoneError:
                raise
            except ChannelError as exc:
                if exc.retryable:
                    raise
                self._photos.drop(content)
            else:
                return
        message = await sent(InputFile(content, filename=file_name))
        if message.photo:
            self._photos.keep(content, message.photo[-1].file_id)

    async def send_document(self, place: Place, content: bytes, file_name: str, caption: str = "") -> None:
        """Send a file."""
        await self._deliver(
            place,
            lambda chat: self._bot.send_document(
                chat,
                InputFile(content, filename=file_name),
                caption=caption or None,
                disable_content_type_detection=True,
                message_thread_id=place.topic,
            ),
        )

    async def send_voice(self, place: Place, clip: VoiceClip) -> None:
        """Send a voice note: as a file to a person who wants no voice notes, and to no group that bans them.

        Both may be so whatever /voice says: it is set in a chat with the bot, they are set at Telegram.
        """
        seconds = max(1, round(clip.duration_ms / 1000))
        try:
            await self._deliver(
                place,
                lambda chat: self._bot.send_voice(
                    chat,
                    InputFile(clip.content, filename=_VOICE_FILE),
                    duration=seconds,
                    message_thread_id=place.topic,
                ),
            )
        except ChannelError as exc:
            reason = exc.message.lower()
            if any(words in reason for words in NO_VOICE_NOTES_WANTED):
                logger.info("telegram_voice_sent_as_file")
                await self.send_document(place, clip.content, _VOICE_FILE)
            elif any(words in reason for words in NO_VOICE_NOTES_ALLOWED):
                logger.info("telegram_voice_not_allowed")
            else:
                raise

    async def _with_plain_fallback(
        self, part: RichText, keyboard: Keyboard, deliver: Callable[[RichText, Keyboard], Awaitable[T]]
    ) -> T:
        try:
            return await deliver(part, keyboard)
        except (ChannelGoneError, NothingToEditError):
            raise
        except ChannelError as exc:
            if exc.retryable or not (part.spans or keyboard):
                raise
            return await deliver(RichText(part.text), ())

    async def _deliver(self, place: Place, call: Callable[[int], Awaitable[T]]) -> T:
        """Send in turn; again when the connection breaks or the group has moved."""
        for pause in (*RETRY_PAUSES_SECONDS, None):
            chat_id = self._moved.get(place.chat_id, place.chat_id)
            try:
                action = partial(flood_told, call, int(chat_id))
                return await self._pacer.send(chat_id, action, is_group=place.is_group)
            except ChatMigrated as exc:
                self._moved[place.chat_id] = str(exc.new_chat_id)
            except (BadRequest, TimedOut) as exc:
                raise error_of(exc) from exc
            except NetworkError as exc:
                if pause is None:
                    raise error_of(exc) from exc
                await self._pacer.sleep(pause)
            except TelegramError as exc:
                raise error_of(exc) from exc
        raise ChannelError("Telegram keeps moving this group", retryable=True)

    # Signs of progress: one try, no waiting.

    async def show_typing(self, place: Place) -> None:
        """Show that the bot is at work, for five seconds.

        Raises:
            ChannelError: not shown.
        """
        await self._show(
            place,
            lambda chat: self._bot.send_chat_action(
                chat,
                ChatAction.TYPING,
                message_thread_id=place.topic,
                read_timeout=_PROGRESS_TIMEOUT_SECONDS,
            ),
        )

    async def show_draft(self, place: Place, draft_id: int, text: str) -> None:
        """Show the beginning of an answer in a private chat, for thirty seconds.

        Raises:
            ChannelError: not shown.
        """
        await self._show(
            place,
            lambda chat: self._bot.send_message_draft(
                chat, draft_id, text, message_thread_id=place.topic, read_timeout=_PROGRESS_TIMEOUT_SECONDS
            ),
        )

    async def show_text(self, place: Place, text: str, message_id: int | None, reply_to: int | None) -> int:
        """Show the beginning of an answer in a group, in message `message_id` or a new one; returns its id.

        Raises:
            ChannelError: not shown.
        """
        part, timeout = RichText(text), _PROGRESS_TIMEOUT_SECONDS
        if message_id is None:
            return await self._show(
                place,
                lambda chat: send_text(
                    self._bot, chat, place.topic, part, reply_to=reply_to, timeout_seconds=timeout
                ),
            )
        await self._show(
            place, lambda chat: edit_text(self._bot, chat, message_id, part, timeout_seconds=timeout)
        )
        return message_id

    async def answer_press(self, callback_id: str, text: str = "") -> None:
        """End the waiting sign on a pressed button; one that is too old already is no matter.

        Raises:
            ChannelError: Telegram could not be told.
        """
        try:
            await self._bot.answer_callback_query(callback_id, text or None)
        except BadRequest:
            return
        except TelegramError as exc:
            raise error_of(exc) from exc

    async def _show(self, place: Place, call: Callable[[int], Awaitable[T]]) -> T:
        chat_id = self._moved.get(place.chat_id, place.chat_id)
        try:
            return await call(int(chat_id))
        except FloodError as exc:
            self._pacer.silence(chat_id, exc.seconds, is_group=place.is_group)
            raise TooManyRequestsError(exc.seconds) from exc
        except TelegramError as exc:
            raise error_of(exc) from exc
