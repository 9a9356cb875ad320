"""Messages, pictures and files of the fake Feishu.

- `uuid`: the same one within an hour is sent once, and the answer is about what was sent; at most 50
  characters (https://open.feishu.cn/document/server-docs/im-v1/message/reply).
- A text is at most 150 KB, a card or rich text 30 KB: 230025 (same page).
- 230001 for a message that never was, 230002 for a group without the bot, 230011 for a withdrawn message
  (same page and …/trouble-shooting/how-to-resolve-error-230001).
- A message can be edited 20 times: 230072 (https://open.feishu.cn/document/server-docs/im-v1/message/update).
- Pictures: 1 byte to 10 MB, 234006 beyond (https://open.feishu.cn/document/server-docs/im-v1/image/create);
  files: 1 byte to 30 MB, 234006, empty 234010; of seven types, of which "opus" is for audio messages and has
  a duration in milliseconds (…/file/create). That the bytes of an "opus" are looked at is stricter than said.
- An audio message needs the key of a file uploaded as such, 230055 otherwise (…/message/create).
- A message's file: `type` is "image" or "file", `file_key` must belong to `message_id`, 234003 otherwise; at
  most 100 MB, 234037 (https://open.feishu.cn/document/server-docs/im-v1/message/get-2).
- A reply to a message of a topic goes into that topic.
"""

from __future__ import annotations

import json

from aiohttp import web

from tests.fakes.downloads import Downloads
from tests.fakes.feishu_limits import ApiError, Json, RateCounter
from tests.fakes.feishu_world import (
    UUID_SECONDS,
    BotMessage,
    CardEntity,
    FeishuWorld,
    UserMessage,
    checked_card,
)
from tests.fakes.forms import form_of
from tests.fakes.voice_notes import is_opus

MAX_TEXT_BYTES = 150 * 1024
MAX_CARD_BYTES = 30 * 1024
MAX_IMAGE_BYTES = 10 * 1024 * 1024
MAX_FILE_BYTES = 30 * 1024 * 1024
MAX_EDITS = 20
_NO_FILE = ("", b"")
FILE_TYPES = {"opus", "mp4", "pdf", "doc", "xls", "ppt", "stream"}


