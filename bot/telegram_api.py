"""Calls to the Bot API through python-telegram-bot, in our own types and with our own errors.

Loaded when a channel starts, since the SDK takes a third of a second to import. Whole answers are paced and
tried again (`_deliver`); signs of progress are sent once or not at all (`_show`).

A request that was carried out, but whose answer was lost, cannot be told from one that was not: Telegram has
no idempotency keys. It is sent again, so a message can be doubled when its answer was lost, never missed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram.constants import ChatAction
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.telegram_buttons import Key
from bot.telegram_pacing import Pacer, TooManyRequestsError
from bot.telegram_render import RichText
from bot.telegram_request import AiohttpRequest, FloodError, NoBotApiError
from core.errors import BotError, ChannelError, ChannelGoneError, InputError, SettingsError
from core.messages import IncomingMessage

T = TypeVar("T")
Json = dict[str, Any]
Keyboard = Sequence[Sequence[Key]]

RETRY_PAUSES_SECONDS = (0.3, 1.0, 3.0)
"""Between tries of one delivery when the connection breaks or the server fails."""
_ANSWER_TIMEOUT_SECONDS = 20.0
_PROGRESS_TIMEOUT_SECONDS = 5.0
_POLL_SLACK_SECONDS = 10.0
_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "group chat was deactivated",
    "group chat was deleted",
    "user is deactivated",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "chat_write_forbidden",
    "chat_restricted",
    "not enough rights to send text messages",
    "have no rights to send a message",
)
_NOTHING_TO_EDIT = ("message to edit not found", "message can't be edited", "message_id_invalid")

# The SDK's debug lines quote what users write, and its warnings say nothing that we do not.
logging.getLogger("telegram").setLevel(logging.CRITICAL)


class ConflictError(ChannelError):
    """Another program receives with the same token, or a webhook is set."""

    code = "channel_conflict"


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


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's own account."""

    user_id: int
    username: str
    can_join_groups: bool
    reads_all_group_messages: bool


