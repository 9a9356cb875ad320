"""HTTP to a model hub: bounded answers, patient retries, redirects that carry no token anywhere else.

Imported on first use only: `httpx2` takes a while. Hugging Face sends large files from other hosts (a
redirect to its CDN), so redirects are followed, over https alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx2

from core.errors import (
    ModelError,
    ModelRejectedError,
    ModelResponseError,
    ModelUnavailableError,
    SettingsError,
)
from core.model_server import is_busy, retry_pause

_CONNECT_SECONDS = 15
_STALL_SECONDS = 60
_MAX_JSON_BYTES = 32_000_000
_MAX_REDIRECTS = 5
MAX_RETRIES = 4
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class HubConnection:
    """A hub, as a setting names it.

    Args:
        base_url: its address, without a slash at the end.
        setting: the name of the setting that holds the address, for messages.
        token: sent to this host and to no other; "" for none.
        token_setting: the name of the setting that holds the token; "" if the hub has none.
        stall_seconds: how long it may be silent.
        sleep: waits between retries.

    Raises:
        SettingsError: the address cannot be one, or the token would be sent in the clear.
    """

    def __init__(
        self,
        base_url: str,
        *,
        setting: str,
        token: str = "",
        token_setting: str = "",
        stall_seconds: float = _STALL_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base = _checked_address(base_url, setting)
        self._setting = setting
        self._token = token.strip()
        self._token_setting = token_setting
        if self._token and (not self._token.isascii() or not self._token.isprintable() or " " in self._token):
            raise SettingsError(token_setting, "holds characters that cannot be sent")
        if self._token and self._base.scheme != "https" and self._base.host not in _LOOPBACK:
            raise SettingsError(
                token_setting, f"would be sent in the clear: {setting} must begin with https://"
            )
        self.sleep = sleep
        self._client = httpx2.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(stall_seconds, connect=_CONNECT_SECONDS),
            headers={"User-Agent": "shishen", "Accept-Encoding": "identity"},
        )

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return self._base.netloc.decode("ascii")

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def json(self, path: str, *, about: str) -> Any:
        """A document of the hub's interface.

        Args:
            path: below the address, with its query.
            about: what is asked for, in words, for messages.

        Raises:
            ModelUnavailableError: the hub cannot be reached or is overloaded.
            ModelRejectedError: it has no such thing, or does not give it away.
            ModelResponseError: the answer is no JSON, or too long.
        """
        for attempt in range(MAX_RETRIES + 1):
            try:
                async with self.opened(path, about=about) as response:
                    return await self._document(response)
            except BusyHubError as exc:
                pause = retry_pause(attempt, exc.headers)
                if pause is None or attempt == MAX_RETRIES:
                    raise
            await self.sleep(pause)
        raise AssertionError("unreachable")

    async def _document(self, response: httpx2.Response) -> Any:
        content = bytearray()
        async for piece in self.pieces(response):
            content += piece
            if len(content) > _MAX_JSON_BYTES:
                raise ModelResponseError(
                    f"{self.host} sent more than {_MAX_JSON_BYTES} bytes for a list of files"
                )
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as exc:
            raise ModelResponseError(
                f"{self.host} answered with something that is no JSON: does {self._setting} name a model hub?"
            ) from exc

    @asynccontextmanager
    async def opened(
        self, path: str, *, about: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """A response with status 200, 206 or 416, nothing of it read yet.

        Raises:
            BusyHubError: the hub cannot be reached or is overloaded; trying again may help.
            ModelRejectedError: it has no such thing, or does not give it away.
            ModelResponseError: it redirects without end, or to a place that is not safe.
        """
        response = await self._send(httpx2.URL(f"{self._base}{path}"), headers or {})
        try:
            if response.status_code not in (200, 206, 416):
                raise self._refusal(response, about)
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise ModelResponseError(f"{self.host} compresses what it sends although it was asked not to")
            yield response
        finally:
            await response.aclose()

    async def pieces(self, response: httpx2.Response, size_bytes: int = 1 << 18) -> AsyncIterator[bytes]:
        """What a response holds, piece by piece.

        Raises:
            BusyHubError: the connection broke, or was silent for too long.
        """
        try:
            async for piece in response.aiter_raw(size_bytes):
                yield piece
        except httpx2.TimeoutException as exc:
            raise BusyHubError(f"{self.host} was silent for too long") from exc
        except httpx2.HTTPError as exc:
            raise BusyHubError(f"{self.host} broke off ({type(exc).__name__})") from exc

    async def _send(self, url: httpx2.URL, headers: dict[str, str]) -> httpx2.Response:
        for _ in range(_MAX_REDIRECTS + 1):
            request = self._client.build_request("GET", url, headers=headers)
            if self._token and _origin(url) == _origin(self._base):
                request.headers["Authorization"] = f"Bearer {self._token}"
            try:
                response = await self._client.send(request, stream=True)
            except httpx2.TimeoutException as exc:
                raise BusyHubError(f"{url.host} does not answer in time{self._hint(url)}") from exc
            except httpx2.HTTPError as exc:
                raise BusyHubError(
                    f"cannot connect to {url.host} ({type(exc).__name__}){self._hint(url)}"
                ) from exc
            if not response.has_redirect_location:
                return response
            await response.aclose()
            url = self._next(url, response.headers["location"])
        raise ModelResponseError(f"{self.host} redirects without end")

    def _next(self, url: httpx2.URL, location: str) -> httpx2.URL:
        try:
            target = url.join(location)
        except httpx2.InvalidURL as exc:
            raise ModelResponseError(f"{self.host} redirects to something that is no address") from exc
        if target.scheme != "https" and (target.scheme, url.scheme) != ("http", "http"):
            raise ModelResponseError(f"{self.host} redirects to a place that is not https: not followed")
        if not target.host or not _has_port(target):
            raise ModelResponseError(f"{self.host} redirects to something that is no address")
        return target

    def _hint(self, url: httpx2.URL) -> str:
        return f": check {self._setting} and the network" if _origin(url) == _origin(self._base) else ""

    def _refusal(self, response: httpx2.Response, about: str) -> ModelError:
        status = response.status_code
        if status in (401, 403):
            advice = (
                f"ask for access on its page, then set {self._token_setting}" if self._token_setting else ""
            )
            has_token = f"the account of {self._token_setting} may not have it" if self._token else advice
            return ModelRejectedError(
                f"{self.host} does not give {about} to everybody, or has no such thing (HTTP {status})"
                + (f": {has_token}" if has_token else "")
            )
        if status == HTTPStatus.NOT_FOUND:
            return ModelRejectedError(f"{self.host} has no {about}")
        if is_busy(status):
            asks = "asks to wait" if status == HTTPStatus.TOO_MANY_REQUESTS else "is overloaded or failing"
            return BusyHubError(
                f"{self.host} {asks} (HTTP {status}); try again later", dict(response.headers)
            )
        return ModelRejectedError(f"{self.host} refuses {about} (HTTP {status}): check {self._setting}")


class BusyHubError(ModelUnavailableError):
    """The hub cannot be reached or is overloaded; `headers` are those of its refusal, if it gave one."""

    def __init__(self, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = headers


def _checked_address(base_url: str, setting: str) -> httpx2.URL:
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL as exc:
        raise SettingsError(setting, "is not an address") from exc
    is_plain = url.host and not (url.userinfo or url.query or url.fragment)
    if url.scheme not in {"http", "https"} or not is_plain or not _has_port(url):
        raise SettingsError(setting, "must look like https://huggingface.co")
    return url


def _has_port(url: httpx2.URL) -> bool:
    """Whether its port can be one; sockets raise OverflowError for others."""
    return url.port is None or 0 < url.port < 65536


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
