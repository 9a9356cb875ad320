"""The calls of the Feishu open platform that this bot makes, over one aiohttp session.

lark-oapi's own asynchronous REST fetches its token with blocking requests and builds a client a call
(23 replies a second where one aiohttp session makes 1,616), so it serves for events only.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.feishu_errors import TOO_LARGE_CODE, FeishuRefusedError, FeishuUnreachableError
from bot.feishu_http import FeishuHttp, Patience
from core.messages import Document, VoiceClip

MAX_DOWNLOAD_BYTES = 100 * 1024 * 1024
"""https://open.feishu.cn/document/server-docs/im-v1/message/get-2: up to 100 MB."""
_MESSAGES = "/open-apis/im/v1/messages"
_VOICE_FILE = "voice.opus"
_CARDS = "/open-apis/cardkit/v1/cards"


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Who the bot is: mentions carry its `open_id`."""

    open_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ConnectionEndpoint:
    """Where a long connection is made; the address is good once and carries a ticket."""

    url: str
    client_config: Mapping[str, Any]

    def __repr__(self) -> str:
        return "ConnectionEndpoint(…)"


class FeishuApi:
    """The calls; errors are those of `FeishuHttp.call`.

    Args:
        http: how calls are made; opened and closed through this object.
        app_id: FEISHU_APP_ID.
        app_secret: FEISHU_APP_SECRET.
    """

    def __init__(self, http: FeishuHttp, app_id: str, app_secret: str) -> None:
        self._http = http
        self._app_id = app_id
        self._app_secret = app_secret

    async def open(self) -> None:
        """Make the session."""
        await self._http.open()

    async def close(self) -> None:
        """Close the session."""
        await self._http.close()

    async def bot_identity(self, patience: Patience | None = None) -> BotIdentity:
        """Ask who the bot is (bot/v3/info: its answer has no `data`)."""
        answer = await self._http.call("bot_info", "GET", "/open-apis/bot/v3/info", patience=patience)
        bot = answer.get("bot")
        if not isinstance(bot, dict) or not bot.get("open_id"):
            raise FeishuUnreachableError("bot_info", "the answer does not say who the bot is")
        return BotIdentity(str(bot["open_id"]), str(bot.get("app_name") or ""))

    async def connection_endpoint(self) -> ConnectionEndpoint:
        """Ask where to make a long connection, as lark-oapi's client does."""
        credentials = {"AppID": self._app_id, "AppSecret": self._app_secret}
        answer = await self._http.public_call("connection_endpoint", "/callback/ws/endpoint", credentials)
        data = answer.get("data")
        if not isinstance(data, dict) or not str(data.get("URL", "")).startswith(("ws://", "wss://")):
            raise FeishuUnreachableError("connection_endpoint", "the answer holds no address")
        config = data.get("ClientConfig")
        return ConnectionEndpoint(str(data["URL"]), config if isinstance(config, dict) else {})

    async def reply(
        self,
        message_id: str,
        kind: str,
        content: object,
        *,
        uuid: str,
        chat_id: str = "",
        patience: Patience | None = None,
    ) -> str:
        """Reply to a message, in its thread if it has one; returns the new message's id.

        The same `uuid` within an hour sends nothing new and returns the id of what was sent. `chat_id` is
        where it appears, for the limit of a chat.
        """
        body = {"msg_type": kind, "content": _json(content), "uuid": uuid}
        path = f"{_MESSAGES}/{quote(message_id, safe='')}/reply"
        answer = await self._http.call("reply", "POST", path, body=body, chat_id=chat_id, patience=patience)
        return _text_at(answer, "message_id", "reply")

    async def send(self, chat_id: str, kind: str, content: object, *, uuid: str) -> str:
        """Send to a chat; `uuid` as in `reply`."""
        body = {"receive_id": chat_id, "msg_type": kind, "content": _json(content), "uuid": uuid}
        path = f"{_MESSAGES}?receive_id_type=chat_id"
        answer = await self._http.call("send", "POST", path, body=body, chat_id=chat_id)
        return _text_at(answer, "message_id", "send")

    async def upload_image(self, content: bytes, media_type: str) -> str:
        """Upload a picture of at most 10 MB; returns its image_key."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            data.add_field("image_type", "message")
            data.add_field("image", io.BytesIO(content), filename="picture", content_type=media_type)
            return data

        answer = await self._http.call("upload_image", "POST", "/open-apis/im/v1/images", form=form)
        return _text_at(answer, "image_key", "upload_image")

    async def upload_file(self, document: Document) -> str:
        """Upload a file of at most 30 MB, which must not be empty; returns its file_key."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            data.add_field("file_type", "stream")
            data.add_field("file_name", document.file_name)
            data.add_field(
                "file",
                io.BytesIO(document.content),
                filename=document.file_name,
                content_type=document.media_type,
            )
            return data

        answer = await self._http.call("upload_file", "POST", "/open-apis/im/v1/files", form=form)
        return _text_at(answer, "file_key", "upload_file")

    async def upload_voice(self, clip: VoiceClip) -> str:
        """Upload speech of at most 30 MB; returns its file_key, good for an audio message."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            data.add_field("file_type", "opus")
            data.add_field("file_name", _VOICE_FILE)
            data.add_field("duration", str(max(1, clip.duration_ms)))
            data.add_field("file", io.BytesIO(clip.content), filename=_VOICE_FILE, content_type="audio/ogg")
            return data

        answer = await self._http.call("upload_file", "POST", "/open-apis/im/v1/files", form=form)
        return _text_at(answer, "file_key", "upload_file")

    async def download(
        self, message_id: str, file_key: str, kind: str, *, max_bytes: int = MAX_DOWNLOAD_BYTES
    ) -> bytes | None:
        """A picture (`kind` "image") or other file ("file") that a user sent; None when it is longer."""
        path = f"{_MESSAGES}/{quote(message_id, safe='')}/resources/{quote(file_key, safe='')}?type={kind}"
        try:
            return await self._http.download("download", path, max_bytes=min(max_bytes, MAX_DOWNLOAD_BYTES))
        except FeishuRefusedError as exc:
            if exc.feishu_code == TOO_LARGE_CODE:
                return None
            raise

    async def create_card(self, card: Mapping[str, object], patience: Patience | None = None) -> str:
        """Create a card entity, which can be sent once and updated for 14 days; returns its card_id."""
        body = {"type": "card_json", "data": _json(card)}
        answer = await self._http.call("create_card", "POST", _CARDS, body=body, patience=patience)
        return _text_at(answer, "card_id", "create_card")

    async def card_of(self, message_id: str) -> str:
        """The card_id of a card that was sent as `message_id`."""
        body = {"message_id": message_id}
        answer = await self._http.call("card_of_message", "POST", f"{_CARDS}/id_convert", body=body)
        return _text_at(answer, "card_id", "card_of_message")

    async def stream_text(
        self, card_id: str, element_id: str, text: str, sequence: int, patience: Patience | None = None
    ) -> None:
        """Show `text`, the whole of it, in an element of a streaming card."""
        body = {"content": text, "sequence": sequence, "uuid": uuid_of(card_id, str(sequence))}
        path = f"{_CARDS}/{quote(card_id, safe='')}/elements/{element_id}/content"
        await self._http.call("stream_text", "PUT", path, body=body, patience=patience)

    async def change_card_settings(self, card_id: str, config: Mapping[str, object], sequence: int) -> None:
        """Change the `config` of a card."""
        uuid = uuid_of(card_id, str(sequence))
        body = {"settings": _json({"config": config}), "sequence": sequence, "uuid": uuid}
        path = f"{_CARDS}/{quote(card_id, safe='')}/settings"
        await self._http.call("change_card_settings", "PATCH", path, body=body)

    async def update_card(self, card_id: str, card: Mapping[str, object], sequence: int) -> None:
        """Replace a card."""
        uuid = uuid_of(card_id, str(sequence))
        body = {"card": {"type": "card_json", "data": _json(card)}, "sequence": sequence, "uuid": uuid}
        await self._http.call("update_card", "PUT", f"{_CARDS}/{quote(card_id, safe='')}", body=body)


def uuid_of(*parts: str) -> str:
    """The idempotency key for what `parts` name: 32 hexadecimal digits (the platform takes up to 50)."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _text_at(answer: Mapping[str, Any], key: str, operation: str) -> str:
    data = answer.get("data")
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, str) or not value:
        raise FeishuUnreachableError(operation, f"the answer holds no {key}")
    return value