class TelegramApi:
    """The Bot API.

    Args:
        token: the bot's.
        api_url: root of the Bot API server.
        pacer: when to send.
        proxy: address of an HTTP proxy, or "".
    """

    def __init__(self, token: str, api_url: str, pacer: Pacer, *, proxy: str = "") -> None:
        root = api_url.rstrip("/")
        self._pacer = pacer
        self._request = AiohttpRequest(proxy=proxy)
        self._polling = AiohttpRequest(connections=2, proxy=proxy)
        self._bot = Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=self._request,
            get_updates_request=self._polling,
        )
        self._moved: dict[str, str] = {}

    def __repr__(self) -> str:
        return "TelegramApi()"  # the SDK's own repr shows the token

    async def open(self) -> None:
        """Open the sessions; nothing is sent."""
        await self._request.initialize()
        await self._polling.initialize()

    async def close(self) -> None:
        """Close every connection."""
        await self._request.shutdown()
        await self._polling.shutdown()

    # Setting up. These raise SettingsError.

    async def me(self) -> Me:
        """Who the bot is.

        Raises:
            SettingsError: TELEGRAM_BOT_TOKEN or TELEGRAM_API_URL is wrong.
        """
        user = await self._set_up(self._bot.get_me)
        return Me(
            user.id,
            user.username or "",
            user.can_join_groups is not False,
            bool(user.can_read_all_group_messages),
        )

    async def set_webhook(self, url: str, secret: str, allowed: Sequence[str]) -> None:
        """Have updates posted to `url`.

        Raises:
            SettingsError: Telegram refuses the address or the secret, the token, or cannot be reached.
        """
        try:
            await self._set_up(
                lambda: self._bot.set_webhook(url, secret_token=secret, allowed_updates=list(allowed))
            )
        except BadRequest as exc:
            raise SettingsError("TELEGRAM_WEBHOOK_URL", f"Telegram refuses it: {exc.message}") from exc

    async def delete_webhook(self) -> None:
        """Have updates wait for getUpdates; those that wait already are kept.

        Raises:
            SettingsError: as in `me`.
        """
        await self._set_up(self._bot.delete_webhook)

    async def set_commands(self, commands: Sequence[tuple[str, str]], language: str) -> None:
        """Fill the command menu for one language ("" for all others).

        Raises:
            ChannelError: it could not be filled.
        """
        listed = [BotCommand(name, text) for name, text in commands]
        try:
            await self._bot.set_my_commands(listed, language_code=language or None)
        except TelegramError as exc:
            raise error_of(exc) from exc

    async def _set_up(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except InvalidToken as exc:
            raise SettingsError(
                "TELEGRAM_BOT_TOKEN", "Telegram refuses this token; copy it anew from @BotFather"
            ) from exc
        except NoBotApiError as exc:
            raise SettingsError("TELEGRAM_API_URL", "this server is not a Telegram Bot API server") from exc
        except BadRequest:
            raise
        except TelegramError as exc:
            raise SettingsError("TELEGRAM_API_URL", f"the server cannot be used: {exc}") from exc

    # Receiving.

    async def updates(self, offset: int, timeout_seconds: int, allowed: Sequence[str]) -> list[Json]:
        """The next updates from `offset` on, which confirms all before it; waits for one.

        They are returned unparsed: the SDK would refuse a whole batch for one malformed update.

        Raises:
            SettingsError: the token was withdrawn.
            ConflictError: another program receives, or a webhook is set.
            ChannelError: no answer; try again.
        """
        query = urlencode(
            {"offset": offset, "timeout": timeout_seconds, "allowed_updates": json.dumps(allowed)}
        )
        try:
            answer: Any = await self._polling.post(
                f"{self._bot.base_url}/getUpdates?{query}", read_timeout=timeout_seconds + _POLL_SLACK_SECONDS
            )
        except InvalidToken as exc:
            raise SettingsError("TELEGRAM_BOT_TOKEN", "Telegram refuses this token now") from exc
        except Conflict as exc:
            raise ConflictError("another program receives with the same token") from exc
        except TelegramError as exc:
            raise error_of(exc) from exc
        return [update for update in answer if isinstance(update, dict)] if isinstance(answer, list) else []

    @staticmethod
    def parsed(update: Json) -> Update:
        """The SDK's view of an update.

        Raises:
            InputError: it is malformed.
        """
        try:
            return Update.de_json(update, None)
        except Exception as exc:  # the SDK lets any error of a missing or odd field through
            reason = type(exc).__name__
            raise InputError("malformed_update", f"an update cannot be read ({reason})") from exc

    # Whole answers. These raise ChannelError.

    async def send_text(
        self, place: Place, part: RichText, keyboard: Keyboard = (), *, reply_to: int | None = None
    ) -> int:
        """Send one message; returns its id. Falls back to plain text where formatting is refused."""
        return await self._with_plain_fallback(
            part,
            keyboard,
            lambda p, k: self._deliver(place, lambda chat: self._send(chat, place, p, k, reply_to)),
        )

    async def edit_text(self, place: Place, message_id: int, part: RichText, keyboard: Keyboard = ()) -> bool:
        """Replace the text of a message; False when the message is not there any more."""
        try:
            await self._with_plain_fallback(
                part,
                keyboard,
                lambda p, k: self._deliver(place, lambda chat: self._edit(chat, message_id, p, k)),
            )
        except _NothingToEditError:
            return False
        return True

    async def send_photo(self, place: Place, content: bytes, file_name: str, caption: RichText) -> None:
        """Send a picture."""
        await self._deliver(
            place,
            lambda chat: self._bot.send_photo(
                chat,
                InputFile(content, filename=file_name),
                caption=caption.text or None,
                message_thread_id=_thread(place),
            ),
        )

    async def send_document(self, place: Place, content: bytes, file_name: str, caption: str = "") -> None:
        """Send a file."""
        await self._deliver(
            place,
            lambda chat: self._bot.send_document(
                chat,
                InputFile(content, filename=file_name),
                caption=caption or None,
                disable_content_type_detection=True,
                message_thread_id=_thread(place),
            ),
        )

    async def _with_plain_fallback(
        self, part: RichText, keyboard: Keyboard, deliver: Callable[[RichText, Keyboard], Awaitable[T]]
    ) -> T:
        try:
            return await deliver(part, keyboard)
        except (ChannelGoneError, _NothingToEditError):
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
                action = partial(_flood_told, call, int(chat_id))
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

    async def _send(
        self,
        chat_id: int,
        place: Place,
        part: RichText,
        keyboard: Keyboard,
        reply_to: int | None,
        *,
        timeout_seconds: float = _ANSWER_TIMEOUT_SECONDS,
    ) -> int:
        reply = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
        message = await self._bot.send_message(
            chat_id,
            part.text,
            entities=_entities_of(part),
            reply_markup=_markup_of(keyboard),
            reply_parameters=reply,
            message_thread_id=_thread(place),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            read_timeout=timeout_seconds,
        )
        return message.message_id

    async def _edit(
        self,
        chat_id: int,
        message_id: int,
        part: RichText,
        keyboard: Keyboard,
        *,
        timeout_seconds: float = _ANSWER_TIMEOUT_SECONDS,
    ) -> None:
        try:
            await self._bot.edit_message_text(
                part.text,
                chat_id,
                message_id,
                entities=_entities_of(part),
                reply_markup=_markup_of(keyboard),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                read_timeout=timeout_seconds,
            )
        except BadRequest as exc:
            reason = exc.message.lower()
            if any(words in reason for words in _NOTHING_TO_EDIT):
                raise _NothingToEditError("the message to edit is gone") from exc
            if "message is not modified" not in reason:
                raise

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
                message_thread_id=_thread(place),
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
                chat, draft_id, text, message_thread_id=_thread(place), read_timeout=_PROGRESS_TIMEOUT_SECONDS
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
                place, lambda chat: self._send(chat, place, part, (), reply_to, timeout_seconds=timeout)
            )
        await self._show(place, lambda chat: self._edit(chat, message_id, part, (), timeout_seconds=timeout))
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


