"""The chats, people and messages of the fake Telegram, and the updates that arise there.

Shapes of the objects: core.telegram.org/bots/api, "Available types".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

from tests.fakes.telegram_rules import ApiError, bad_request
from tests.fakes.voice_notes import as_bytes

BOT_ID = 7000000001
BOT_NAME = "shishen_test_bot"
GROUP_ID = -1001234567890
USER_ID = 1001

Json = dict[str, Any]


class TelegramWorld:
    """People write here; the bot's answers are kept.

    Attributes:
        messages: every message by (chat_id, message_id), as the Bot API shows it.
        updates: what getUpdates has not been told to forget.
        callbacks: ids of presses that may still be answered.
        files: file_id → (path, content).
        tells_sizes: whether files come with their (optional) size.
        no_voice: chat_id → how a voice note is refused there.
    """

    def __init__(self) -> None:
        self.bot: Json = {"id": BOT_ID, "is_bot": True, "first_name": "食神", "username": BOT_NAME}
        self.chats: dict[int, Json] = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self.updates: list[Json] = []
        self.arrived = asyncio.Condition()
        self.gone: dict[int, str] = {}
        self.migrated: dict[int, int] = {}
        self.topics: set[tuple[int, int]] = set()
        self.callbacks: set[str] = set()
        self.files: dict[str, tuple[str, bytes]] = {}
        self.tells_sizes = True
        self.no_voice: dict[int, str] = {}
        self._update_ids = count(500_000_001)  # docs, Update: "start from a certain positive number"
        self._message_ids = count(101)
        self._callback_ids = count(4_382_000_000_000_001)

    # What people do. Every method returns the update.

    async def private_text(self, text: str, user_id: int = USER_ID, **extra: Any) -> Json:
        message = self._incoming(self._private_chat(user_id), user_id, text=text, **extra)
        return await self.push({"message": message})

    async def group_text(
        self, text: str, user_id: int = USER_ID, chat_id: int = GROUP_ID, *, thread_id: int = 0, **extra: Any
    ) -> Json:
        """A message in a group; `thread_id` is a topic of a forum."""
        if thread_id:
            self.topics.add((chat_id, thread_id))
            extra |= {"message_thread_id": thread_id, "is_topic_message": True}
        message = self._incoming(self._group(chat_id, forum=bool(thread_id)), user_id, text=text, **extra)
        return await self.push({"message": message})

    async def mention(self, text: str, user_id: int = USER_ID, chat_id: int = GROUP_ID, **extra: Any) -> Json:
        """`text` in a group with every @name in it marked as a mention, in UTF-16 offsets."""
        return await self.group_text(text, user_id, chat_id, entities=mentions_in(text), **extra)

    async def edited(self, message: Json, text: str, *, seconds_later: int = 5, **extra: Any) -> Json:
        changed = {**message, "text": text, "edit_date": message["date"] + seconds_later, **extra}
        self.messages[message["chat"]["id"], message["message_id"]] = changed
        return await self.push({"edited_message": changed})

    async def sticker(self, user_id: int = USER_ID, **extra: Any) -> Json:
        sticker = {
            **self._file(b"WEBP"),
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
        }
        body = {"sticker": {**sticker, "type": "regular", "emoji": "👍"}, **extra}
        return await self.push({"message": self._incoming(self._private_chat(user_id), user_id, **body)})

    async def location(self, user_id: int = USER_ID) -> Json:
        body = {"location": {"latitude": 39.9, "longitude": 116.4}}
        return await self.push({"message": self._incoming(self._private_chat(user_id), user_id, **body)})

    async def photo(self, caption: str = "", user_id: int = USER_ID, *, album: str = "") -> Json:
        body: Json = {"photo": [{**self._file(b"JPEG"), "width": 90, "height": 60}]}
        body |= {"caption": caption} if caption else {}
        body |= {"media_group_id": album} if album else {}
        return await self.push({"message": self._incoming(self._private_chat(user_id), user_id, **body)})

    async def voice(
        self, content: bytes | str = b"OggS", user_id: int = USER_ID, *, group: bool = False, **extra: Any
    ) -> Json:
        """A voice note; `content` in Base64 when it comes in JSON. `extra`: caption, reply_to_message, …"""
        note = {**self._file(as_bytes(content), "voice", ".oga"), "duration": 2, "mime_type": "audio/ogg"}
        return await self.medium("voice", note, user_id, group=group, **extra)

    async def audio(self, content: bytes | str, user_id: int = USER_ID, **extra: Any) -> Json:
        """A piece of music, as apps send an MP3 or M4A."""
        music = {**self._file(as_bytes(content), "music", ".mp3"), "duration": 9, "mime_type": "audio/mpeg"}
        return await self.medium("audio", {**music, "title": "一"}, user_id, **extra)

    async def document(
        self, content: bytes | str, mime_type: str, user_id: int = USER_ID, **extra: Any
    ) -> Json:
        file = {**self._file(as_bytes(content), "documents"), "mime_type": mime_type, "file_name": "a.bin"}
        return await self.medium("document", file, user_id, **extra)

    async def video_note(self, user_id: int = USER_ID) -> Json:
        return await self.medium("video_note", {**self._file(b"MP4"), "length": 240, "duration": 3}, user_id)

    async def medium(
        self, kind: str, medium: Json, user_id: int = USER_ID, *, group: bool = False, **extra: Any
    ) -> Json:
        chat = self._group(GROUP_ID) if group else self._private_chat(user_id)
        return await self.push({"message": self._incoming(chat, user_id, **{kind: medium}, **extra)})

    async def press(self, message: Json, data: str, user_id: int = USER_ID) -> Json:
        """Press the button of the bot's `message` that carries `data`."""
        callback_id = str(next(self._callback_ids))
        self.callbacks.add(callback_id)
        query = {"id": callback_id, "from": person(user_id), "chat_instance": "-42", "data": data}
        return await self.push({"callback_query": {**query, "message": message}})

    async def push(self, update: Json) -> Json:
        """Any update; `update_id` is added unless it is there."""
        update = {"update_id": next(self._update_ids), **update}
        async with self.arrived:
            self.updates.append(update)
            self.arrived.notify_all()
        return update

    # What the bot does.

    def chat_for(self, chat_id: int) -> Json:
        """The chat, if the bot may write there.

        Raises:
            ApiError: as the server words it.
        """
        if chat_id in self.migrated:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": self.migrated[chat_id]},
            )
        if chat_id in self.gone:
            raise ApiError(403, f"Forbidden: {self.gone[chat_id]}")
        if chat_id not in self.chats:
            raise bad_request("chat not found")
        return self.chats[chat_id]

    def outgoing(self, chat: Json, thread_id: int = 0, **body: Any) -> Json:
        """A message of the bot."""
        topic = {"message_thread_id": thread_id, "is_topic_message": True} if thread_id else {}
        return self._stored({"from": self.bot, "chat": chat, **topic, **body})

    def message(self, chat_id: int, message_id: int) -> Json | None:
        return self.messages.get((chat_id, message_id))

    def block(self, chat_id: int, reason: str = "bot was blocked by the user") -> None:
        self.gone[chat_id] = reason

    def keep_file(self, content: bytes, folder: str = "documents") -> Json:
        return self._file(content, folder)

    def _incoming(self, chat: Json, user_id: int, **body: Any) -> Json:
        return self._stored({"from": person(user_id), "chat": chat, **body})

    def _stored(self, message: Json) -> Json:
        stored = {"message_id": next(self._message_ids), "date": int(time.time()), **message}
        self.messages[stored["chat"]["id"], stored["message_id"]] = stored
        return stored

    def _private_chat(self, user_id: int) -> Json:
        chat = {"id": user_id, "type": "private", "first_name": f"用户{user_id}"}
        return self.chats.setdefault(user_id, chat)

    def _group(self, chat_id: int, *, forum: bool = False) -> Json:
        chat: Json = {"id": chat_id, "type": "supergroup", "title": "厨房群"}
        return self.chats.setdefault(chat_id, chat | ({"is_forum": True} if forum else {}))

    def _file(self, content: bytes, folder: str = "files", suffix: str = "") -> Json:
        number = len(self.files)
        self.files[f"file-{number}"] = (f"{folder}/file_{number}{suffix}", content)
        size = {"file_size": len(content)} if self.tells_sizes else {}
        return {"file_id": f"file-{number}", "file_unique_id": f"u{number}", **size}


def person(user_id: int) -> Json:
    """A User."""
    return {"id": user_id, "is_bot": False, "first_name": f"用户{user_id}", "language_code": "zh-hans"}


def mentions_in(text: str) -> Sequence[Json]:
    """The `mention` entities of every @name in `text`."""
    found = []
    for word in text.split():
        if word.startswith("@"):
            offset = utf16_length(text[: text.index(word)])
            found.append({"type": "mention", "offset": offset, "length": utf16_length(word)})
    return found


def utf16_length(text: str) -> int:
    """What Telegram counts: UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
