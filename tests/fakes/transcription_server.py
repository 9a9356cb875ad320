"""A transcription server on loopback that speaks OpenAI's protocol, well or badly.

The rules it keeps (OpenAI API reference, "Create transcription"): a multipart form with `file` and `model`;
`language`, `prompt`, `response_format` and `temperature` may be there; the answer to `json` is `{"text": …}`.
How else it can answer is borrowed from `openai_behaviours`.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakes.forms import form_of
from tests.fakes.listening import listening
from tests.fakes.openai_behaviours import Behaviour, Exchange, RecordedRequest


def hears(text: object) -> Behaviour:
    """A normal answer."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        return web.json_response({"text": text})

    return behave


class TranscriptionServer:
    """The server. Queued behaviours answer in order; beyond them it hears nothing ("").

    Attributes:
        base_url: what STT_BASE_URL must be.
        requests: every well-formed request; `body` holds the form's fields and the `seconds` of the WAV.
    """

    def __init__(self, *, api_key: str = "") -> None:
        self.base_url = ""
        self.requests: list[RecordedRequest] = []
        self._api_key = api_key
        self._queue: list[Behaviour] = []
        self._arrived = asyncio.Event()

    def queue(self, *behaviours: Behaviour) -> None:
        """Answer the next requests so."""
        self._queue.extend(behaviours)

    async def arrival(self) -> RecordedRequest:
        """Wait for the first request."""
        await self._arrived.wait()
        return self.requests[0]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[TranscriptionServer]:
        """Listen until the block ends."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        async with listening(app) as url:
            self.base_url = f"{url}/v1"
            yield self

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        if self._api_key and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            message = f"Incorrect API key provided: {request.headers.get('Authorization', '')}."
            error = {"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}
            return web.json_response({"error": error}, status=401)
        fields, files = await form_of(request)
        if "file" not in files or "model" not in fields:
            return web.json_response({"error": {"message": "Invalid request."}}, status=400)
        body: dict[str, Any] = dict(fields)
        _, content = files["file"]
        with wave.open(io.BytesIO(content)) as file:
            body["form"] = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            body["seconds"] = file.getnframes() / file.getframerate()
        recorded = RecordedRequest(body, dict(request.headers), client_port=0)
        self.requests.append(recorded)
        self._arrived.set()
        behaviour = self._queue.pop(0) if self._queue else hears("")
        try:
            return await behaviour(Exchange(request, recorded, len(self.requests)))
        except BaseException:
            recorded.hung_up.set()
            raise
