"""Text messages by python-telegram-bot: each function is one call, with the SDK's own errors."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import BadRequest

from bot.telegram_buttons import Key
from bot.telegram_errors import NOTHING_TO_EDIT, NothingToEditError
from bot.telegram_render import RichText

Keyboard = Sequence[Sequence[Key]]

_ANSWER_TIMEOUT_SECONDS = 20.0


async def send_text(
    bot: Bot,
    chat_id: int,
    topic: int | None,
    part: RichText,
    keyboard: Keyboard = (),
    reply_to: int | None = None,
    *,
    timeout_seconds: float = _ANSWER_TIMEOUT_SECONDS,
) -> int:
    """Send a message; returns its id."""
    reply = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
    message = await bot.send_message(
        chat_id,
        part.text,
        entities=_entities_of(part),
        reply_markup=_markup_of(keyboard),
        reply_parameters=reply,
        message_thread_id=topic,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        read_timeout=timeout_seconds,
    )
    return message.message_id


async def edit_text(
    bot: Bot,
    chat_id: int,
    message_id: int,
    part: RichText,
    keyboard: Keyboard = (),
    *,
    timeout_seconds: float = _ANSWER_TIMEOUT_SECONDS,
) -> None:
    """Replace the text of a message.

    Raises:
        NothingToEditError: the message is gone.
    """
    try:
        await bot.edit_message_text(
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
        if any(words in reason for words in NOTHING_TO_EDIT):
            raise NothingToEditError("the message to edit is gone") from exc
        if "message is not modified" not in reason:
            raise


def _entities_of(part: RichText) -> list[MessageEntity] | None:
    return [MessageEntity(kind, offset, length) for kind, offset, length in part.utf16_spans()] or None


def _markup_of(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    rows = [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in keyboard]
    return InlineKeyboardMarkup(rows) if rows else None
