"""A long connection to Feishu that lasts: in a thread and loop of its own, made anew whenever it ends.

The thread keeps acknowledgements and pings on time when the bot's own loop is busy. Each event goes to one
of at most 50 connections of an app: https://open.feishu.cn/document/server-docs/event-subscription-guide/
event-subscription-configure-/request-url-configuration-case
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.feishu_api import ConnectionEndpoint
from core.errors import BotError, ChannelError

if TYPE_CHECKING:
    from bot.feishu_lark_client import LarkClient

logger = logging.getLogger(__name__)

Take = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, object] | None]]
Result = Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Times of a long connection, in seconds.

    Attributes:
        silence_seconds: how long the platform may stay silent before the connection counts as dead.
        accept_seconds: how long storing an event may take; the platform sends it again after three.
        first_connect_seconds: how long `start` waits for the first connection before it goes on without.
        first_backoff_seconds: the pause after a connection ends, doubled with each failure.
        longest_backoff_seconds: the longest pause.
        stop_seconds: how long events under way may take when the bot stops.
    """

    silence_seconds: float = 14.0
    accept_seconds: float = 2.5
    first_connect_seconds: float = 30.0
    first_backoff_seconds: float = 0.5
    longest_backoff_seconds: float = 60.0
    stop_seconds: float = 3.0


class LongConnection:
    """Keeps one connection.

    Args:
        app_id: FEISHU_APP_ID.
        find_endpoint: asks where to connect; called on the bot's loop.
        take: takes an event on the bot's loop and returns when it is stored.
        limits: its times.
    """

    def __init__(
        self,
        app_id: str,
        find_endpoint: Callable[[], Awaitable[ConnectionEndpoint]],
        take: Take,
        limits: ConnectionLimits,
    ) -> None:
        self._app_id = app_id
        self._find_endpoint = find_endpoint
        self._take = take
        self._limits = limits
        self._thread: threading.Thread | None = None
        self._main_loop: asyncio.AbstractEventLoop | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._connected: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._ended: asyncio.Future[None] | None = None
        self._must_stop = False

    async def start(self) -> None:
        """Connect; returns once connected, or later without a connection, which is then still tried for.

        Raises:
            ChannelError: the platform refuses the app for good.
        """
        self._main_loop = asyncio.get_running_loop()
        self._ended = self._main_loop.create_future()
        self._thread = threading.Thread(target=self._run, name="feishu_long_connection", daemon=True)
        self._thread.start()
        try:
            async with asyncio.timeout(self._limits.first_connect_seconds):
                await asyncio.wrap_future(self._connected)
        except TimeoutError:
            logger.warning("feishu_not_connected_yet")
        except ChannelError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Acknowledge what is under way, close the connection and end the thread."""
        if self._ended is None:
            return
        self._must_stop = True  # for a thread whose loop is not there yet
        if self._own_loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # the thread has ended by itself, and closed its loop
                self._own_loop.call_soon_threadsafe(self._stopping.set)
        await self._ended
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        """The thread's whole life."""
        try:
            asyncio.run(self._keep_connected())
        except ChannelError as exc:
            logger.error("feishu_connection_given_up reason=%s", exc.message)  # noqa: TRY400
            if not self._connected.done():
                self._connected.set_exception(exc)
        finally:
            main_loop, ended = self._main_loop, self._ended
            if main_loop is not None and ended is not None and not main_loop.is_closed():
                main_loop.call_soon_threadsafe(_set_done, ended)

    async def _keep_connected(self) -> None:
        self._stopping = asyncio.Event()
        self._own_loop = asyncio.get_running_loop()
        if self._must_stop:
            return
        failures = 0
        while not self._stopping.is_set():
            client = await self._connection_unless_stopped(self._stopping)
            if client is not None:
                failures = 0
                await self._serve(client)
            if self._stopping.is_set():
                return
            pause = min(
                self._limits.first_backoff_seconds * 2**failures, self._limits.longest_backoff_seconds
            )
            failures = min(failures + 1, 20)
            await self._pause(pause * random.uniform(0.5, 1.0))  # noqa: S311

    async def _connection_unless_stopped(self, stopping: asyncio.Event) -> LarkClient | None:
        connecting = asyncio.create_task(self._connection())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait([connecting, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not connecting.done():
            connecting.cancel()
            await asyncio.wait([connecting])
        return None if connecting.cancelled() else connecting.result()

    async def _connection(self) -> LarkClient | None:
        """A connection, or None when there is none now.

        Raises:
            ChannelError: there will never be one.
        """
        import websockets

        from bot.feishu_lark_client import LarkClient

        try:
            endpoint = await asyncio.wrap_future(self._on_main_loop(self._find_endpoint()))
            client = LarkClient(
                self._app_id,
                endpoint,
                self._take_bytes,
                silence_seconds=self._limits.silence_seconds,
                accept_seconds=self._limits.accept_seconds,
            )
            await client.connect()
        except ChannelError as exc:
            if not exc.retryable and not self._connected.done():
                raise
            logger.warning("feishu_not_connected reason=%s", exc.message)
            return None
        except (OSError, TimeoutError, websockets.WebSocketException) as exc:
            logger.warning("feishu_not_connected reason=%s", type(exc).__name__)
            return None
        return client

    async def _serve(self, client: LarkClient) -> None:
        logger.info("feishu_connected")
        if not self._connected.done():
            self._connected.set_result(None)
        stopping = self._stopping or asyncio.Event()
        waits = [asyncio.create_task(client.until_closed()), asyncio.create_task(stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await client.disconnect(self._limits.stop_seconds if stopping.is_set() else 0.0)

    async def _pause(self, seconds: float) -> None:
        if self._stopping is not None:
            stopped = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([stopped], timeout=seconds)
            stopped.cancel()

    async def _take_bytes(self, payload: bytes) -> Result:
        try:
            event = json.loads(payload)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            logger.warning("feishu_event_malformed field=payload")
            return None
        return await asyncio.wrap_future(self._on_main_loop(self._take(event)))

    def _on_main_loop(self, work: Awaitable[Any]) -> concurrent.futures.Future[Any]:
        if self._main_loop is None or self._main_loop.is_closed():
            raise BotError("the channel is not started", retryable=True)
        return asyncio.run_coroutine_threadsafe(_awaited(work), self._main_loop)


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work


def _set_done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