class _NothingToEditError(ChannelError):
    """The message is deleted, or too old."""


async def _flood_told(call: Callable[[int], Awaitable[T]], chat_id: int) -> T:
    try:
        return await call(chat_id)
    except FloodError as exc:
        raise TooManyRequestsError(exc.seconds) from exc


def error_of(exc: TelegramError) -> BotError:
    """Our error for the SDK's. Its text is Telegram's reason, which quotes nothing of a message."""
    reason = str(exc)[:200]
    if isinstance(exc, FloodError):
        return TooManyRequestsError(exc.seconds)
    if isinstance(exc, InvalidToken):
        return ChannelError("Telegram refuses TELEGRAM_BOT_TOKEN", retryable=True)
    if isinstance(exc, Forbidden):
        return ChannelGoneError(f"Telegram lets the bot write there no more: {reason}")
    if isinstance(exc, BadRequest):
        is_gone = any(words in reason.lower() for words in _GONE)
        return ChannelGoneError(reason) if is_gone else ChannelError(f"Telegram refuses a message: {reason}")
    return ChannelError(f"Telegram cannot be reached: {reason}", retryable=True)


def _entities_of(part: RichText) -> list[MessageEntity] | None:
    return [MessageEntity(kind, offset, length) for kind, offset, length in part.utf16_spans()] or None


def _markup_of(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    rows = [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in keyboard]
    return InlineKeyboardMarkup(rows) if rows else None


def _thread(place: Place) -> int | None:
    return int(place.thread_id) if place.thread_id else None
