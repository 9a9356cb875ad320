"""A server on loopback that makes pictures by OpenAI's protocol, well or badly.

The rules it keeps (OpenAI API reference, "Create image"; 智谱 API, CogView): POST {base}/images/generations
with JSON `model`, `prompt` and `size`; the answer is `{"created", "data": [{"b64_json"} or {"url"}]}`.
Models of `gpt-image` refuse a `response_format`. Errors are `{"error": {message, type, param, code}}`.
"""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image

from tests.fakes.listening import listening

Behaviour = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
SIZES = ("512x512", "1024x1024")


class ImagesServer:
    """The server; queued behaviours answer in order, then it draws noise of the size that was asked for.

    Attributes:
        base_url: what IMAGE_BASE_URL must be.
        bodies: every request's JSON.
        fetched: the headers of every request for a picture's address.
        served: what stands at /pictures/N.
    """

    def __init__(self, api_key: str = "") -> None:
        self.base_url = ""
        self.bodies: list[dict[str, Any]] = []
        self.fetched: list[dict[str, str]] = []
        self.served: bytes = picture()
        self._api_key = api_key
        self._queue: list[Behaviour] = []

    def queue(self, *behaviours: Behaviour) -> None:
        """Answer the next requests so."""
        self._queue.extend(behaviours)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ImagesServer]:
        """Listen until the block ends."""
        app = web.Application()
        app.router.add_post("/v1/images/generations", self._generate)
        app.router.add_get("/pictures/{name}", self._serve)
        async with listening(app) as url:
            self.base_url = f"{url}/v1"
            yield self

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        if self._api_key and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            return error(401, "invalid_api_key", f"Incorrect API key: {request.headers.get('Authorization')}")
        assert isinstance(body["model"], str)
        assert 1 <= len(body["prompt"]) <= 1000
        assert "response_format" not in body
        if self._queue:
            return await self._queue.pop(0)(request, body)
        if body["size"] not in SIZES:
            return error(400, "invalid_size", f"Invalid size for {body['prompt']}")
        return answer(b64_json=base64.b64encode(picture(int(body["size"].split("x")[0]))).decode())

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.fetched.append(dict(request.headers))
        match request.match_info["name"]:
            case "gone":
                return web.Response(status=404, text="<html>gone")
            case "elsewhere":
                return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/x"})
        return web.Response(body=self.served, content_type="image/png")


def answer(**first: str) -> web.Response:
    """An answer of one picture."""
    return web.json_response({"created": 1_700_000_000, "data": [first]})


def error(status: int, code: str, message: str = "") -> web.Response:
    """An error as the API words it."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return web.json_response(body, status=status)


def refuses(status: int, code: str = "") -> Behaviour:
    """Quotes what it was asked, as servers do."""

    async def behave(_request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return error(status, code, f"cannot draw {body['prompt']}")

    return behave


def gives(**first: str) -> Behaviour:
    """An answer with these fields."""

    async def behave(_request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        return answer(**first)

    return behave


def points_to(path: str) -> Behaviour:
    """An answer with the address of `path` on this server."""

    async def behave(request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        return answer(url=f"http://{request.host}{path}")

    return behave


def sends(content: bytes, content_type: str = "application/json") -> Behaviour:
    """These bytes."""

    async def behave(_request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type)

    return behave


async def hangs(_request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    return web.Response()


def picture(size: int = 64, form: str = "PNG", mode: str = "RGB") -> bytes:
    """A file of coarse noise."""
    small = np.random.default_rng(size).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(small).resize((size, size)).convert(mode).save(content, form)
    return content.getvalue()
