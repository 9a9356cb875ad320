"""What Feishu pushes, as `IncomingMessage`s.

- im.message.receive_v1: https://open.feishu.cn/document/server-docs/im-v1/message/events/receive. The same
  message may come under another event_id, so `message_id` is Feishu's own. Mentions stand in the text as
  `@_user_1`, and `mentions` says who that is; `@_all` means everybody and not the bot.
- card.action.trigger: https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/
  card-callback-communication. The event tells neither the kind of chat nor the topic, so a button's value
  carries both beside its message. Its `message_id` is the card's and the event's joined by "/".

A voice message, or a file whose name is one of sound, is a `VoiceNote`:
https://open.feishu.cn/document/server-docs/im-v1/message-content-description/message_content. It mentions
nobody, so in a group there is none for the bot.

A picture, sticker, location or any other message without text becomes one whose text is "": the handlers
answer that with a friendly sentence about what the bot reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.feishu_text import cleaned
from core.messages import ChatKey, IncomingMessage, UserKey, VoiceNote

CHANNEL_NAME = "feishu"
MESSAGE_EVENT = "im.message.receive_v1"
BUTTON_EVENT = "card.action.trigger"
_MENTION = re.compile(r"@_user_\d{1,9}|@_all\b")
_ID = re.compile(r"[A-Za-z0-9_\-=+.:]{1,128}")
_FILE_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SOUND_SUFFIXES = (".opus", ".ogg", ".oga", ".mp3", ".m4a", ".aac", ".wav", ".amr", ".webm", ".flac")
_MAX_POST_LINES = 2000


class MalformedEventError(ValueError):
    """An event lacks what it must have; says which field, never its value."""


@dataclass(frozen=True, slots=True)
class FeishuEvent:
    """An event of the 2.0 schema: header and body."""

    event_id: str
    event_type: str
    app_id: str
    token: str
    body: Mapping[str, Any]

    @property
    def is_group_message(self) -> bool:
        """Whether it is a message from a group that mentions somebody."""
        message = self.body.get("message")
        return (
            self.event_type == MESSAGE_EVENT
            and isinstance(message, Mapping)
            and message.get("chat_type") != "p2p"
            and bool(message.get("mentions"))
        )


def read_event(payload: Mapping[str, Any]) -> FeishuEvent:
    """Read header and body.

    Raises:
        MalformedEventError: it is not an event of the 2.0 schema.
    """
    header, body = payload.get("header"), payload.get("event")
    if not isinstance(header, Mapping) or not isinstance(body, Mapping):
        raise MalformedEventError("header or event")
    token = header.get("token")
    return FeishuEvent(
        _id(header, "event_id"),
        _id(header, "event_type"),
        str(header.get("app_id") or ""),
        token if isinstance(token, str) else "",
        body,
    )


def incoming_message(event: FeishuEvent, bot_open_id: str, now: datetime) -> IncomingMessage | None:
    """The message in `event`, or None when it is not for this bot.

    In groups only a message that mentions `bot_open_id` is; with that unknown (""), none.

    Raises:
        MalformedEventError: a field is missing or has the wrong type.
    """
    if event.event_type == MESSAGE_EVENT:
        return _sent_message(event.body, bot_open_id, now)
    if event.event_type == BUTTON_EVENT:
        return _pressed_button(event, now)
    return None


def button_value(message: str, of: IncomingMessage) -> dict[str, object]:
    """What a button under the answer to `of` must carry, for `incoming_message` to read."""
    return {"message": message, "group": of.is_group, "thread": of.chat.thread_id}


def reply_target(message: IncomingMessage) -> str:
    """The Feishu message that an answer to `message` replies to; "" when it did not come from Feishu."""
    target = message.message_id.partition("/")[0]
    return target if target.startswith("om_") else ""


def _sent_message(body: Mapping[str, Any], bot_open_id: str, now: datetime) -> IncomingMessage | None:
    sender, message = _mapping(body, "sender"), _mapping(body, "message")
    if sender.get("sender_type", "user") != "user":
        return None
    is_group = message.get("chat_type") != "p2p"
    mentions = _mentions(message)
    own_keys = {key for key, open_id, _ in mentions if bot_open_id and open_id == bot_open_id}
    if is_group and not own_keys:
        return None
    names = {key: "" if key in own_keys else f"@{name}" for key, _, name in mentions}
    text = _MENTION.sub(
        lambda match: names.get(match[0], "@所有人" if match[0] == "@_all" else ""), _text(message)
    )
    thread_id = str(message.get("thread_id") or "") if is_group else ""
    return IncomingMessage(
        chat=ChatKey(CHANNEL_NAME, _id(message, "chat_id"), thread_id[:128]),
        user=UserKey(CHANNEL_NAME, _id(_mapping(sender, "sender_id"), "open_id")),
        message_id=_id(message, "message_id"),
        text=cleaned(re.sub(r"[ \u00a0]{2,}", " ", text)),
        received_at=now,
        is_group=is_group,
        voice=_voice(message),
    )


def _pressed_button(event: FeishuEvent, now: datetime) -> IncomingMessage:
    context, value = _mapping(event.body, "context"), _mapping(_mapping(event.body, "action"), "value")
    said, thread_id, is_group = value.get("message"), value.get("thread", ""), value.get("group") is True
    if not isinstance(said, str) or not isinstance(thread_id, str):
        raise MalformedEventError("action.value")
    return IncomingMessage(
        chat=ChatKey(CHANNEL_NAME, _id(context, "open_chat_id"), thread_id[:128] if is_group else ""),
        user=UserKey(CHANNEL_NAME, _id(_mapping(event.body, "operator"), "open_id")),
        message_id=f"{_id(context, 'open_message_id')}/{event.event_id}",
        text=cleaned(said),
        received_at=now,
        is_group=is_group,
    )


def _mentions(message: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(key, open_id, name) of everybody mentioned."""
    listed = message.get("mentions") or []
    if not isinstance(listed, list):
        raise MalformedEventError("mentions")
    mentions = []
    for item in listed:
        if isinstance(item, Mapping) and isinstance(item.get("id"), Mapping):
            key, open_id, name = item.get("key"), item["id"].get("open_id"), item.get("name")
            mentions.append((str(key or ""), str(open_id or ""), str(name or "")))
    return mentions


