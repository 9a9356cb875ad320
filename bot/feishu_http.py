"""One call to the Feishu open platform: token, retries, rate limits, errors.

Every call of this bot may be repeated: sends and card operations carry a `uuid`, uploads and reads change
nothing that is seen. So whatever is left unanswered is simply sent again.

Rate limits: HTTP 429 (400 on older APIs) with code 99991400 and `x-ogw-ratelimit-reset`, the seconds to
wait; limits count per API, app and tenant: https://open.feishu.cn/document/ukTMukTMukTM/uUzN04SN3QjL1cDN
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.feishu_errors import (
    OK,
    RATE_LIMIT_CODE,
    TOKEN_CODES,
    FeishuRefusedError,
    FeishuUnreachableError,
    refusal,
)
from bot.feishu_pacing import FeishuLimits, FeishuPacer
from bot.feishu_token import FetchedToken, TokenCache

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 4 * 1024 * 1024
_DOWNLOAD_SECONDS = 90.0
_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105  (a path, no password)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may go on: `attempts` without a usable answer, `wait_seconds` for rate limits."""

    attempts: int = 4
    wait_seconds: float = 120.0
    backoff_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    code: int
    body: dict[str, Any]
    reset_seconds: float | None
    file: bytes | None = None


class FeishuHttp:
    """Calls on one aiohttp session; open it before use, close it after.

    Args:
        app_id: FEISHU_APP_ID.
        app_secret: FEISHU_APP_SECRET.
        domain: FEISHU_DOMAIN, the root of the open platform.
        timeout_seconds: of one request, from connecting to the end of its answer.
        patience: of calls that do not bring their own.
        limits: how much may be sent.
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        domain: str,
        *,
        timeout_seconds: float,
        patience: Patience,
        limits: FeishuLimits | None = None,
    ) -> None:
        self._app_id = app_id
        self._app_secret = app_secret
        self._domain = domain.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None
        self._tokens: TokenCache | None = None
        self._pacer = FeishuPacer(limits or FeishuLimits())

    async def open(self) -> None:
        """Make the session; harmless when there is one."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_seconds),
                connector=aiohttp.TCPConnector(limit=100),
            )
            self._tokens = TokenCache(self._fetch_token, asyncio.get_running_loop().time)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        body: object = None,
        form: Callable[[], aiohttp.FormData] | None = None,
        chat_id: str = "",
        patience: Patience | None = None,
    ) -> dict[str, Any]:
        """Call `path` and return its whole answer, as soon as it is its turn.

        `operation` names the API, for limits and errors; `chat_id` the chat that gets a message by it.

        Raises:
            FeishuRefusedError: the platform said no.
            FeishuUnreachableError: there was no usable answer; the call may have been carried out.
        """
        answer = await self._tried(
            operation,
            lambda token: self._exchange(operation, method, path, body, form, token),
            chat_id,
            patience,
        )
        return answer.body

    async def download(self, operation: str, path: str, *, max_bytes: int) -> bytes | None:
        """The file at `path`; None when it is longer than `max_bytes`, and then the rest is not fetched.

        Raises:
            ChannelError: as in `call`.
        """
        answer = await self._tried(operation, lambda token: self._file(operation, path, token, max_bytes))
        return answer.file

    async def _tried(
        self,
        operation: str,
        attempt: Callable[[str], Awaitable[_Answer]],
        chat_id: str = "",
        patience: Patience | None = None,
    ) -> _Answer:
        """Make an attempt with the token, again after a failure, until it is refused for good.

        Raises:
            FeishuRefusedError: the platform said no.
            FeishuUnreachableError: there was no usable answer.
        """
        patience = patience or self._patience
        failures, waited, token_was_renewed = 0, 0.0, False
        while True:
            waited += await self._wait_for_turn(operation, chat_id, patience.wait_seconds - waited)
            token = await self._token_cache().current()
            error: FeishuRefusedError | FeishuUnreachableError
            try:
                answer = await attempt(token)
            except FeishuUnreachableError as exc:
                error = exc
            else:
                if answer.code == OK:
                    return answer
                error = refusal(operation, answer.status, answer.code, answer.body)
                if answer.code in TOKEN_CODES and not token_was_renewed:
                    self._token_cache().disown(token)
                    token_was_renewed = True
                    continue
                if _is_rate_limit(answer):
                    self._hold_back(operation, answer.reset_seconds or 1.0)
                    if waited < patience.wait_seconds:
                        continue
                    raise error
            failures += 1
            if not error.retryable or failures >= patience.attempts:
                raise error
            await asyncio.sleep(patience.backoff_seconds * 2 ** (failures - 1) * random.uniform(0.7, 1.3))  # noqa: S311

    async def public_call(self, operation: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """One call that needs no token: the app's own credentials are in its body.

        Raises:
            ChannelError: as in `call`.
        """
        answer = await self._exchange(operation, "POST", path, body, None, "")
        if answer.code != OK:
            raise refusal(operation, answer.status, answer.code, answer.body)
        return answer.body

    async def _fetch_token(self) -> FetchedToken:
        credentials = {"app_id": self._app_id, "app_secret": self._app_secret}
        answer = await self.public_call("tenant_access_token", _TOKEN_PATH, credentials)
        value, lifetime = answer.get("tenant_access_token"), answer.get("expire")
        if not isinstance(value, str) or not isinstance(lifetime, int | float) or not value:
            raise FeishuUnreachableError("tenant_access_token", "the answer holds no token")
        return FetchedToken(value, float(lifetime))

    async def _exchange(
        self,
        operation: str,
        method: str,
        path: str,
        body: object,
        form: Callable[[], aiohttp.FormData] | None,
        token: str,
    ) -> _Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data: aiohttp.FormData | bytes | None = form() if form else None
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            async with self._open_session().request(
                method, self._domain + path, data=data, headers=headers, allow_redirects=False
            ) as response:
                content = await _read_at_most(response, MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise FeishuUnreachableError(operation, _reason(exc)) from exc
        return _answer_of(operation, response, content)

    async def _file(self, operation: str, path: str, token: str, max_bytes: int) -> _Answer:
        """A file, or in its place the platform's answer in JSON."""
        try:
            async with self._open_session().get(
                self._domain + path,
                headers={"Authorization": f"Bearer {token}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_DOWNLOAD_SECONDS, sock_read=self._timeout_seconds),
            ) as response:
                is_file = response.status == 200 and response.content_type != "application/json"
                content = await _read_at_most(response, max_bytes if is_file else MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise FeishuUnreachableError(operation, _reason(exc)) from exc
        return _Answer(200, OK, {}, None, content) if is_file else _answer_of(operation, response, content)

    async def _wait_for_turn(self, operation: str, chat_id: str, longest_seconds: float) -> float:
        """Wait for the call's turn; returns the seconds slept."""
        waited = 0.0
        while (pause := self._pacer.take_turn(operation, chat_id)) > 0:
            if waited + pause > longest_seconds:
                raise FeishuRefusedError(operation, RATE_LIMIT_CODE, retryable=True)
            await asyncio.sleep(pause)
            waited += pause
        return waited

    def _hold_back(self, operation: str, seconds: float) -> None:
        self._pacer.hold_back(operation, seconds)
        logger.info("feishu_rate_limited operation=%s reset_seconds=%.2f", operation, seconds)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise FeishuUnreachableError("a call", "the channel is not started")
        return self._session

    def _token_cache(self) -> TokenCache:
        if self._tokens is None:
            raise FeishuUnreachableError("a call", "the channel is not started")
        return self._tokens


def _is_rate_limit(answer: _Answer) -> bool:
    return answer.code == RATE_LIMIT_CODE or answer.status == 429


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


def _answer_of(operation: str, response: aiohttp.ClientResponse, content: bytes | None) -> _Answer:
    answer = _decoded(content or b"")
    code = answer.get("code")
    if not isinstance(code, int):
        raise FeishuUnreachableError(operation, f"HTTP {response.status} without the platform's answer")
    return _Answer(response.status, code, answer, _seconds(response.headers.get("x-ogw-ratelimit-reset")))


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, min(float(header), 3600.0)) if header is not None else None
    except ValueError:
        return None


def _reason(exc: Exception) -> str:
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
