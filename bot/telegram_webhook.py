"""Receiving by webhook: Telegram posts updates to a route of the bot's own server.

Source: core.telegram.org/bots/api#setwebhook. The secret that was given there comes back in a header; it is
compared in constant time, before the body is read. An answer other than 2xx makes Telegram send the update
again, so 503 is answered when it could not be stored, and 200 for one that cannot be read: it would not get
better.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from core.errors import BotError, SettingsError

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105
MAX_BODY_BYTES = 256 * 1024
"""Texts are at most 4096 characters, also in the message that is replied to; the rest is small."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class WebhookReceiver:
    """Checks and reads what is posted.

    Args:
        url: TELEGRAM_WEBHOOK_URL, where Telegram finds the route.
        secret: TELEGRAM_WEBHOOK_SECRET.
        take: stores an update.

    Raises:
        SettingsError: `url` is not an address that Telegram can call, or `secret` is missing or weak.
    """

    def __init__(self, url: str, secret: str, take: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise SettingsError("TELEGRAM_WEBHOOK_URL", "must begin with https://")
        if not parts.hostname or parts.query or parts.fragment or parts.path in {"", "/"}:
            raise SettingsError(
                "TELEGRAM_WEBHOOK_URL", "must name a host and a path, as in https://example.org/telegram"
            )
        if not _SECRET.fullmatch(secret):
            raise SettingsError(
                "TELEGRAM_WEBHOOK_SECRET",
                "must have 16 to 256 letters, digits, _ and -; without it anybody could post messages",
            )
        self.path = parts.path
        self._secret = secret.encode("ascii")
        self._take = take

    def routes(self) -> list[web.RouteDef]:
        """The route to mount."""
        return [web.post(self.path, self._post)]

    async def _post(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            logger.warning("telegram_webhook_refused reason=secret")
            return web.Response(status=403)
        update = await _json_object_of(request)
        if update is None or not isinstance(update.get("update_id"), int):
            logger.warning("telegram_webhook_refused reason=body")
            return web.Response(status=400)
        try:
            await self._take(update)
        except BotError as exc:
            logger.warning("telegram_webhook_not_stored code=%s", exc.code)
            return web.Response(status=503)
        return web.Response()


async def _json_object_of(request: web.Request) -> dict[str, Any] | None:
    """The body, if it is a JSON object of bearable size."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
