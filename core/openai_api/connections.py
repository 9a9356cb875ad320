"""The `openai` package's client as this project wants it: no retries, redirects or environment of its own.

Its own retries are off: they cannot be bounded by our deadlines. Whatever it would take from the
environment (OPENAI_*, proxies, .netrc) is shut out: only the headers listed here leave. Imported on first
use only, because importing `openai` (and its `httpx2`) is slow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import openai

from core.errors import ModelResponseError

_MAX_ERROR_BYTES = 64 * 1024
_SENT_HEADERS = frozenset(
    {"accept", "connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent"}
)


def open_client(
    base_url: str, api_key: str, *, total_seconds: float, connect_seconds: float, max_response_bytes: int
) -> openai.AsyncOpenAI:
    """A client of one server; `api_key` is "" when it wants none.

    Args:
        base_url: address of the API.
        api_key: sent as a bearer token.
        total_seconds: bound of any single read or write; the whole call is the caller's to bound.
        connect_seconds: until the server accepts the connection.
        max_response_bytes: a longer answer raises `ModelResponseError` while it is read.
    """
    return openai.AsyncOpenAI(
        base_url=base_url,
        api_key=api_key or "none",  # the SDK insists on one; `_request_hook` decides what is sent
        admin_api_key="",
        organization="",
        project="",
        webhook_secret="",
        max_retries=0,
        http_client=open_http(
            api_key,
            total_seconds=total_seconds,
            connect_seconds=connect_seconds,
            max_response_bytes=max_response_bytes,
        ),
    )


def open_http(
    api_key: str, *, total_seconds: float, connect_seconds: float, max_response_bytes: int
) -> httpx2.AsyncClient:
    """What `open_client` speaks through, for what servers have beside their API; arguments as there."""
    return openai.DefaultAsyncHttpxClient(
        trust_env=False,
        follow_redirects=False,  # a redirect would carry key and prompt to somewhere else
        timeout=httpx2.Timeout(total_seconds, connect=connect_seconds),
        limits=httpx2.Limits(max_connections=100, max_keepalive_connections=10),
        event_hooks={"request": [_request_hook(api_key)], "response": [_bound(max_response_bytes)]},
    )


def _request_hook(api_key: str) -> Callable[[httpx2.Request], Awaitable[None]]:
    async def set_headers(request: httpx2.Request) -> None:
        for name in list(request.headers):
            if name.lower() not in _SENT_HEADERS:
                del request.headers[name]
        request.headers["Accept-Encoding"] = "identity"
        if api_key:
            request.headers["Authorization"] = f"Bearer {api_key}"

    return set_headers


def _bound(max_response_bytes: int) -> Callable[[httpx2.Response], Awaitable[None]]:
    async def bound_response(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise ModelResponseError("the model server compresses its answer although it was asked not to")
        if isinstance(response.stream, httpx2.AsyncByteStream):
            limit = max_response_bytes if response.is_success else _MAX_ERROR_BYTES
            response.stream = _BoundedStream(response.stream, limit, fails=response.is_success)

    return bound_response


class _BoundedStream(httpx2.AsyncByteStream):
    """A response's bytes up to a limit: beyond it an answer is an error, an error page is merely cut."""

    def __init__(self, stream: httpx2.AsyncByteStream, limit: int, *, fails: bool) -> None:
        self._stream = stream
        self._fails = fails
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._limit
        async for part in self._stream:
            left -= len(part)
            if left < 0:
                if self._fails:
                    raise ModelResponseError(f"the model server sent more than {self._limit} bytes")
                return
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
