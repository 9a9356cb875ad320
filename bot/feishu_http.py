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

from bot.feishu_answer import Answer, answer_in, file_in, why_none_came
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

_DOWNLOAD_SECONDS = 90.0
_TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105  (a path, no password)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may go on: `attempts` without a usable answer, `wait_seconds` for rate limits."""

    attempts: int = 4
    wait_seconds: float = 120.0
    backoff_seconds: float = 0.5


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
        attempt: Callable[[str], Awaitable[Answer]],
        chat_id: str = "",
        patience: Patience | None = None,
    ) -> Answer:
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
                if answer.is_rate_limit:
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
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data: aiohttp.FormData | bytes | None = form() if form else None
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            async with self._open_session().request(
                method, self._domain + path, data=data, headers=headers, allow_redirects=False
            ) as response:
                return await answer_in(response, operation)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise FeishuUnreachableError(operation, why_none_came(exc)) from exc

    async def _file(self, operation: str, path: str, token: str, max_bytes: int) -> Answer:
        """A file, or in its place the platform's answer in JSON."""
        try:
            async with self._open_session().get(
                self._domain + path,
                headers={"Authorization": f"Bearer {token}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_DOWNLOAD_SECONDS, sock_read=self._timeout_seconds),
            ) as response:
                return await file_in(response, operation, max_bytes)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise FeishuUnreachableError(operation, why_none_came(exc)) from exc

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
