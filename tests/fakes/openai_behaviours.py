"""How `openai_server` can answer: well, badly, late, never. The rules and their sources stand there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class RecordedRequest:
    """A request as it arrived; `hung_up` is set when the client left before the answer was complete."""

    body: dict[str, Any]
    headers: dict[str, str]
    client_port: int
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Exchange:
    """One request and the means to answer it."""

    request: web.Request
    recorded: RecordedRequest
    number: int

    async def begin(self, content_type: str = "text/event-stream") -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(self.request)
        return response

    def chunk(self, delta: dict[str, Any] | None, finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {
            "id": f"chatcmpl-{self.number}",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": self.recorded.body.get("model"),
            "choices": [] if delta is None else [choice],
        }

    def wants_usage(self) -> bool:
        return bool((self.recorded.body.get("stream_options") or {}).get("include_usage"))


Behaviour = Callable[[Exchange], Awaitable[web.StreamResponse]]


async def send(response: web.StreamResponse, data: object) -> None:
    """Send one event."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    await response.write(f"data: {text}\n\n".encode())


def answers(
    *pieces: str, finish_reason: str = "stop", thought: str = "", opens_empty: bool = False
) -> Behaviour:
    """A normal answer; `thought` goes into `reasoning_content`; `opens_empty` sends Azure's first chunk."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.begin()
        if opens_empty:
            await send(response, exchange.chunk(None))
        await send(response, exchange.chunk({"role": "assistant", "content": ""}))
        if thought:
            await send(response, exchange.chunk({"reasoning_content": thought}))
        for piece in pieces:
            await send(response, exchange.chunk({"content": piece}))
        await send(response, exchange.chunk({}, finish_reason))
        if exchange.wants_usage():
            usage = {"prompt_tokens": 9, "completion_tokens": len(pieces), "total_tokens": 9 + len(pieces)}
            await send(response, {**exchange.chunk(None), "usage": usage})
        await send(response, "[DONE]")
        await response.write_eof()
        return response

    return behave


def breaks_off(*pieces: str, politely: bool = False) -> Behaviour:
    """Stop after `pieces`: the connection drops, or (politely) the stream ends without a finish_reason."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.begin()
        for piece in pieces:
            await send(response, exchange.chunk({"content": piece}))
        if politely:
            await response.write_eof()
        elif exchange.request.transport is not None:
            exchange.request.transport.close()
        return response

    return behave


KEEP_ALIVE = b": keep-alive\n\n"
EMPTY_DELTA = b'data: {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": null}]}\n\n'


def stalls(*pieces: str, heartbeat: bytes = b"") -> Behaviour:
    """Say nothing more after `pieces` until the client hangs up; `heartbeat` is sent meanwhile."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.begin()
        for piece in pieces:
            await send(response, exchange.chunk({"content": piece}))
        while heartbeat:
            await response.write(heartbeat)
            await asyncio.sleep(0.01)
        await asyncio.Event().wait()
        return response

    return behave


def pauses(gate: asyncio.Event, first: str, *rest: str) -> Behaviour:
    """Write `first`, and the rest once `gate` is open."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.begin()
        await send(response, exchange.chunk({"content": first}))
        await gate.wait()
        for piece in rest:
            await send(response, exchange.chunk({"content": piece}))
        await send(response, exchange.chunk({}, "stop"))
        await send(response, "[DONE]")
        await response.write_eof()
        return response

    return behave


def slow(gate: asyncio.Event, behaviour: Behaviour) -> Behaviour:
    """Accept the request, and answer once `gate` is open."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        await gate.wait()
        return await behaviour(exchange)

    return behave


def endless(piece: str = "盐") -> Behaviour:
    """Write `piece` until the client hangs up."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.begin()
        while True:
            await send(response, exchange.chunk({"content": piece}))

    return behave


def endless_line(part: bytes = b"x" * 65536) -> Behaviour:
    """Write a single event that never ends."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.begin()
        await response.write(b"data: ")
        while True:
            await response.write(part)

    return behave


def sends(*parts: bytes | dict[str, Any], content_type: str = "text/event-stream") -> Behaviour:
    """Events as given (bytes go out as they are), then the end of the stream."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.begin(content_type)
        for part in parts:
            if isinstance(part, bytes):
                await response.write(part)
            else:
                await send(response, part)
        await response.write_eof()
        return response

    return behave


def refuses(status: int, error: dict[str, Any] | str | None = None, **headers: str) -> Behaviour:
    """An HTTP error with a body as OpenAI sends it (a str is sent as an HTML page)."""

    async def behave(exchange: Exchange) -> web.StreamResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(error, str):
            return web.Response(status=status, text=error, content_type="text/html", headers=sent)
        body = {"message": "The server had an error", "type": "server_error", "param": None, "code": None}
        return web.json_response({"error": {**body, **(error or {})}}, status=status, headers=sent)

    return behave


RATE_LIMITED = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
NO_CREDIT = {
    "message": "You exceeded your current quota",
    "type": "insufficient_quota",
    "code": "insufficient_quota",
}
NO_SUCH_MODEL = {
    "message": "The model `nobody` does not exist or you do not have access to it.",
    "type": "invalid_request_error",
    "code": "model_not_found",
}
WANTS_NEWER_NAME = {
    "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead.",
    "type": "invalid_request_error",
    "param": "max_tokens",
    "code": "unsupported_parameter",
}
DONE = b"data: [DONE]\n\n"
HTML_PAGE = b"<!doctype html>\n<html><body><h1>It works!</h1></body></html>\n"

NAMED_BEHAVIOURS: dict[str, Behaviour] = {
    "fake-ok": answers("好", "的。"),
    "fake-breaks-off": breaks_off("先热", "锅"),
    "fake-stalls": stalls("先热", "锅"),
    "fake-silent": stalls(),
    "fake-html": sends(HTML_PAGE, content_type="text/html"),
    "fake-invalid-json": sends(b"data: {\n\n"),
    "fake-no-choices": sends({"choices": []}, DONE),
    "fake-busy": refuses(429, RATE_LIMITED, Retry_After="1"),
    "fake-failing": refuses(500),
    "fake-unknown": refuses(404, NO_SUCH_MODEL),
    "fake-endless": endless(),
    "fake-thinks": answers("<think>用户想做饭。</think>\n\n先热锅。"),
}
