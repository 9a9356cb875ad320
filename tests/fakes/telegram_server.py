"""A Telegram Bot API on loopback that keeps the platform's rules.

Run as: python -m tests.fakes.telegram_server --port 0 [--token 7000000001:…] [--limits]
It prints its address (TELEGRAM_API_URL). A whole-process test drives it by HTTP:

    POST /control/do      {"what": "private_text", "text": "红烧肉怎么做", "user_id": 1001} → the update
                          (`what` is a method of `TelegramWorld`; {"what": "voice", "content": "T2dnUw…"} is a
                          voice note of those bytes, in Base64)
    GET  /control/sent    every executed call that writes: [{"method", "chat_id", "message_id", "text", …}]
    POST /control/fail    {"method": "sendMessage", "drop": "after"} (a `Fault`; "retry_after": 2 for 429)

Rules, and where they come from (core.telegram.org/bots/api unless named):

- "Making requests": GET or POST; query, form, JSON or multipart; answers {"ok", "result"} or {"ok": false,
  "error_code", "description"}. A wrong token is 401 "Unauthorized", an unknown method 404 "Not Found".
- getUpdates: "An update is considered confirmed as soon as getUpdates is called with an offset higher than
  its update_id"; long polling; not while a webhook is set (409); of two pollers the older is answered 409
  (github.com/tdlib/telegram-bot-api, Client.cpp).
- setWebhook: updates are posted with X-Telegram-Bot-Api-Secret-Token, again until the answer is 2xx.
- getFile: "bots can download files of up to 20MB in size … via the link
  https://api.telegram.org/file/bot<token>/<file_path>"; a file's size is optional (File, Voice).
- Rules of sending: `telegram_methods`, `telegram_rules`; limits and faults: `telegram_limits`.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.downloads import Downloads
from tests.fakes.forms import Files, form_of
from tests.fakes.listening import listening
from tests.fakes.telegram_feed import TelegramFeed
from tests.fakes.telegram_limits import Fault, RateLimits, flood
from tests.fakes.telegram_methods import Parameters, TelegramMethods
from tests.fakes.telegram_rules import ApiError, bad_request
from tests.fakes.telegram_world import BOT_ID, Json, TelegramWorld

TOKEN = f"{BOT_ID}:AAF-secret_Of_the_fake_Telegram_0123456789"
_RETRY_SECONDS = 0.02  # the real server backs off for longer


@dataclass
class Call:
    """One executed or refused call."""

    method: str
    parameters: Json
    files: Files
    at: float
    status: int = 200
    result: Any = None


class TelegramServer:
    """The server.

    Attributes:
        world: who writes, and what was said.
        calls: every call that reached a method, getUpdates left out, in the order of its answer.
        faults: what goes wrong with the next calls of a method ("*": of any); None lets one pass.
        feed: getUpdates and the webhook.
        downloads: how files leave; `fail("download", …)` makes that go wrong.
    """

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.api_url = ""
        self.world = TelegramWorld()
        self.limits = RateLimits()
        self.methods = TelegramMethods(self.world, self.limits)
        self.calls: list[Call] = []
        self.changed = asyncio.Condition()
        self.faults: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self.feed = TelegramFeed(self.world, self.changed)
        self.downloads = Downloads()

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[TelegramServer]:
        """Listen until the block ends."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.router.add_post("/control/do", self._control_do)
        app.router.add_get("/control/sent", self._control_sent)
        app.router.add_post("/control/fail", self._control_fail)
        async with listening(app, host, port) as self.api_url:
            try:
                yield self
            finally:
                await self.feed.close()

    def fail(self, method: str, *faults: Fault | None) -> None:
        """Let the next calls of `method` go wrong, in this order."""
        self.faults[method.lower()].extend(faults)

    def made(self, *methods: str) -> list[Call]:
        """The successful calls of these methods."""
        wanted = {method.lower() for method in methods}
        return [call for call in self.calls if call.status == 200 and call.method.lower() in wanted]

    async def wait_for(self, method: str, number: int = 1) -> Call:
        """Wait for the `number`th successful call of `method` (from 1)."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.made(method)) >= number)
        return self.made(method)[number - 1]

    async def confirmed(self, update: Json) -> None:
        """Wait until getUpdates has been called with an offset above `update`."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.feed.offset > update["update_id"])

    def texts(self, chat_id: int) -> list[str]:
        """What the bot's messages in a chat say now, oldest first; of photos the caption."""
        own = [m for (chat, _), m in sorted(self.world.messages.items()) if chat == chat_id]
        return [
            str(m.get("text", m.get("caption", ""))) for m in own if m["from"]["id"] == self.world.bot["id"]
        ]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _json(ApiError(401, "Unauthorized").body(), 401)
        method = request.match_info["method"]
        given, files = await _parameters_of(request)
        queue = self.faults.get(method.lower()) or self.faults.get("*")
        fault = queue.popleft() if queue else None
        if fault is not None and (response := await self._early(request, fault)) is not None:
            return response
        response = await self._execute(method, Parameters(given), files)
        if fault is not None and fault.drop == "after":
            return _hang_up(request)
        return response

    async def _early(self, request: web.Request, fault: Fault) -> web.StreamResponse | None:
        fault.reached.set()
        if fault.gate is not None:
            await fault.gate.wait()
        if fault.drop == "before":
            return _hang_up(request)
        if fault.error is not None:
            refused = Call(
                request.match_info.get("method", "download"), {}, {}, time.monotonic(), fault.error.status
            )
            await self._record(refused)
            return _json(fault.error.body(), fault.error.status)
        if fault.status:
            return web.Response(status=fault.status, text=fault.body, content_type="text/html")
        return None

    async def _execute(self, method: str, given: Parameters, files: Files) -> web.Response:
        call = Call(method, given.given, files, time.monotonic())
        try:
            if method.lower() == "getupdates":
                return _json({"ok": True, "result": await self.feed.get_updates(given)})
            call.result = self._result(method.lower(), given, files)
        except ApiError as error:
            call.status, call.result = error.status, error.body()
            return _json(error.body(), error.status)
        finally:
            if method.lower() != "getupdates":
                await self._record(call)
        return _json({"ok": True, "result": call.result})

    def _result(self, method: str, given: Parameters, files: Files) -> Any:
        if method in self.feed.table:
            return self.feed.table[method](given)
        function = self.methods.table.get(method)
        if function is None:
            raise ApiError(404, "Not Found")
        return function(given, files)

    async def _record(self, call: Call) -> None:
        async with self.changed:
            self.calls.append(call)
            self.changed.notify_all()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _json(ApiError(401, "Unauthorized").body(), 401)
        queue = self.faults.get("download")
        fault = queue.popleft() if queue else None
        if fault is not None and (response := await self._early(request, fault)) is not None:
            return response
        for path, content in self.world.files.values():
            if path == request.match_info["path"]:
                return await self.downloads.answer(request, content)
        return _json(ApiError(404, "Not Found").body(), 404)

    async def _control_do(self, request: web.Request) -> web.Response:
        order = await request.json()
        result = await getattr(self.world, order.pop("what"))(**order)
        return _json(result)

    async def _control_sent(self, _request: web.Request) -> web.Response:
        return _json([_summary(c) for c in self.calls if c.status == 200 and isinstance(c.result, dict)])

    async def _control_fail(self, request: web.Request) -> web.Response:
        order = await request.json()
        error = flood(order.pop("retry_after")) if "retry_after" in order else None
        self.fail(order.pop("method"), Fault(**order, error=error))
        return _json(True)


