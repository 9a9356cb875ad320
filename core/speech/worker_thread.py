"""One thread for a library that blocks: jobs run one after another, and what is given up stops soon."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import ModelUnavailableError

Result = TypeVar("Result")
Job = Callable[[threading.Event], Result]
"""Blocking work; the event is set when nobody waits for the result any more."""

_GRACE_SECONDS = 10.0
"""How long a job waits for the end of one that was given up; a piece of sound takes a few seconds."""


@dataclass(frozen=True, slots=True)
class _Order:
    job: Job[Any]
    given_up: threading.Event
    outcome: Future[Any]


class WorkerThread:
    """Runs jobs in a thread of its own, started when first needed.

    The thread is a daemon: a library that hangs must not keep the process from ending.
    """

    def __init__(self, name: str, *, grace_seconds: float = _GRACE_SECONDS) -> None:
        self._name = name
        self._grace_seconds = grace_seconds
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._is_started = False
        self._left_behind: Future[Any] | None = None

    async def run(self, job: Job[Result]) -> Result:
        """What `job` returns or raises. Cancelled, it tells the job to stop and does not wait for that.

        Raises:
            ModelUnavailableError: the thread is still at a job that was given up.
        """
        await self._catch_up()
        if not self._is_started:
            threading.Thread(target=_work, args=(self._orders,), name=self._name, daemon=True).start()
            self._is_started = True
        order = _Order(job, threading.Event(), Future())
        self._orders.put(order)
        try:
            result: Result = await asyncio.wrap_future(order.outcome)
        except asyncio.CancelledError:
            order.given_up.set()
            self._left_behind = order.outcome
            raise
        return result

    def stop(self) -> None:
        """End the thread after its current job; a later `run` starts another one."""
        if self._is_started:
            self._orders.put(None)
            self._orders = queue.SimpleQueue()
            self._is_started = False

    async def _catch_up(self) -> None:
        left_behind = self._left_behind
        if left_behind is None:
            return
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        left_behind.add_done_callback(lambda _outcome: _tell(loop, ended))
        try:
            async with asyncio.timeout(self._grace_seconds):
                await ended.wait()
        except TimeoutError as exc:
            raise ModelUnavailableError(f"{self._name} is still at a recording that took too long") from exc
        self._left_behind = None


def _tell(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(ended.set)


def _work(orders: queue.SimpleQueue[_Order | None]) -> None:
    while (order := orders.get()) is not None:
        if not order.outcome.set_running_or_notify_cancel():
            continue
        try:
            result = order.job(order.given_up)
        except BaseException as exc:  # noqa: BLE001 - whatever it is belongs to whoever waits
            order.outcome.set_exception(exc)
        else:
            order.outcome.set_result(result)
        del order  # it holds sound and words
