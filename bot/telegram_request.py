"""python-telegram-bot's HTTP side on aiohttp: several times as fast as on httpx, and no URL in a log.

A Bot API URL carries the token, so no exception that leaves here has one in its text, its cause or its
context. Only this module and `bot.telegram_api` import the SDK.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
from telegram._utils.types import JSONDict, ODVInput
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""A hundred updates are far smaller."""
_DOWNLOAD_SECONDS = 90.0


class FloodError(TelegramError):
    """429: nothing may be sent for `seconds`. The SDK's own RetryAfter warns whenever it is made or read."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"flood control, retry in {seconds:g} seconds")
        self.seconds = seconds


class NotSentError(NetworkError):
    """No connection could be made: the request was certainly not carried out."""


class NoBotApiError(TelegramError):
    """What answers at this address is not a Bot API server."""


class AiohttpRequest(BaseRequest):
    """Requests over one aiohttp session.

    Args:
        connections: how many at most at once.
        read_timeout_seconds: how long an answer may take.
        connect_timeout_seconds: how long a connection may take to be made or to become free.
        proxy: address of an HTTP proxy, or "".
    """

    __slots__ = ("_connect_timeout", "_connections", "_proxy", "_read_timeout", "_session")

    def __init__(
        self,
        connections: int = 100,
        read_timeout_seconds: float = 20.0,
        connect_timeout_seconds: float = 10.0,
        proxy: str = "",
    ) -> None:
        self._connections = connections
        self._read_timeout = read_timeout_seconds
        self._connect_timeout = connect_timeout_seconds
        self._proxy = proxy or None
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take unless a call says otherwise."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Open the session."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def shutdown(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> JSONDict:
        """The answer as JSON; unlike the SDK's, a failure does not log the payload (users' words)."""
        parsed = _object_of(payload)
        if parsed is None:
            raise NetworkError("the answer is not JSON")
        return parsed

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """One request; see `BaseRequest.do_request`.

        Raises:
            NotSentError: no connection.
            TimedOut: no answer in time.
            NetworkError: broken off; whether it was carried out is unknown.
            FloodError: too many requests.
            NoBotApiError: the address is not a Bot API server's.
        """
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=_seconds(connect_timeout, self._connect_timeout),
            sock_read=_seconds(read_timeout, self._read_timeout),
        )
        status, payload = await self._exchange(
            method, url, timeout, MAX_ANSWER_BYTES, data=_body_of(request_data)
        )
        if payload is None:
            raise NetworkError("the answer is too long")
        _check_answer(status, payload)
        return status, payload

    async def download(self, url: str, *, max_bytes: int) -> bytes | None:
        """The file at `url`; None when it is longer than `max_bytes`, and then the rest is not fetched.

        Raises:
            NotSentError: no connection.
            TimedOut: not here in time.
            NetworkError: broken off, or the server failed.
            BadRequest: the server does not give it.
        """
        timeout = aiohttp.ClientTimeout(
            total=_DOWNLOAD_SECONDS, connect=self._connect_timeout, sock_read=self._read_timeout
        )
        status, content = await self._exchange("GET", url, timeout, max_bytes)
        if status >= 500 or status == 429:
            raise NetworkError(f"HTTP {status}")
        if status != 200:
            raise BadRequest(f"the file is not given: HTTP {status}")
        return content

    async def _exchange(
        self, method: str, url: str, times: aiohttp.ClientTimeout, max_bytes: int, *, data: Any = None
    ) -> tuple[int, bytes | None]:
        """Status and body; no body when it is longer than `max_bytes`."""
        if self._session is None:
            raise NetworkError("the connection to Telegram is closed")
        failure: TelegramError
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=data,
                timeout=times,
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                return response.status, await _bounded(response, max_bytes)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as exc:
            failure = NotSentError(f"no connection ({type(exc).__name__})")
        except TimeoutError:
            failure = TimedOut("no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            failure = NetworkError(f"the connection broke off ({type(exc).__name__})")
        raise failure  # outside of `except`: aiohttp's errors carry URLs, and a URL carries the token


async def _bounded(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """The body, or None when it is longer; what is left of it then goes with the connection."""
    if (response.content_length or 0) > max_bytes:
        response.close()
        return None
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            response.close()
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _body_of(request_data: RequestData | None) -> Any:
    if request_data is None:
        return None
    if not request_data.contains_files:
        return request_data.json_parameters
    form = aiohttp.FormData(request_data.json_parameters, quote_fields=False)
    for name, (file_name, content, media_type) in request_data.multipart_data.items():
        form.add_field(name, content, filename=file_name, content_type=media_type)
    return form


def _check_answer(status: int, payload: bytes) -> None:
    """Tell apart what the SDK would not, before it puts the payload into an exception's text."""
    if 200 <= status <= 299:
        return
    if status == 413:
        raise BadRequest("request entity too large")
    answer = _object_of(payload)
    if answer is None or "ok" not in answer:
        if status >= 500:
            raise NetworkError(f"HTTP {status}")
        raise NoBotApiError(f"HTTP {status} without a Bot API answer")
    parameters = answer.get("parameters")
    retry_after = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(retry_after, int | float) and retry_after > 0:
        raise FloodError(float(retry_after))
    if status == 429:
        raise FloodError(1.0)


def _object_of(payload: bytes) -> JSONDict | None:
    try:
        parsed = json.loads(payload.decode("utf-8", "replace"))
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _seconds(given: ODVInput[float], default: float) -> float | None:
    return given if isinstance(given, int | float) or given is None else default


__all__ = ["AiohttpRequest", "FloodError", "NoBotApiError", "NotSentError"]
