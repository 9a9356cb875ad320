"""The SDK's errors, and Telegram's words for them, as ours.

The SDK writes Telegram's reasons in its own mixture of cases, so they are compared without case.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from bot.telegram_pacing import TooManyRequestsError
from bot.telegram_request import FloodError
from core.errors import BotError, ChannelError, ChannelGoneError

T = TypeVar("T")

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
FILE_TOO_BIG = "file is too big"
NO_VOICE_NOTES_WANTED = ("voice_messages_forbidden", "restricted receiving of voice messages")
"""A person's privacy setting; files are welcome all the same."""
NO_VOICE_NOTES_ALLOWED = ("not enough rights to send voice notes", "chat_send_voices_forbidden")
"""A group's own rule for its members."""
NOTHING_TO_EDIT = ("message to edit not found", "message can't be edited", "message_id_invalid")


class ConflictError(ChannelError):
    """Another program receives with the same token, or a webhook is set."""

    code = "channel_conflict"


class NothingToEditError(ChannelError):
    """The message is deleted, or too old."""


async def flood_told(call: Callable[[int], Awaitable[T]], chat_id: int) -> T:
    """Make a call; of a 429 say it as the pacing understands it."""
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
