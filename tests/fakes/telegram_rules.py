"""What the Bot API accepts and how it words a refusal, as plain functions.

Sources: core.telegram.org/bots/api (called "docs" below); the wording of errors is that of the open-source
server (github.com/tdlib/telegram-bot-api, telegram-bot-api/Client.cpp, and tdlib's MessageEntity.cpp).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, UnidentifiedImageError

MAX_TEXT = 4096  # docs, sendMessage: "1-4096 characters after entities parsing"
MAX_CAPTION = 1024  # docs, sendPhoto: "0-1024 characters after entities parsing"
MAX_CALLBACK_DATA_BYTES = 64  # docs, InlineKeyboardButton: "1-64 bytes"
MAX_ENTITIES = 100  # tg limits (limits.tginfo.me): more are dropped silently
MAX_PHOTO_BYTES = 10 * 1024 * 1024  # docs, sendPhoto
MAX_PHOTO_SIDES = 10_000  # docs, sendPhoto: "width and height must not exceed 10000 in total"
MAX_PHOTO_RATIO = 20  # docs, sendPhoto: "Width and height ratio must be at most 20"
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024  # docs, getFile
ENTITY_TYPES = frozenset(
    {
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
        "custom_emoji",
    }
)
_RESERVED = re.compile(r"(?<!\\)[_*\[\]()~`>#+\-=|{}.!]")  # docs, MarkdownV2 style
_TAG = re.compile(r"<(?!/?(?:b|strong|i|em|u|ins|s|strike|del|a|code|pre|blockquote|tg-spoiler)\b)[^>]*>?")


@dataclass
class ApiError(Exception):
    """A refusal: docs, "Making requests" and "ResponseParameters"."""

    status: int
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        answer: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        return answer | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(reason: str) -> ApiError:
    return ApiError(400, f"Bad Request: {reason}")


def formatted(
    text: str, entities: Any, parse_mode: str, *, limit: int, too_long: str
) -> tuple[str, list[dict[str, Any]]]:
    """The text and entities as they are stored: checked, trimmed at both ends, offsets moved along."""
    if parse_mode:
        check_parse_mode(text, parse_mode)
        entities = []
    kept = [_checked(text, entity) for entity in entities or []][:MAX_ENTITIES]
    trimmed = text.strip()
    if len(trimmed) > limit:
        raise bad_request(too_long)
    skipped = _units(text[: len(text) - len(text.lstrip())])
    return trimmed, _moved(kept, skipped, _units(trimmed))


def check_parse_mode(text: str, parse_mode: str) -> None:
    """Refuse what a careless bot sends; formatting itself is not imitated."""
    match parse_mode.lower():
        case "markdownv2":
            if found := _RESERVED.search(text):
                character = found[0]
                raise bad_request(
                    f"can't parse entities: Character '{character}' is reserved and must be escaped with the "
                    f"preceding '\\'"
                )
        case "html":
            if found := _TAG.search(text):
                raise bad_request(f'can\'t parse entities: Unsupported start tag "{found[0][1:-1]}"')
        case "markdown":
            if any(text.count(mark) % 2 for mark in "*_`"):
                raise bad_request(
                    "can't parse entities: Can't find end of the entity starting at byte offset 0"
                )
        case _:
            raise bad_request("unsupported parse_mode")


def _checked(text: str, entity: Any) -> dict[str, Any]:
    """tdlib, MessageEntity.cpp: offsets count UTF-16 units and must not halve a surrogate pair."""
    if not isinstance(entity, dict) or entity.get("type") not in ENTITY_TYPES:
        raise bad_request("can't parse MessageEntity: Unknown entity type specified")
    offset, length = entity.get("offset"), entity.get("length")
    if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length <= 0:
        raise bad_request('can\'t parse MessageEntity: Can\'t find field "offset" or "length"')
    total = _units(text)
    for name, at in (("begins", offset), ("ends", offset + length)):
        if at > total:
            raise bad_request(f"Entity {name} after the end of the text at UTF-16 offset {at}")
        if _halves_a_pair(text, at):
            raise bad_request(f"Entity {name} in a middle of a UTF-16 symbol at UTF-16 offset {at}")
    return entity


def _moved(entities: list[dict[str, Any]], skipped: int, total: int) -> list[dict[str, Any]]:
    moved = []
    for entity in entities:
        start = max(entity["offset"] - skipped, 0)
        end = min(entity["offset"] + entity["length"] - skipped, total)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return moved


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _halves_a_pair(text: str, at: int) -> bool:
    units = text.encode("utf-16-le", "surrogatepass")
    return at * 2 < len(units) and 0xDC <= units[at * 2 + 1] <= 0xDF


def check_keyboard(markup: Any) -> dict[str, Any] | None:
    """Docs, InlineKeyboardMarkup: rows of buttons, each with a text and exactly one action."""
    if not markup:
        return None
    if not isinstance(markup, dict) or not isinstance(markup.get("inline_keyboard"), list):
        raise bad_request("object expected as reply markup")
    for row in markup["inline_keyboard"]:
        for button in row:
            if not button.get("text"):
                raise bad_request('can\'t parse inline keyboard button: Field "text" must be non-empty')
            if "callback_data" in button:
                size = len(button["callback_data"].encode())
                if not 1 <= size <= MAX_CALLBACK_DATA_BYTES:
                    raise bad_request("BUTTON_DATA_INVALID")
            elif "url" not in button:
                raise bad_request(
                    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
                )
    return markup


def photo_size(content: bytes) -> tuple[int, int]:
    """Width and height of an acceptable photo (docs, sendPhoto)."""
    if len(content) > MAX_PHOTO_BYTES:
        raise bad_request("file must be at most 10 MB, too big for a photo")
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
    except UnidentifiedImageError:
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    if width + height > MAX_PHOTO_SIDES or max(width, height) > MAX_PHOTO_RATIO * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height


def webhook_fault(url: str, secret: str) -> ApiError | None:
    """Docs, setWebhook; plain HTTP is accepted on loopback, as "Using a Local Bot API Server" allows."""
    if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        return bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        return bad_request("secret token contains unallowed characters")
    return None