class FeishuMessages:
    """The methods; `downloads` is how files leave."""

    def __init__(self, world: FeishuWorld, rates: RateCounter) -> None:
        self.downloads = Downloads()
        self._world = world
        self._rates = rates

    async def reply(self, request: web.Request) -> Json:
        message_id = request.match_info["message_id"]
        target = self._world.user_messages.get(message_id)
        own = self._world.sent_by_id.get(message_id)
        if own is not None:
            target = UserMessage(own.message_id, own.chat_id, own.thread_id)
        if target is None:
            raise _invalid("message_id")
        if target.withdrawn:
            raise ApiError(230011, "The message was withdrawn.")
        body = await request.json()
        return self._send(body, target.chat_id, reply_to=message_id, thread_id=target.thread_id)

    async def create(self, request: web.Request) -> Json:
        body = await request.json()
        if request.query.get("receive_id_type") != "chat_id" or not str(body["receive_id"]).startswith("oc_"):
            raise _invalid("receive_id")
        return self._send(body, body["receive_id"])

    async def edit(self, request: web.Request) -> Json:
        message = self._message(request.match_info["message_id"])
        if message.edits >= MAX_EDITS:
            raise ApiError(230072, "The message has reached the number of times it can be edited.")
        body = await request.json()
        message.content = self._checked(body["msg_type"], body["content"])[0]
        message.edits += 1
        return self._shown(message)

    async def upload_image(self, request: web.Request) -> Json:
        fields, files = await form_of(request)
        _, content = files.get("image", _NO_FILE)
        if fields.get("image_type") not in {"message", "avatar"} or not content:
            raise ApiError(234001, "Invalid request param.")
        if len(content) > MAX_IMAGE_BYTES:
            raise ApiError(234006, "The file size exceed the max value.")
        if not content.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")):
            raise ApiError(234011, "Can't regonize image format.")
        key = self._world.new_id("img_v3")
        self._world.images[key] = content
        return {"image_key": key}

    async def upload_file(self, request: web.Request) -> Json:
        fields, files = await form_of(request)
        _, content = files.get("file", _NO_FILE)
        kind, duration = fields.get("file_type"), fields.get("duration", "0")
        if kind not in FILE_TYPES or not fields.get("file_name") or not duration.isdecimal():
            raise ApiError(234001, "Invalid request param.")
        if not content:
            raise ApiError(234010, "File's size can't be 0.")
        if len(content) > MAX_FILE_BYTES:
            raise ApiError(234006, "The file size exceed the max value.")
        if kind == "opus" and not is_opus(content):
            raise ApiError(234001, "Invalid request param.")
        key = self._world.new_id("file_v3")
        self._world.files[key] = (fields["file_name"], content)
        if kind == "opus":
            self._world.speech[key] = int(duration)
        return {"file_key": key}

    async def download(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("type") not in {"image", "file"}:
            raise ApiError(234001, "Invalid request param.")
        key = (request.match_info["message_id"], request.match_info["file_key"])
        if key not in self._world.resources:
            raise ApiError(234003, "File not in msg.")
        if len(self._world.resources[key]) > self._world.max_resource_bytes:
            raise ApiError(234037, "Downloaded file size exceeds limit.")
        return await self.downloads.answer(request, self._world.resources[key])

    def _send(self, body: Json, chat_id: str, *, reply_to: str = "", thread_id: str = "") -> Json:
        uuid = str(body.get("uuid") or "")
        if len(uuid) > 50:
            raise _invalid("uuid")
        if chat_id in self._world.gone_chats:
            raise ApiError(230002, "Bot/User can NOT be out of the chat.")
        earlier = self._world.sent_by_uuid.get(uuid)
        if earlier is not None and self._world.clock() - earlier.at < UUID_SECONDS:
            return self._shown(earlier)
        content, card_id = self._checked(body["msg_type"], body["content"])
        self._rates.count_for_chat(chat_id)
        message = BotMessage(
            self._world.new_id("om"),
            chat_id,
            body["msg_type"],
            content,
            uuid,
            reply_to,
            thread_id,
            self._world.clock(),
            card_id,
        )
        self._world.add(message)
        if card_id:
            self._world.cards[card_id].message_id = message.message_id
        return self._shown(message)

    def _checked(self, kind: str, text: str) -> tuple[Json, str]:
        """The content of a message, and the id of its card."""
        if len(text.encode()) > (MAX_TEXT_BYTES if kind == "text" else MAX_CARD_BYTES):
            raise ApiError(230025, "The length of the message content reaches its limit.")
        content = json.loads(text)
        if kind == "interactive":
            return content, self._card_id(content, text)
        images = [content.get("image_key")] if kind == "image" else []
        if kind == "post":
            pieces = [piece for line in content["zh_cn"]["content"] for piece in line]
            images = [piece["image_key"] for piece in pieces if piece["tag"] == "img"]
        known = all(key in self._world.images for key in images)
        known = known and (kind not in {"file", "audio"} or content.get("file_key") in self._world.files)
        if not known or (kind == "text" and not content.get("text")):
            raise _invalid("content")
        if kind == "audio" and content["file_key"] not in self._world.speech:
            raise ApiError(230055, "The type of file upload does not match the type of message being sent.")
        assert kind != "text" or "<at" not in content["text"], "an answer calls people"
        return content, ""

    def _card_id(self, content: Json, text: str) -> str:
        if content.get("type") == "card":
            entity = self._world.cards.get(content["data"]["card_id"])
            if entity is None or entity.message_id:
                raise ApiError(230099, "Failed to create card content, ext=ErrCode: 300311; card entity")
            return entity.card_id
        card_id = str(7_355_000_000_000_000_000 + next(self._world.numbers))
        self._world.cards[card_id] = CardEntity(card_id, checked_card(text), self._world.clock())
        return card_id

    def _message(self, message_id: str) -> BotMessage:
        if message_id not in self._world.sent_by_id:
            raise _invalid("message_id")
        return self._world.sent_by_id[message_id]

    def _shown(self, message: BotMessage) -> Json:
        return {
            "message_id": message.message_id,
            "root_id": message.reply_to,
            "parent_id": message.reply_to,
            "msg_type": message.kind,
            "create_time": str(int(message.at * 1000)),
            "update_time": str(int(message.at * 1000)),
            "deleted": False,
            "updated": False,
            "chat_id": message.chat_id,
            "sender": {
                "id": self._world.app_id,
                "id_type": "app_id",
                "sender_type": "app",
                "tenant_key": "tenant0",
            },
            "body": {"content": json.dumps(message.content, ensure_ascii=False)},
        }


def _invalid(what: str) -> ApiError:
    return ApiError(230001, f"Your request contains an invalid request parameter, ext=invalid {what}.")
