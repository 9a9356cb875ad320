"""The wire side of `OpenAiImageGenerator`. Imported on first use only, because importing `openai` is slow.

Servers answer with the picture in Base64 (gpt-image, LocalAI) or with an address to fetch it from (CogView,
DALL·E). Neither form is asked for: some servers refuse a `response_format`.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from core.errors import ModelRejectedError, ModelResponseError, ModelUnavailableError
from core.openai_api.connections import open_http
from core.openai_api.server_client import CONNECT_SECONDS, ServerClient
from core.openai_api.server_settings import ServerSettings

MAX_PICTURE_BYTES = 20_000_000
"""A PNG of 2048², incompressible, has 12 MB."""
_MAX_URL_CHARACTERS = 8192


class ImagesClient(ServerClient):
    """One server, one key; arguments as `ServerClient`."""

    max_response_bytes = MAX_PICTURE_BYTES * 3 // 2  # Base64 takes 4 bytes for 3

    def __init__(
        self,
        *,
        base_url: str,
        host: str,
        api_key: str,
        settings: ServerSettings,
        timeout_seconds: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        super().__init__(
            base_url=base_url,
            host=host,
            api_key=api_key,
            settings=settings,
            timeout_seconds=timeout_seconds,
            sleep=sleep,
        )
        self._base_url = base_url
        self._downloads = {
            key: open_http(
                key,
                total_seconds=timeout_seconds,
                connect_seconds=CONNECT_SECONDS,
                max_response_bytes=MAX_PICTURE_BYTES,
            )
            for key in {api_key, ""}
        }
        self._api_key = api_key

    async def close(self) -> None:
        """Release connections."""
        await super().close()
        for client in self._downloads.values():
            await client.aclose()

    async def image(self, *, model: str, prompt: str, size: int) -> bytes:
        """What the server calls a picture of `prompt`.

        Raises:
            ModelError: see `OpenAiImageGenerator.draw`.
        """
        square: Any = f"{size}x{size}"  # servers know other sizes than the SDK does
        answer = await self._asked(
            lambda: self._client.images.generate(model=model, prompt=prompt, size=square)
        )
        data = getattr(answer, "data", None)
        first = data[0] if isinstance(data, list) and data else None
        encoded, url = getattr(first, "b64_json", None), getattr(first, "url", None)
        if isinstance(encoded, str) and encoded:
            return self._decoded(encoded)
        if isinstance(url, str) and url.startswith("data:"):
            return self._decoded(url.partition(",")[2])
        if isinstance(url, str) and url:
            return await self._fetched(url)
        raise ModelResponseError(f"{self._host} answered without a picture")

    def _decoded(self, encoded: str) -> bytes:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise ModelResponseError(f"{self._host} sent a picture that is not Base64") from exc

    async def _fetched(self, url: str) -> bytes:
        """The bytes behind an address: of this server, with its key, or of any public https host, without."""
        absolute, is_own = self._allowed(url)
        client = self._downloads[self._api_key if is_own else ""]
        try:
            answer = await client.get(absolute)
            status, content = answer.status_code, answer.content
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as exc:
            # Not the cause: its words may hold the address, which is as good as a key to some stores.
            raise ModelUnavailableError(
                f"the picture of {self._host} cannot be fetched ({type(exc).__name__})"
            ) from None
        if status != 200:
            raise ModelResponseError(f"the picture of {self._host} cannot be fetched (HTTP {status})")
        return bytes(content)

    def _allowed(self, url: str) -> tuple[str, bool]:
        """The whole address, and whether it is the server's own.

        Raises:
            ModelRejectedError: it leads to where a picture has no business to be.
        """
        try:
            absolute = urljoin(self._base_url, url[:_MAX_URL_CHARACTERS])
            own, other = urlsplit(self._base_url), urlsplit(absolute)
            is_own = (own.scheme, own.hostname, own.port) == (other.scheme, other.hostname, other.port)
            host = other.hostname or ""
        except ValueError:
            raise ModelResponseError(f"{self._host} sent an address that is none") from None
        if is_own or (other.scheme == "https" and _is_public(host)):
            return absolute, is_own
        raise ModelRejectedError(f"{self._host} keeps its pictures at an address that is not public https")


def _is_public(host: str) -> bool:
    """Whether a host may be asked; of names, only this machine's own are known to be none."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal"))
