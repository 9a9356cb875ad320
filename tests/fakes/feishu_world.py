"""What exists on the fake Feishu: app, users' messages, the bot's messages, cards, pictures, files."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.fakes.feishu_limits import ApiError, Json

APP_ID = "cli_fake0000feishu01"
APP_SECRET = "fake-app-secret-Qx7LmN2vR9"
BOT_OPEN_ID = "ou_bot0000000000000000000000000001"
ENCRYPT_KEY = "fake-encrypt-key-Zt5"
VERIFICATION_TOKEN = "fake-verification-token-Kp3"
ALL_SCOPES = frozenset(
    {"im:message", "im:message:send_as_bot", "im:resource", "cardkit:card:write", "cardkit:card:read"}
)
_ELEMENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
_KNOWN_TAGS = {"markdown", "div", "plain_text", "column_set", "column", "button", "hr", "img"}
MAX_ELEMENTS = 200
UUID_SECONDS = 3600.0
CARD_SECONDS = 14 * 24 * 3600.0


@dataclass
class UserMessage:
    """A message that somebody sent to the bot."""

    message_id: str
    chat_id: str
    thread_id: str = ""
    withdrawn: bool = False


@dataclass
class BotMessage:
    """A message that the bot sent."""

    message_id: str
    chat_id: str
    kind: str
    content: Json
    uuid: str
    reply_to: str
    thread_id: str
    at: float
    card_id: str = ""
    edits: int = 0


@dataclass
class CardEntity:
    """A card of CardKit, and what was done to it."""

    card_id: str
    card: Json
    created_at: float
    sequence: int = 0
    message_id: str = ""
    uuids: set[str] = field(default_factory=set)
    streamed: list[str] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)

    @property
    def is_streaming(self) -> bool:
        return bool(self.card.get("config", {}).get("streaming_mode"))

    def element(self, element_id: str) -> Json:
        for element in elements_of(self.card):
            if element.get("element_id") == element_id:
                return element
        raise ApiError(300313, "element not found")


@dataclass
class FeishuWorld:
    """The state; `clock` is seconds since the epoch."""

    app_id: str = APP_ID
    app_secret: str = APP_SECRET
    bot_open_id: str = BOT_OPEN_ID
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    clock: Callable[[], float] = time.time
    token_seconds: float = 7200.0
    user_messages: dict[str, UserMessage] = field(default_factory=dict)
    sent: list[BotMessage] = field(default_factory=list)
    sent_by_id: dict[str, BotMessage] = field(default_factory=dict)
    sent_by_uuid: dict[str, BotMessage] = field(default_factory=dict)
    cards: dict[str, CardEntity] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    speech: dict[str, int] = field(default_factory=dict)
    """The milliseconds of files that were uploaded as Opus; 0 when that was not said."""
    resources: dict[tuple[str, str], bytes] = field(default_factory=dict)
    max_resource_bytes: int = 100 * 1024 * 1024
    gone_chats: set[str] = field(default_factory=set)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self.numbers):030d}"

    def add(self, message: BotMessage) -> None:
        self.sent.append(message)
        self.sent_by_id[message.message_id] = message
        if message.uuid:
            self.sent_by_uuid[message.uuid] = message

    def texts_in(self, chat_id: str) -> list[str]:
        """What a person reads in a chat, message by message; of a card its current state."""
        return [self.text_of(message) for message in self.sent if message.chat_id == chat_id]

    def text_of(self, message: BotMessage) -> str:
        if message.kind == "text":
            return str(message.content["text"])
        if message.kind == "interactive":
            return "\n".join(texts_of(self.card_of(message)))
        if message.kind == "post":
            pieces = [piece for line in message.content["zh_cn"]["content"] for piece in line]
            return "\n".join(str(piece.get("text") or f"[{piece.get('image_key')}]") for piece in pieces)
        return f"[{message.content.get('image_key') or message.content.get('file_key')}]"

    def card_of(self, message: BotMessage) -> Json:
        return self.cards[message.card_id].card

    def buttons_of(self, message: BotMessage) -> dict[str, Json]:
        """The values of a card's buttons by their labels."""
        buttons = [element for element in elements_of(self.card_of(message)) if element["tag"] == "button"]
        return {button["text"]["content"]: button["behaviors"][0]["value"] for button in buttons}


def elements_of(card: Json) -> list[Json]:
    """Every element of a card, nested ones after what holds them."""
    found: list[Json] = []
    waiting = list(card.get("body", {}).get("elements", []))
    while waiting:
        element = waiting.pop(0)
        found.append(element)
        waiting = [*element.get("columns", []), *element.get("elements", []), *waiting]
    return found


def texts_of(card: Json) -> list[str]:
    """What a card says, top to bottom."""
    header = card.get("header", {})
    texts = [header[part]["content"] for part in ("title", "subtitle") if part in header]
    for element in elements_of(card):
        content = element.get("content") or element.get("text", {}).get("content")
        if content:
            texts.append(unescaped(content) if element["tag"] == "markdown" else content)
    return texts


def unescaped(markdown: str) -> str:
    return re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), markdown)


def checked_card(text: str) -> Json:
    """A card of JSON 2.0; refused with 230099 where the platform could not make one.

    https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-json-v2-structure
    """
    try:
        card = json.loads(text)
    except ValueError as exc:
        raise ApiError(
            230099, "Failed to create card content, ext=ErrCode: 200621; parse card json err"
        ) from exc
    if not isinstance(card, dict) or card.get("schema") != "2.0" or "body" not in card:
        raise ApiError(230099, "Failed to create card content, ext=ErrCode: 11310; card schema")
    elements = elements_of(card)
    if len(elements) > MAX_ELEMENTS:
        raise ApiError(230099, "Failed to create card content, ext=ErrCode: 11310; element exceeds the limit")
    ids = [element["element_id"] for element in elements if "element_id" in element]
    if len(set(ids)) != len(ids) or not all(_ELEMENT_ID.fullmatch(item) for item in ids):
        raise ApiError(230099, "Failed to create card content, ext=ErrCode: 300301; element_id")
    for element in elements:
        if element.get("tag") not in _KNOWN_TAGS:
            raise ApiError(230099, "Failed to create card content, ext=ErrCode: 200861; unsupported tag")
        if element["tag"] == "markdown":
            check_markdown(element.get("content", ""))
    return card


def check_markdown(content: Any) -> None:
    """An unknown picture fails a card; a tag would call everybody, which no answer of ours may do."""
    if not isinstance(content, str) or re.search(r"!\[[^\]]*\]\(", content):
        raise ApiError(230099, "Failed to create card content, ext=ErrCode: 200570; image key is invalid")
    if re.search(r"<\s*/?\s*at\b", content, re.IGNORECASE):
        raise AssertionError("an answer calls people")