def _content(message: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        content = json.loads(message.get("content") or "")
    except (TypeError, ValueError) as exc:
        raise MalformedEventError("message.content") from exc
    if not isinstance(content, Mapping):
        raise MalformedEventError("message.content")
    return content


def _voice(message: Mapping[str, Any]) -> VoiceNote | None:
    """The recording in a message; its length in milliseconds comes with voice messages only."""
    kind = message.get("message_type")
    if kind not in {"audio", "file"}:
        return None
    content = _content(message)
    key, name, duration_ms = content.get("file_key"), content.get("file_name"), content.get("duration")
    if not isinstance(key, str) or not _FILE_KEY.fullmatch(key):
        return None
    if kind == "file" and not str(name).lower().endswith(_SOUND_SUFFIXES):
        return None
    seconds = duration_ms / 1000 if isinstance(duration_ms, int) and 0 <= duration_ms < 10**12 else None
    return VoiceNote(key, duration_seconds=seconds)


def _text(message: Mapping[str, Any]) -> str:
    """The text of a message, "" when its kind has none."""
    kind = message.get("message_type")
    if kind not in {"text", "post"}:
        return ""
    content = _content(message)
    if kind == "text":
        text = content.get("text")
        return text if isinstance(text, str) else ""
    return _post_text(content)


def _post_text(content: Mapping[str, Any]) -> str:
    """A rich text's title and lines; pictures and emoji leave nothing."""
    if "content" not in content and len(content) == 1:
        only = next(iter(content.values()))  # one language's version, as bots send it
        content = only if isinstance(only, Mapping) else {}
    listed = content.get("content")
    paragraphs = [item for item in listed if isinstance(item, list)] if isinstance(listed, list) else []
    lines = [str(content.get("title") or "")]
    lines += ["".join(map(_post_piece, paragraph)) for paragraph in paragraphs[:_MAX_POST_LINES]]
    return "\n".join(line for line in lines if line.strip())


def _post_piece(piece: object) -> str:
    """An element's text; of a mention its key (`@_user_1`), which is replaced later."""
    if not isinstance(piece, Mapping):
        return ""
    value = piece.get("user_id") if piece.get("tag") == "at" else piece.get("text")
    return value if isinstance(value, str) else ""


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    if not isinstance(value, Mapping):
        raise MalformedEventError(key)
    return value


def _id(parent: Mapping[str, Any], key: str) -> str:
    value = parent.get(key)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise MalformedEventError(key)
    return value
