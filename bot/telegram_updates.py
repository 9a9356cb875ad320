"""What an update of Telegram asks of the bot: a question, a pressed button, something unreadable, or nothing.

In a private chat everything is meant for the bot. In a group only what mentions it (@name, or its name as a
link), replies to it, or commands it (/cmd@name, or /cmd when it is one of its own commands); @name is cut
out of the text. Offsets of entities count UTF-16 units.

A voice note, music or a file of sound is a question too, whose text is its caption. In a group it is one when
its caption mentions the bot, when it replies to the bot, or when somebody mentions the bot below it.

Edited messages: the first version counts. An edit is read only in a group, within `EDIT_SECONDS`, so that
adding a forgotten mention works; it has the message's own id, so a message that was already taken is not
answered again. Of an album only one picture is answered: they share one id.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.messages import ChatKey, IncomingMessage, UserKey, VoiceNote

if TYPE_CHECKING:
    from telegram import CallbackQuery, Message, MessageEntity, Update, User

CHANNEL = "telegram"
ALLOWED_UPDATES = ("message", "edited_message", "callback_query")
EDIT_SECONDS = 120
GREETING = "你好"
"""What a bare mention says."""
_SOUND_TYPES = ("audio/", "application/ogg")
_ANONYMOUS_ADMIN = 1087968824
"""The "fake sender user" of anonymous administrators, @GroupAnonymousBot (docs, Message, `from`)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is."""

    user_id: int
    username: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A message to answer."""

    message: IncomingMessage


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button was pressed; `message` lacks its text, which `data` stands for."""

    callback_id: str
    data: str
    message: IncomingMessage


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A sticker, a place, a film …: something that the bot cannot answer."""

    message: IncomingMessage


Event = Asked | Pressed | Unreadable


