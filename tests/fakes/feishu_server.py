"""A Feishu open platform on loopback that keeps the platform's rules.

Run as: python -m tests.fakes.feishu_server --port 0 [--limits] [--webhook http://127.0.0.1:8080/webhooks/feishu]
It prints its address (FEISHU_DOMAIN); id and secret are APP_ID and APP_SECRET of `feishu_world`. A
whole-process test drives it by HTTP:

    POST /control/do         {"what": "private_text", "text": "红烧肉怎么做", "chat": "oc_1"} → the event
                             (`what` is a method of `FeishuEvents`; group_text mentions the bot as {0};
                             {"what": "voice_note", "content": "T2dnUw…"} is one of those bytes, in Base64)
    POST /control/again      {"event": {…}}: push an event once more
    GET  /control/sent       [{"message_id", "chat_id", "reply_to", "kind", "text", "uuid"}], in order
    GET  /control/pushes     [{"event_id", "attempts", "acknowledged"}]
    POST /control/fail       a `Fault`: {"operation": "reply", "kind": "drop_after", "times": 1}
    POST /control/connections {"do": "silence" | "close"}: the long connections that are open
    POST /control/settings   {"retry_seconds": [0.5, 1, 2], "webhook_url": "…"}

Rules, and where they come from, besides those in `feishu_messages`, `feishu_cardkit`, `feishu_pushes` and
`feishu_limits`:

- auth/v3/tenant_access_token/internal: 7,200 s; the same token until 30 minutes before its end, then a new
  one while the old is still good; 10003 for an unknown app, 10014 for a wrong secret; no `data`
  (https://open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token_internal).
- 99991661 without a token, 99991663 with one that is not valid; 99991672 names the scopes that would do, in
  the message and in error.permission_violations; both HTTP 400 (as quoted in public issue reports).
- bot/v3/info answers {"code", "msg", "bot": {…}}
  (https://open.feishu.cn/document/client-docs/bot-v3/obtain-bot-info).
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.feishu_cardkit import FeishuCardKit
from tests.fakes.feishu_control import FeishuControl
from tests.fakes.feishu_events import FeishuEvents
from tests.fakes.feishu_limits import ApiError, Fault, Json, RateCounter, RateLimits
from tests.fakes.feishu_messages import FeishuMessages
from tests.fakes.feishu_pushes import FeishuPushes
from tests.fakes.feishu_world import FeishuWorld

Method = Callable[[web.Request], Awaitable[Json | web.StreamResponse]]
_RENEWED_BEFORE_SECONDS = 1800.0
_SEND = ("im:message", "im:message:send_as_bot")
_READ = ("im:message", "im:message:readonly", "im:message.history:readonly")


@dataclass(frozen=True)
class Call:
    """A request to the open platform, as it arrived."""

    operation: str
    path: str
    body: str
    authorization: str
    at: float


class FeishuServer:
    """The platform. `world` is what exists, `events` makes events, `pushes` brings them to the app."""

    def __init__(self, *, limits: RateLimits | None = None) -> None:
        self.world = FeishuWorld()
        self.events = FeishuEvents(self.world)
        self.pushes = FeishuPushes(self.world)
        self.rates = RateCounter(self._now, limits)
        self.messages = FeishuMessages(self.world, self.rates)
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.domain = ""
        self._tokens: dict[str, float] = {}
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[FeishuServer]:
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.domain = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await self.pushes.close()
            await runner.cleanup()

    def _now(self) -> float:
        return self.world.clock()

    def revoke_tokens(self) -> None:
        """Every token handed out stops being valid."""
        self._tokens.clear()

    def count(self, operation: str) -> int:
        return sum(call.operation == operation for call in self.calls)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Until `condition` holds; looked at after every call."""
        async with self._changed:
            await self._changed.wait_for(condition)

    def application(self) -> web.Application:
        messages = self.messages
        cards = FeishuCardKit(self.world, self.rates)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        write = ("cardkit:card:write",)
        read = ("cardkit:card:read",)
        uploads = ("im:resource", "im:resource:upload")
        im, cardkit = "/open-apis/im/v1", "/open-apis/cardkit/v1/cards"
        message, card = f"{im}/messages/{{message_id}}", f"{cardkit}/{{card_id}}"
        table: list[tuple[str, str, str, Method, tuple[str, ...]]] = [
            ("bot_info", "GET", "/open-apis/bot/v3/info", self._bot_info, ()),
            ("send", "POST", f"{im}/messages", messages.create, _SEND),
            ("reply", "POST", f"{message}/reply", messages.reply, _SEND),
            ("edit", "PUT", message, messages.edit, _SEND),
            ("download", "GET", f"{message}/resources/{{file_key}}", messages.download, _READ),
            ("upload_image", "POST", f"{im}/images", messages.upload_image, uploads),
            ("upload_file", "POST", f"{im}/files", messages.upload_file, uploads),
            ("create_card", "POST", cardkit, cards.create, write),
            ("card_of_message", "POST", f"{cardkit}/id_convert", cards.id_convert, read),
            ("update_card", "PUT", card, cards.update, write),
            ("change_card_settings", "PATCH", f"{card}/settings", cards.settings, write),
            ("stream_text", "PUT", f"{card}/elements/{{element_id}}/content", cards.content, write),
        ]
        for operation, http_method, path, method, scopes in table:
            app.router.add_route(http_method, path, self._guarded(operation, method, scopes))
        token_path = "/open-apis/auth/v3/tenant_access_token/internal"
        app.router.add_post(token_path, self._open("tenant_access_token", self._token))
        app.router.add_post("/callback/ws/endpoint", self._open("connection_endpoint", self.pushes.endpoint))
        app.router.add_get("/ws/v2", self.pushes.websocket)
        app.add_routes(FeishuControl(self).routes())
        return app

    def _guarded(
        self, operation: str, method: Method, scopes: tuple[str, ...]
    ) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        """Token, scopes, limits, then the method; its answer as the platform words it."""

        async def carry_out(request: web.Request) -> Json | web.StreamResponse:
            self._check_token(request.headers.get("Authorization", ""))
            if scopes and not self.world.scopes.intersection(scopes):
                violations = [{"type": "action_scope_required", "subject": scope} for scope in scopes]
                text = f"Access denied. One of the following scopes is required: [{', '.join(scopes)}]."
                raise ApiError(99991672, text, error={"permission_violations": violations})
            self.rates.count(operation)
            return await method(request)

        return self._open(operation, carry_out)

    def _open(
        self, operation: str, method: Method
    ) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = "" if request.content_type == "multipart/form-data" else await request.text()
            authorization = request.headers.get("Authorization", "")
            self.calls.append(Call(operation, request.path, body, authorization, self._now()))
            fault = self._fault(operation, body)
            try:
                if fault is not None and fault.kind != "drop_after":
                    answered = await _suffered(fault, request)
                    if answered is not None:
                        return answered
                result = await method(request)
            except ApiError as exc:
                headers = {} if exc.reset is None else {"x-ogw-ratelimit-reset": f"{exc.reset:.3f}"}
                return web.json_response(exc.body, status=exc.status, headers=headers)
            finally:
                async with self._changed:
                    self._changed.notify_all()
            if fault is not None and fault.kind == "drop_after":
                return _dropped(request)
            if isinstance(result, web.StreamResponse):
                return result
            wrapped = result if "code" in result else {"code": 0, "msg": "success", "data": result}
            return web.json_response(wrapped)

        return handle

    def _fault(self, operation: str, body: str) -> Fault | None:
        for fault in self.faults:
            if fault.applies_to(operation, body):
                fault.times -= 1
                return fault
        return None

    def _check_token(self, authorization: str) -> None:
        kind, _, token = authorization.partition(" ")
        if kind != "Bearer" or not token:
            raise ApiError(99991661, "Missing access token for authorization.")
        if self._tokens.get(token, 0.0) <= self.world.clock():
            raise ApiError(99991663, "Invalid access token for authorization.")

    async def _token(self, request: web.Request) -> Json:
        body = await request.json()
        if body.get("app_id") != self.world.app_id:
            return {"code": 10003, "msg": "invalid param"}
        if body.get("app_secret") != self.world.app_secret:
            return {"code": 10014, "msg": "app secret invalid"}
        now = self.world.clock()
        renewed_before = min(_RENEWED_BEFORE_SECONDS, self.world.token_seconds / 4)
        for token, expires in self._tokens.items():
            if expires - now > renewed_before:
                return _granted(token, expires - now)
        token = f"t-{secrets.token_hex(16)}"
        self._tokens[token] = now + self.world.token_seconds
        return _granted(token, self.world.token_seconds)

    async def _bot_info(self, _request: web.Request) -> Json:
        bot = {"activate_status": 2, "app_name": "食神", "avatar_url": "", "ip_white_list": []}
        return {"code": 0, "msg": "ok", "bot": {**bot, "open_id": self.world.bot_open_id}}


def _granted(token: str, seconds: float) -> Json:
    return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": int(seconds)}


async def _suffered(fault: Fault, request: web.Request) -> web.StreamResponse | None:
    """What the fault does before the call; None lets it be carried out."""
    if fault.kind == "drop_before":
        return _dropped(request)
    if fault.kind == "status":
        return web.Response(status=fault.status, text="<html>bad gateway</html>", content_type="text/html")
    if fault.kind == "code":
        status = 429 if fault.code == 99991400 else 400
        raise ApiError(fault.code, "refused on purpose", status=status, reset=fault.reset)
    await asyncio.sleep(fault.seconds)
    return None


def _dropped(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _serve(port: int, webhook: str, *, limited: bool) -> None:
    server = FeishuServer(limits=RateLimits() if limited else None)
    server.pushes.webhook_url = webhook
    async with server.running(port):
        print(server.domain, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Feishu open platform on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--webhook", default="", help="push events there instead of over long connections")
    parser.add_argument("--limits", action="store_true", help="keep the platform's rate limits")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.webhook, limited=arguments.limits))