def _summary(call: Call) -> Json:
    result = call.result
    chat_id = result.get("chat", {}).get("id")
    said = {key: result[key] for key in ("message_id", "text", "caption") if key in result}
    kinds = [kind for kind in ("photo", "document", "voice") if kind in result]
    said |= {"duration": result["voice"]["duration"]} if "voice" in result else {}
    reply_to = result.get("reply_to_message", {}).get("message_id")
    return {
        "method": call.method,
        "chat_id": chat_id,
        "reply_to": reply_to,
        "kinds": kinds,
        "at": call.at,
        **said,
    }


async def _parameters_of(request: web.Request) -> tuple[Json, Files]:
    """Docs, "Making requests": four ways of passing parameters."""
    given: Json = dict(request.query)
    if request.content_type == "application/json":
        return given | await request.json(), {}
    if not request.can_read_body:
        return given, {}
    fields, files = await form_of(request)
    return given | fields, files


def _hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def _json(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


async def _serve(port: int, token: str, *, limits: bool) -> None:
    server = TelegramServer(token)
    server.limits.on = limits
    async with server.running(port=port):
        print(server.api_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Telegram Bot API on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--limits", action="store_true", help="keep the rate limits")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.token, limits=arguments.limits))

__all__ = ["TOKEN", "Call", "Fault", "TelegramServer", "bad_request", "flood"]
