"""How the fake Feishu brings its events to the app: long connections or webhooks, again until acknowledged.

- A long connection begins with an address that carries a ticket (lark-oapi, ws/client.py); an app has at most
  50, each event goes to one of them, and must be answered within three seconds
  (https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/
  request-url-configuration-case). Refusals of the handshake are headers (ws/client.py,
  `_parse_ws_conn_exception`; 514 and 1000040350 in ws/const.py).
- Events of more than one frame: `sum`, `seq` (`Client._combine`).
- What is not acknowledged comes again after 15 s, 5 min, 1 h and 6 h; here `retry_seconds`.
- A webhook is acknowledged by HTTP 200 within three seconds (same page).
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from dataclasses import dataclass, field

import aiohttp
from aiohttp import WSMsgType, web

from tests.fakes.feishu_events import encrypted_body, signed_headers
from tests.fakes.feishu_frames import CONTROL, DATA, Frame
from tests.fakes.feishu_limits import Json
from tests.fakes.feishu_world import ENCRYPT_KEY, FeishuWorld

MAX_CONNECTIONS = 50


@dataclass
class Push:
    """An event on its way. `acknowledged` is set once the app has taken it."""

    event: Json
    attempts: int = 0
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    given_up: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Json | None = None


class Connection:
    """A long connection. A silent one neither reads nor answers, yet stays open."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.silent = False
        self.pings = 0
        self.answers: dict[str, asyncio.Future[Json]] = {}


class FeishuPushes:
    def __init__(self, world: FeishuWorld) -> None:
        self._world = world
        self.connections: list[Connection] = []
        self.connected = asyncio.Condition()
        self.connection_count = 0
        self.webhook_url = ""
        self.webhook_statuses: list[int] = []
        self.encrypt_key = ENCRYPT_KEY
        self.ack_seconds = 3.0
        self.retry_seconds: tuple[float, ...] = (15, 300, 3600, 21600)
        self.frame_bytes = 64 * 1024
        self.ping_interval: float = 120
        self.answers_pings = True
        self.refuse_endpoint: int | None = None
        self.pushes: list[Push] = []
        self._tickets: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def endpoint(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("AppID") != self._world.app_id:
            return web.json_response({"code": 10003, "msg": "invalid param"})
        if body.get("AppSecret") != self._world.app_secret:
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        if self.refuse_endpoint is not None:
            return web.json_response({"code": self.refuse_endpoint, "msg": "refused"})
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        url = f"ws://{request.host}/ws/v2?fpid=493&aid=552564&device_id={secrets.randbelow(10**18)}"
        url += f"&access_key={secrets.token_hex(16)}&service_id=33554678&ticket={ticket}"
        config = {
            "ReconnectCount": -1,
            "ReconnectInterval": 120,
            "ReconnectNonce": 30,
            "PingInterval": self.ping_interval,
        }
        return web.json_response({"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": config}})

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        refused = {"handshake-status": "514", "handshake-msg": "auth failed", "handshake-autherrcode": "1"}
        if ticket not in self._tickets:
            return web.Response(status=401, headers=refused)
        self._tickets.discard(ticket)
        if len(self.connections) >= MAX_CONNECTIONS:
            return web.Response(status=401, headers={**refused, "handshake-autherrcode": "1000040350"})
        socket = web.WebSocketResponse(autoping=False, max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket)
        async with self.connected:
            self.connections.append(connection)
            self.connection_count += 1
            self.connected.notify_all()
        try:
            async for message in socket:
                await self._received(connection, message)
        finally:
            self.connections.remove(connection)
            for answer in connection.answers.values():
                answer.cancel()
        return socket

    async def wait_for_connections(self, count: int = 1, *, ever: int = 0) -> None:
        """Until `count` connections are open, of at least `ever` that there have been."""
        async with self.connected:
            await self.connected.wait_for(
                lambda: len(self.connections) >= count and self.connection_count >= ever
            )

    def push(self, event: Json) -> Push:
        """Bring an event to the app, in the background."""
        push = Push(event)
        self.pushes.append(push)
        task = asyncio.create_task(self._delivered(push))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return push

    async def post_webhook(self, event: Json) -> tuple[int, Json]:
        """One signed request, as the platform makes them."""
        body = encrypted_body(event, self.encrypt_key)
        return await self.post_raw(body, signed_headers(body, self.encrypt_key, self._world.clock()))

    async def post_raw(self, body: bytes, headers: dict[str, str]) -> tuple[int, Json]:
        timeout = aiohttp.ClientTimeout(total=self.ack_seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self.webhook_url, data=body, headers=headers) as response,
        ):
            self.webhook_statuses.append(response.status)
            return response.status, await response.json()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in tuple(self.connections):
            connection.silent = False
            await connection.socket.close()

    async def _delivered(self, push: Push) -> None:
        for pause in (*self.retry_seconds, None):
            push.attempts += 1
            try:
                answer = await (self._by_webhook(push) if self.webhook_url else self._by_connection(push))
            except (TimeoutError, asyncio.CancelledError, aiohttp.ClientError, ConnectionError):
                current = asyncio.current_task()
                if current is not None and current.cancelling():
                    raise
                answer = None
            if answer is not None:
                push.answer = answer
                push.acknowledged.set()
                return
            if pause is not None:
                await asyncio.sleep(pause)
        push.given_up.set()

    async def _by_webhook(self, push: Push) -> Json | None:
        status, answer = await self.post_webhook(push.event)
        return answer if status == 200 else None

    async def _by_connection(self, push: Push) -> Json | None:
        if not self.connections:
            return None
        connection = secrets.choice(self.connections)
        message_id = secrets.token_hex(8)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        connection.answers[message_id] = answer
        payload = json.dumps(push.event, ensure_ascii=False).encode()
        chunks = [payload[at : at + self.frame_bytes] for at in range(0, len(payload), self.frame_bytes)]
        try:
            async with asyncio.timeout(self.ack_seconds):
                for number, chunk in enumerate(chunks):
                    headers = {
                        "type": "event",
                        "message_id": message_id,
                        "sum": str(len(chunks)),
                        "seq": str(number),
                        "trace_id": secrets.token_hex(8),
                    }
                    frame = Frame(service=33554678, method=DATA, headers=headers, payload=chunk)
                    await connection.socket.send_bytes(frame.encoded())
                response = await answer
        finally:
            connection.answers.pop(message_id, None)
        if response.get("code") != 200:
            return None
        data = response.get("data")
        decoded: Json = json.loads(base64.b64decode(data)) if data else {}
        return decoded

    async def _received(self, connection: Connection, message: aiohttp.WSMessage) -> None:
        if connection.silent:
            await asyncio.Event().wait()
        if message.type is WSMsgType.PING:
            await connection.socket.pong(message.data)
        if message.type is not WSMsgType.BINARY:
            return
        frame = Frame.decoded(message.data)
        if frame.method == CONTROL and frame.headers.get("type") == "ping":
            connection.pings += 1
            if not self.answers_pings:
                return
            config = json.dumps({"PingInterval": self.ping_interval, "ReconnectCount": -1}).encode()
            pong = Frame(service=frame.service, method=CONTROL, headers={"type": "pong"}, payload=config)
            await connection.socket.send_bytes(pong.encoded())
        answer = connection.answers.get(frame.headers.get("message_id", ""))
        if frame.method == DATA and answer is not None and not answer.done():
            answer.set_result(json.loads(frame.payload))