class UpdateReader:
    """Reads updates.

    Args:
        identity: who the bot is.
        commands: names of its commands, without the slash.
    """

    def __init__(self, identity: Identity, commands: Collection[str]) -> None:
        self._identity = identity
        self._mention = f"@{identity.username}".lower()
        self._commands = frozenset(command.lower() for command in commands)

    def read(self, update: Update, received_at: datetime) -> Event | None:
        """What `update` asks for; None when it is not for the bot."""
        if update.callback_query is not None:
            return self._read_press(update.callback_query, received_at)
        message = update.message or update.edited_message
        if message is None or _is_from_program(message):
            return None
        if update.edited_message is not None and not _is_fresh_edit(message):
            return None
        return self._read_message(message, received_at)

    def _read_message(self, message: Message, received_at: datetime) -> Event | None:
        raw = message.text or message.caption or ""
        entities = message.entities or message.caption_entities or ()
        text, is_addressed = self._without_address(raw, entities)
        is_group = message.chat.type != "private"
        if is_group and not (is_addressed or self._replies_to_bot(message)):
            return None
        incoming = replace(self._incoming(message, received_at), text=text, voice=voice_of(message))
        if text or incoming.voice:
            return Asked(incoming)
        if is_addressed and raw:
            return Asked(self._about_quoted(incoming, message))
        return Unreadable(incoming) if message.effective_attachment is not None else None

    def _read_press(self, query: CallbackQuery, received_at: datetime) -> Pressed | None:
        message = query.message
        if message is None or query.data is None:
            return None
        thread_id = _thread_id_of(message) if hasattr(message, "is_topic_message") else ""
        incoming = IncomingMessage(
            chat=ChatKey(CHANNEL, str(message.chat.id), thread_id),
            user=UserKey(CHANNEL, str(query.from_user.id)),
            message_id=f"press-{query.id}",
            text="",
            received_at=received_at,
            is_group=message.chat.type != "private",
        )
        return Pressed(query.id, clean_text(query.data), incoming)

    def _incoming(self, message: Message, received_at: datetime) -> IncomingMessage:
        album = message.media_group_id
        return IncomingMessage(
            chat=ChatKey(CHANNEL, str(message.chat.id), _thread_id_of(message)),
            user=UserKey(CHANNEL, str(_sender_of(message))),
            message_id=f"album-{album}" if album else str(message.message_id),
            text="",
            received_at=received_at,
            is_group=message.chat.type != "private",
        )

    def _about_quoted(self, incoming: IncomingMessage, message: Message) -> IncomingMessage:
        """What a bare mention asks: what the message says that it replies to; a greeting without one."""
        original = message.reply_to_message
        if original is None or original.from_user is None or original.from_user.id == self._identity.user_id:
            return replace(incoming, text=GREETING)
        text, voice = clean_text(original.text or original.caption or ""), voice_of(original)
        return replace(incoming, text=text if text or voice else GREETING, voice=voice)

    def _without_address(self, raw: str, entities: Collection[MessageEntity]) -> tuple[str, bool]:
        """The text without what addresses the bot, and whether anything did."""
        units = raw.encode("utf-16-le", "surrogatepass")
        is_addressed = False
        for entity in sorted(entities, key=lambda e: e.offset, reverse=True):
            start, end = entity.offset * 2, (entity.offset + entity.length) * 2
            word = units[start:end].decode("utf-16-le", "replace")
            kept = self._kept_of(entity, word)
            if kept is not None:
                is_addressed = True
                units = units[:start] + kept.encode("utf-16-le", "surrogatepass") + units[end:]
        return clean_text(units.decode("utf-16-le", "replace")), is_addressed

    def _kept_of(self, entity: MessageEntity, word: str) -> str | None:
        """What stays of a word that addresses the bot; None when it does not."""
        if entity.type == "mention" and word.lower() == self._mention:
            return ""
        if entity.type == "text_mention" and entity.user and entity.user.id == self._identity.user_id:
            return ""
        if entity.type == "bot_command" and entity.offset == 0:
            command, at, name = word.partition("@")
            if f"@{name}".lower() == self._mention or (not at and command[1:].lower() in self._commands):
                return command
        return None

    def _replies_to_bot(self, message: Message) -> bool:
        """Whether it answers a message of the bot, unless it is a command to another bot.

        In a topic every message formally replies to the one that opened the topic.
        """
        original = message.reply_to_message
        if original is None or original.from_user is None or original.forum_topic_created is not None:
            return False
        words = (message.text or "").split(maxsplit=1)
        if words and words[0].startswith("/") and "@" in words[0]:
            return False
        return original.from_user.id == self._identity.user_id


def clean_text(text: str) -> str:
    """As it can be stored: no halves of surrogate pairs, no NUL, no white space around it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "").strip()


def voice_of(message: Message) -> VoiceNote | None:
    """The recording in `message`. A film, round ones included, is none."""
    document = message.document
    if document is not None and not (document.mime_type or "").lower().startswith(_SOUND_TYPES):
        document = None
    medium = message.voice or message.audio or document
    if medium is None:
        return None
    seconds = medium.to_dict().get("duration")  # the property warns that its type is going to change
    return VoiceNote(medium.file_id, medium.file_size, float(seconds) if seconds is not None else None)


def _is_from_program(message: Message) -> bool:
    """Whether another bot or a linked channel wrote it: answering could go on for ever."""
    sender: User | None = message.from_user
    if message.is_automatic_forward or (sender is None and message.sender_chat is None):
        return True
    return sender is not None and sender.is_bot and sender.id != _ANONYMOUS_ADMIN


def _is_fresh_edit(message: Message) -> bool:
    if message.chat.type == "private" or message.edit_date is None:
        return False
    return message.edit_date - message.date <= timedelta(seconds=EDIT_SECONDS)


def _sender_of(message: Message) -> int:
    if message.sender_chat is not None:
        return message.sender_chat.id
    return message.from_user.id if message.from_user is not None else message.chat.id


def _thread_id_of(message: object) -> str:
    """The topic; in other groups message_thread_id only names a chain of replies."""
    is_topic = bool(getattr(message, "is_topic_message", False))
    return str(getattr(message, "message_thread_id", None) or "") if is_topic else ""
