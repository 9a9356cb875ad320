"""A chat-completions server on loopback that speaks OpenAI's protocol, well or badly.

Run as: python -m tests.fakes.openai_server --port 0 [--answer 红烧肉要炖一小时]
It prints its address (the LLM_BASE_URL). There a model name picks the behaviour: `fake-ok`,
`fake-breaks-off`, `fake-stalls`, `fake-html`, `fake-endless` …; any other name is a normal answer.

The rules it keeps, and where they come from:

- `data: {json}` events, ended by `data: [DONE]`; the first chunk's delta carries the role, the last one
  is empty and carries `finish_reason`; the same `id`, `created` and `model` in all of them (OpenAI API
  reference, "Chat Completions", streaming).
- With `stream_options.include_usage` one more chunk with empty `choices` and the usage comes before
  `[DONE]` (same page). Azure sends a chunk with empty `choices` first.
- Error bodies are `{"error": {message, type, param, code}}`; 401 `invalid_api_key` quotes the end of the
  key; 404 `model_not_found`; 429 `rate_limit_exceeded` with Retry-After, or `insufficient_quota`; 400
  `unsupported_parameter` for `max_tokens` on reasoning models (OpenAI, "Error codes"; bodies as quoted in
  public issue reports). An unknown path is 404 "Invalid URL".
- A failure after the stream has begun is an event with an `error` object, which openai-python raises as
  `APIError` (openai/_streaming.py).
- Reasoning models write `<think>…</think>` into the content, or `reasoning_content` beside it (DeepSeek
  API docs, "Reasoning Model").
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from aiohttp import web

from tests.fakes.listening import listening
from tests.fakes.openai_behaviours import NAMED_BEHAVIOURS, Behaviour, Exchange, RecordedRequest, answers


class OpenAiServer:
    """The server. Queued behaviours answer in order; then the model's name or `default` decides.

    Attributes:
        base_url: what LLM_BASE_URL must be.
        requests: every well-addressed request, in the order of arrival.
    """

    def __init__(self, *, api_key: str = "", default: Behaviour | None = None) -> None:
        self.base_url = ""
        self.requests: list[RecordedRequest] = []
        self._api_key = api_key
        self._default = default or NAMED_BEHAVIOURS["fake-ok"]
        self._queue: list[Behaviour] = []
        self._arrived = asyncio.Condition()
        self._numbers = count(1)

    def queue(self, *behaviours: Behaviour) -> None:
        """Answer the next requests so."""
        self._queue.extend(behaviours)

    async def arrival(self, number: int) -> RecordedRequest:
        """Wait for the `number`th request (from 1)."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= number)
        return self.requests[number - 1]

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[OpenAiServer]:
        """Listen until the block ends."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_route("*", "/{path:.*}", _invalid_url)
        async with listening(app, host, port) as url:
            self.base_url = f"{url}/v1"
            yield self

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self._api_key and request.headers.get("Authorization") != f"Bearer {self._api_key}":
            given = request.headers.get("Authorization", "")
            message = f"Incorrect API key provided: {given.removeprefix('Bearer ')}."
            error = {"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}
            return web.json_response({"error": {**error, "param": None}}, status=401)
        body = await request.json()
        if (fault := _fault_of(body)) is not None:
            return fault
        recorded = RecordedRequest(body, dict(request.headers), _client_port(request))
        exchange = Exchange(request, recorded, next(self._numbers))
        async with self._arrived:
            self.requests.append(exchange.recorded)
            self._arrived.notify_all()
        behaviour = self._queue.pop(0) if self._queue else NAMED_BEHAVIOURS.get(body["model"], self._default)
        try:
            return await behaviour(exchange)
        except (asyncio.CancelledError, ConnectionResetError):
            exchange.recorded.hung_up.set()
            raise


def _client_port(request: web.Request) -> int:
    """Tells connections apart."""
    assert request.transport is not None
    return int(request.transport.get_extra_info("peername")[1])


def _fault_of(body: dict[str, Any]) -> web.Response | None:
    """What the API reference forbids about a request."""
    messages = body.get("messages")
    roles = {"system", "developer", "user", "assistant"}
    good = (
        isinstance(body.get("model"), str)
        and isinstance(messages, list)
        and bool(messages)
        and all(m.get("role") in roles and isinstance(m.get("content"), str) for m in messages)
        and 0 <= body.get("temperature", 1) <= 2
        and 0 <= body.get("top_p", 1) <= 1
        and body.get("stream") is True
    )
    if good:
        return None
    error = {"message": "Invalid request.", "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=400)


async def _invalid_url(request: web.Request) -> web.StreamResponse:
    message = f"Invalid URL ({request.method} {request.path})"
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=404)


async def _serve(port: int, pieces: Sequence[str]) -> None:
    async with OpenAiServer(default=answers(*pieces)).running(port=port) as server:
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A loopback server that speaks OpenAI's chat completions.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--answer", default="根据菜谱，先热锅，再下油。", help="what a normal answer says")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, list(arguments.answer)))
