"""Feishu's events as HTTP requests: whose they are, how old, and what is in them.

https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/encrypt-key-encryption-configuration-case:
the body is `{"encrypt": Base64(IV ‖ AES-256-CBC(SHA-256(key), event))}` and X-Lark-Signature is the
SHA-256 of timestamp ‖ nonce ‖ key ‖ raw body in hexadecimal digits. lark-oapi's own handler checks neither
age nor anything without a key, and puts its exceptions into the answer; so this one is ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from Crypto.Cipher import AES

from core.errors import BotError, SettingsError

logger = logging.getLogger(__name__)

WEBHOOK_PATH = "/webhooks/feishu"
MAX_BODY_BYTES = 1024 * 1024
"""A text message holds 150 KB at most; Base64 and JSON escapes make that 900 KB at worst."""

Take = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, object] | None]]
"""Take an event; returns what to answer a card's button with."""


class RefusedRequestError(Exception):
    """A request that does not come from the platform; `reason` is for the log, never for the sender."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FeishuWebhook:
    """Answers the platform's requests.

    Args:
        encrypt_key: FEISHU_ENCRYPT_KEY; without one, anybody could speak for the platform.
        verification_token: FEISHU_VERIFICATION_TOKEN, checked besides when it is set.
        take: accepts an event; its errors make the platform send the event again.
        freshness_seconds: how far a request's timestamp may be from now.
        clock: seconds since the epoch.

    Raises:
        SettingsError: there is no encrypt key.
    """

    def __init__(
        self,
        encrypt_key: str,
        verification_token: str,
        take: Take,
        *,
        freshness_seconds: float = 300.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not encrypt_key:
            raise SettingsError("FEISHU_ENCRYPT_KEY", "must be set when FEISHU_MODE=webhook")
        self._key = encrypt_key.encode()
        self._token = verification_token.encode()
        self._take = take
        self._freshness_seconds = freshness_seconds
        self._clock = clock

    async def handle(self, request: web.Request) -> web.Response:
        """Take what the platform pushes; of what is wrong with a request, the answer tells nothing."""
        body = await _body_of(request)
        if body is None:
            return _answer({"msg": "too large"}, 413)
        try:
            event = self._opened(request.headers, body)
        except RefusedRequestError as exc:
            logger.warning("feishu_webhook_refused reason=%s", exc.reason)
            return _answer({"msg": "refused"}, 403)
        if event.get("type") == "url_verification":
            return _answer({"challenge": str(event.get("challenge", ""))})
        try:
            result = await self._take(event)
        except BotError as exc:
            logger.warning("feishu_event_not_taken code=%s", exc.code)
            return _answer({"msg": "try again"}, 503)
        return _answer(result if result is not None else {"msg": "success"})

    def _opened(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The event in `body`.

        The platform signs events and need not sign the challenge of a new address; that must carry the
        verification token, if one is set.

        Raises:
            RefusedRequestError: it is forged, stale or unreadable.
        """
        is_signed = "X-Lark-Signature" in headers
        if is_signed:
            self._check_signature(headers, body)
        event = self._decrypted(body)
        if not is_signed and event.get("type") != "url_verification":
            raise RefusedRequestError("unsigned")
        header = event.get("header")
        token = header.get("token") if isinstance(header, Mapping) else event.get("token")
        if self._token and not hmac.compare_digest(str(token or "").encode("utf-8", "replace"), self._token):
            raise RefusedRequestError("verification_token")
        return event

    def _check_signature(self, headers: Mapping[str, str], body: bytes) -> None:
        timestamp, nonce = (
            headers.get("X-Lark-Request-Timestamp", ""),
            headers.get("X-Lark-Request-Nonce", ""),
        )
        signed = (timestamp + nonce).encode("utf-8", "replace") + self._key + body
        expected = hashlib.sha256(signed).hexdigest().encode()
        given = headers["X-Lark-Signature"].encode("utf-8", "replace")
        if not hmac.compare_digest(given, expected):
            raise RefusedRequestError("signature")
        # Only now: an unsigned timestamp proves nothing.
        if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
            raise RefusedRequestError("timestamp")
        if abs(self._clock() - int(timestamp)) > self._freshness_seconds:
            raise RefusedRequestError("stale")

    def _decrypted(self, body: bytes) -> dict[str, Any]:
        try:
            envelope = json.loads(body)
            event = json.loads(decrypted(envelope["encrypt"], self._key))
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise RefusedRequestError("unreadable") from exc
        if not isinstance(event, dict):
            raise RefusedRequestError("unreadable")
        return event


def decrypted(encrypted: str, key: bytes) -> bytes:
    """The plain text of Base64(IV ‖ AES-256-CBC with PKCS#7 padding).

    Raises:
        ValueError: it was not encrypted with `key`.
    """
    try:
        data = base64.b64decode(encrypted, validate=True)
    except binascii.Error as exc:
        raise ValueError("not Base64") from exc
    if len(data) < 2 * AES.block_size or len(data) % AES.block_size:
        raise ValueError("not whole blocks")
    cipher = AES.new(hashlib.sha256(key).digest(), AES.MODE_CBC, data[: AES.block_size])
    plain = cipher.decrypt(data[AES.block_size :])
    padding = plain[-1]
    if not 1 <= padding <= AES.block_size or plain[-padding:] != bytes([padding]) * padding:
        raise ValueError("wrong padding")
    return plain[:-padding]


async def _body_of(request: web.Request) -> bytes | None:
    """The raw body, or None when it is too long, whatever its header says."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return None
    chunks, size = [], 0
    async for chunk in request.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _answer(content: Mapping[str, object], status: int = 200) -> web.Response:
    return web.json_response(dict(content), status=status)
