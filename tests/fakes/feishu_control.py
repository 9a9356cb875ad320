"""Driving the fake Feishu by HTTP, when it is a process of its own; see `feishu_server`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.fakes.feishu_events import Mention
from tests.fakes.feishu_limits import Fault, Json

if TYPE_CHECKING:
    from tests.fakes.feishu_server import FeishuServer


class FeishuControl:
    """The control API of a fake."""

    def __init__(self, server: FeishuServer) -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/control/do", self._do),
            web.post("/control/again", self._again),
            web.get("/control/sent", self._sent),
            web.get("/control/pushes", self._pushes),
            web.post("/control/fail", self._fail),
            web.post("/control/connections", self._connections),
            web.post("/control/settings", self._settings),
        ]

    async def _do(self, request: web.Request) -> web.Response:
        body: Json = await request.json()
        what = body.pop("what")
        if what == "pressed_button":
            body["message"] = self._server.world.sent_by_id[body.pop("message_id")]
        if what == "group_text":
            others = [Mention(**item) for item in body.pop("others", [])]
            body["mentions"] = [self._server.events.bot, *others]
        event = getattr(self._server.events, what)(**body)
        self._server.pushes.push(event)
        return web.json_response(event)

    async def _again(self, request: web.Request) -> web.Response:
        self._server.pushes.push((await request.json())["event"])
        return web.json_response({})

    async def _sent(self, _request: web.Request) -> web.Response:
        world = self._server.world
        return web.json_response(
            [
                {
                    "message_id": message.message_id,
                    "chat_id": message.chat_id,
                    "reply_to": message.reply_to,
                    "thread_id": message.thread_id,
                    "kind": message.kind,
                    "text": world.text_of(message),
                    "is_streaming": bool(message.card_id) and world.cards[message.card_id].is_streaming,
                    "uuid": message.uuid,
                    "duration_ms": world.speech.get(message.content.get("file_key", "")),
                    "at": message.at,
                }
                for message in world.sent
            ]
        )

    async def _pushes(self, _request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "event_id": push.event["header"]["event_id"],
                    "attempts": push.attempts,
                    "acknowledged": push.acknowledged.is_set(),
                }
                for push in self._server.pushes.pushes
            ]
        )

    async def _fail(self, request: web.Request) -> web.Response:
        self._server.faults.append(Fault(**await request.json()))
        return web.json_response({})

    async def _connections(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["do"]
        for connection in tuple(self._server.pushes.connections):
            if wanted == "silence":
                connection.silent = True
            else:
                await connection.socket.close(code=1001)
        return web.json_response({"count": self._server.pushes.connection_count})

    async def _settings(self, request: web.Request) -> web.Response:
        body: Json = await request.json()
        pushes = self._server.pushes
        pushes.retry_seconds = tuple(body.get("retry_seconds", pushes.retry_seconds))
        pushes.webhook_url = body.get("webhook_url", pushes.webhook_url)
        self._server.world.scopes = set(body.get("scopes", self._server.world.scopes))
        return web.json_response({})
