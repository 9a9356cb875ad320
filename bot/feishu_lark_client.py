"""lark-oapi's long connection, with what it lacks.

That is an acknowledgement that waits for storage, a watch for silence, a clean end, and a log without
secrets. Of `lark_oapi.ws.Client` (1.7.5) it keeps the frames, the joining of split events, the pings and
the server's settings. It replaces

- `_connect`, which drives a module-level loop and waits for its endpoint with blocking requests that have
  no timeout (the endpoint is asked for elsewhere and given here),
- `_receive_message_loop`, which reconnects after up to 150 seconds of the server's choosing,
- `_handle_data_frame`, which runs handlers on the loop one after another, and leaves card frames
  unacknowledged.

Importing this module takes 0.3 s, and needs a loop of the importing thread's: do it in the connection's own
thread.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import websockets

from bot.feishu_api import ConnectionEndpoint
from bot.feishu_lark_import import without_the_rest
from core.errors import BotError

with without_the_rest():
    from lark_oapi.core.enum import LogLevel
    from lark_oapi.core.log import logger as lark_logger
    from lark_oapi.ws.client import Client
    from lark_oapi.ws.const import (
        DEVICE_ID,
        HEADER_BIZ_RT,
        HEADER_MESSAGE_ID,
        HEADER_SEQ,
        HEADER_SUM,
        HEADER_TYPE,
        SERVICE_ID,
    )
    from lark_oapi.ws.enum import MessageType
    from lark_oapi.ws.model import ClientConfig
    from lark_oapi.ws.pb.pbbp2_pb2 import Frame

logger = logging.getLogger(__name__)

TakeBytes = Callable[[bytes], Awaitable[Mapping[str, object] | None]]
_MAX_FRAME_BYTES = 4 * 1024 * 1024
_SILENT_PINGS = 2.5
"""The platform answers every ping; it is gone after this many ping intervals without any frame."""

# Its lines hold users' words and the address with its ticket.
lark_logger.handlers.clear()
lark_logger.propagate = False
logging.getLogger("websockets").setLevel(logging.INFO)


class LarkClient(Client):  # type: ignore[misc]  # lark-oapi is untyped
    """One long connection, from `connect` to `until_closed`.

    Args:
        app_id: FEISHU_APP_ID.
        endpoint: where to connect.
        take: takes an event's JSON and returns when it is stored.
        silence_seconds: how long the other side may stay silent.
        accept_seconds: how long `take` may need; the platform waits for three seconds.
    """

    def __init__(
        self,
        app_id: str,
        endpoint: ConnectionEndpoint,
        take: TakeBytes,
        *,
        silence_seconds: float,
        accept_seconds: float,
    ) -> None:
        super().__init__(app_id, "", log_level=LogLevel.CRITICAL, auto_reconnect=False)
        self._endpoint = endpoint
        self._take = take
        self._silence_seconds = silence_seconds
        self._accept_seconds = accept_seconds
        self._closed = asyncio.Event()
        self._last_frame_at = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._handling: set[asyncio.Task[None]] = set()
        if endpoint.client_config:
            self._configure(ClientConfig(dict(endpoint.client_config)))

    async def connect(self) -> None:
        """Open the connection.

        Raises:
            OSError: no connection.
            TimeoutError: it took too long.
            websockets.WebSocketException: the other side refuses it.
        """
        query = parse_qs(urlsplit(self._endpoint.url).query)
        self._conn_id = query.get(DEVICE_ID, [""])[0]
        self._service_id = query.get(SERVICE_ID, ["0"])[0]
        # A ping of the protocol itself goes out every half of the silence allowed; two stay unanswered.
        self._conn = await websockets.connect(
            self._endpoint.url,
            proxy=None,
            max_size=_MAX_FRAME_BYTES,
            open_timeout=10,
            close_timeout=1,
            ping_interval=self._silence_seconds / 2,
            ping_timeout=self._silence_seconds / 2,
        )
        self._last_frame_at = time.monotonic()
        self._begin(self._receive_message_loop())
        self._begin(self._ping_loop())
        self._begin(self._watch())

    async def until_closed(self) -> None:
        """Return when the connection has ended, by whichever side."""
        await self._closed.wait()

    async def disconnect(self, grace_seconds: float) -> None:
        """Let events under way be acknowledged, then close."""
        if self._handling and not self._closed.is_set():
            _, unfinished = await asyncio.wait(self._handling, timeout=grace_seconds)
            if unfinished:
                logger.warning("feishu_events_unacknowledged count=%d", len(unfinished))
        await self._conn.close()
        self._cache._cron.cancel()  # noqa: SLF001  (else it lives, and keeps this object, for ever)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _receive_message_loop(self) -> None:
        try:
            async for message in self._conn:
                self._last_frame_at = time.monotonic()
                if isinstance(message, bytes):
                    task = self._begin(self._handle_message(message))
                    self._handling.add(task)
                    task.add_done_callback(self._handling.discard)
        except websockets.ConnectionClosed as exc:
            logger.info("feishu_connection_ended code=%s", exc.rcvd.code if exc.rcvd else "none")
        finally:
            self._closed.set()

    async def _watch(self) -> None:
        """End a connection on which the platform answers no pings, though its proxy may."""
        while True:
            await asyncio.sleep(self._silence_seconds)
            if time.monotonic() - self._last_frame_at > _SILENT_PINGS * self._ping_interval:
                logger.warning("feishu_connection_silent")
                self._closed.set()
                return

    async def _handle_data_frame(self, frame: Frame) -> None:
        """Take an event and acknowledge it; one that could not be taken is answered with a code of 500."""
        headers = {header.key: header.value for header in frame.headers}
        payload = frame.payload
        parts = int(headers.get(HEADER_SUM, "1"))
        if parts > 1:
            payload = self._combine(headers[HEADER_MESSAGE_ID], parts, int(headers[HEADER_SEQ]), payload)
            if payload is None:
                return
        if headers.get(HEADER_TYPE) not in {MessageType.EVENT.value, MessageType.CARD.value}:
            return
        started = time.monotonic()
        response = await self._response_to(payload)
        header = frame.headers.add()
        header.key, header.value = HEADER_BIZ_RT, str(int((time.monotonic() - started) * 1000))
        frame.payload = json.dumps(response).encode()
        await self._write_message(frame.SerializeToString())

    async def _response_to(self, payload: bytes) -> dict[str, object]:
        # Shielded: what is being stored stays so; it is only not acknowledged, and will come again.
        taking = asyncio.ensure_future(self._take(payload))
        try:
            async with asyncio.timeout(self._accept_seconds):
                result = await asyncio.shield(taking)
        except TimeoutError:
            taking.add_done_callback(lambda done: done.cancelled() or done.exception())
            logger.warning("feishu_event_not_taken code=late")
            return {"code": 500}
        except BotError as exc:
            logger.warning("feishu_event_not_taken code=%s", exc.code)
            return {"code": 500}
        if result is None:
            return {"code": 200}
        answer = json.dumps(dict(result), ensure_ascii=False).encode()
        return {"code": 200, "data": base64.b64encode(answer).decode()}
