"""What the Feishu open platform answers: JSON with a code of its own, or a file; and why no answer came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.feishu_errors import OK, RATE_LIMIT_CODE, FeishuUnreachableError

MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """The platform's answer to a call.

    Attributes:
        status: of HTTP.
        code: the platform's own; `OK` for what was done.
        body: the whole JSON; empty when there is a file in its place.
        reset_seconds: when a rate limit ends, if the platform said so; in [0, 3600].
        file: what was downloaded; None when it was too long.
    """

    status: int
    code: int
    body: dict[str, Any]
    reset_seconds: float | None
    file: bytes | None = None

    @property
    def is_rate_limit(self) -> bool:
        """Whether it says that this was too often."""
        return self.code == RATE_LIMIT_CODE or self.status == 429


async def answer_in(response: aiohttp.ClientResponse, operation: str) -> Answer:
    """The answer that `response` holds.

    Raises:
        FeishuUnreachableError: it holds none, or one longer than `MAX_ANSWER_BYTES`.
        aiohttp.ClientError: the connection broke.
        TimeoutError: it took too long.
    """
    body = _decoded(await _read_at_most(response, MAX_ANSWER_BYTES) or b"")
    code = body.get("code")
    if not isinstance(code, int):
        raise FeishuUnreachableError(operation, f"HTTP {response.status} without the platform's answer")
    return Answer(response.status, code, body, _seconds(response.headers.get("x-ogw-ratelimit-reset")))


async def file_in(response: aiohttp.ClientResponse, operation: str, max_bytes: int) -> Answer:
    """The file that `response` holds, or in its place the platform's answer in JSON.

    Raises:
        FeishuUnreachableError: as `answer_in`.
        aiohttp.ClientError: likewise.
        TimeoutError: likewise.
    """
    if response.status != 200 or response.content_type == "application/json":
        return await answer_in(response, operation)
    return Answer(200, OK, {}, None, await _read_at_most(response, max_bytes))


def why_none_came(exc: Exception) -> str:
    """What went wrong with the connection; never the request, which carries the token."""
    if isinstance(exc, TimeoutError):
        return "it took too long"
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        return "its name is unknown"
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid"
    if isinstance(exc, aiohttp.ClientConnectorError):
        return f"no connection ({exc.os_error.strerror or type(exc).__name__})"
    return type(exc).__name__


async def _read_at_most(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """The body, or None when it is longer than `max_bytes`; the rest then goes with the connection."""
    if (response.content_length or 0) > max_bytes:
        response.close()
        return None
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > max_bytes:
            response.close()
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, min(float(header), 3600.0)) if header is not None else None
    except ValueError:
        return None
