"""A speech server on loopback that speaks OpenAI's protocol, well or badly.

The rules it keeps (OpenAI API reference, "Create speech"): POST {base}/audio/speech with JSON `model` and
`input` of at most 4096 characters, `voice`, `response_format`, `speed` from 0.25 to 4; the answer is the file
itself. Errors are `{"error": {message, type, param, code}}`.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from aiohttp import web

from tests.fakes.listening import listening

Behaviour = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
SAMPLE_RATE_HZ = 24_000


class SpeechServer:
    """The server; queued behaviours answer in order, then it hums 0.1 s for each character.

    Attributes:
        base_url: what TTS_BASE_URL must be.
        bodies: every request's JSON.
        headers: every request's headers.
    """

    def __init__(self, api_key: str = "") -> None:
        self.base_url = ""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._api_key = api_key
        self._queue: list[Behaviour] = []

    def queue(self, *behaviours: Behaviour) -> None:
        """Answer the next requests so."""
        self._queue.extend(behaviours)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[SpeechServer]:
        """Listen until the block ends."""
        app = web.Application()
        app.router.add_post("/v1/audio/speech", self._speak)
        async with listening(app) as url:
            self.base_url = f"{url}/v1"
            yield self

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        if self._api_key and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return error(401, "invalid_api_key", f"Incorrect API key: {request.headers.get('Authorization')}")
        assert isinstance(body["model"], str)
        assert 1 <= len(body["input"]) <= 4096
        assert 0.25 <= body.get("speed", 1) <= 4
        if self._queue:
            return await self._queue.pop(0)(request, body)
        return web.Response(body=wav(len(body["input"]) / 10), content_type="audio/wav")


def error(status: int, code: str, message: str = "", **headers: str) -> web.Response:
    """An error as the API words it."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


def refuses(status: int, code: str = "", **headers: str) -> Behaviour:
    """Quotes what it was asked, as servers do."""

    async def behave(_request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return error(status, code, f"cannot say {body['input']}", **headers)

    return behave


def sends(content: bytes, content_type: str = "audio/wav") -> Behaviour:
    """These bytes."""

    async def behave(_request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type)

    return behave


async def hangs(request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
    """Begins and never goes on."""
    response = web.StreamResponse()
    await response.prepare(request)
    await asyncio.Event().wait()
    return response


async def breaks_off(request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
    """Promises more than it sends."""
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(wav(0.1))
    assert request.transport is not None
    request.transport.close()
    return response


def wav(
    seconds: float, *, channels: int = 1, sample_width: int = 2, rate: int = SAMPLE_RATE_HZ, level: int = 1000
) -> bytes:
    """A WAV file of one level on the first channel, silence on the second."""
    frames = np.zeros((round(seconds * rate), channels), dtype="<i2")
    frames[:, 0] = level
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(sample_width)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return content.getvalue()
