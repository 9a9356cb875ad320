"""What every stage of the pipeline has: a time limit, an error of its own, and a measured duration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from core.errors import BotError, StageError
from core.messages import Stage, StageFinished
from core.stopping import StopSignal

Item = TypeVar("Item")


class StageTimes:
    """How long the stages of one run took.

    Args:
        clock: seconds since any fixed point.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._durations_ms: dict[Stage, float] = {}

    @contextmanager
    def measured(self, stage: Stage) -> Iterator[None]:
        """Measure the body as `stage`, however it ends."""
        started = self._clock()
        try:
            yield
        finally:
            self._durations_ms[stage] = (self._clock() - started) * 1000

    def finished(self, stage: Stage) -> StageFinished:
        """The event that `stage`, which was measured, is over."""
        return StageFinished(stage, self._durations_ms.get(stage, 0.0))

    def timings_ms(self) -> dict[str, float]:
        """Milliseconds by the name of the stage, and "total" since this object was made."""
        total = (self._clock() - self._started) * 1000
        return {**{stage.value: ms for stage, ms in self._durations_ms.items()}, "total": total}


class LatestSteps:
    """Steps that a task tells of, for one reader who may come late and wants the latest only."""

    def __init__(self) -> None:
        self._latest: tuple[int, int] | None = None
        self._changed = asyncio.Event()

    def tell(self, done: int, total: int) -> None:
        """Note a step; a `core.ports.Progress`."""
        self._latest = (done, total)
        self._changed.set()

    async def until(self, task: asyncio.Task[Any]) -> AsyncGenerator[tuple[int, int], None]:
        """Yield (done, total) whenever that changes, until `task` is over, whichever way."""
        task.add_done_callback(self._wake)
        try:
            while not task.done():
                if self._latest is not None:
                    latest, self._latest = self._latest, None
                    yield latest
                await self._changed.wait()
                self._changed.clear()
        finally:
            task.remove_done_callback(self._wake)

    def _wake(self, _task: asyncio.Task[Any]) -> None:
        self._changed.set()


@asynccontextmanager
async def limited(
    seconds: float, error: type[StageError], stop: StopSignal | None = None
) -> AsyncIterator[None]:
    """Give the body `seconds`, and turn whatever the project raises in it into `error`.

    A `stop` that is asked for is the end of its time. Never yield an event from the body: the limit belongs
    to the task that entered it.

    Raises:
        StageError: an `error`, from its cause; retryable when the time was up.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            with (stop or StopSignal()).ending(limit):
                yield
    except error:
        raise
    except TimeoutError as exc:
        raise error(f"the stage took longer than {seconds:g} s", retryable=True) from exc
    except BotError as exc:
        raise error(exc.message, retryable=exc.retryable) from exc


async def paced(
    stream: AsyncIterator[Item], seconds: float, stop: StopSignal | None = None
) -> AsyncGenerator[Item, None]:
    """Yield what `stream` yields, waiting for it at most `seconds` in all, and not at all after a `stop`.

    The time that the reader takes between two items does not count: a slow channel is not the stream's fault.
    `stream` is closed in any case.

    Raises:
        TimeoutError: the time was up, or the stop asked for, before the stream's end.
    """
    loop = asyncio.get_running_loop()
    left = seconds
    stop = stop or StopSignal()
    try:
        while True:
            asked = loop.time()
            try:
                async with asyncio.timeout(left) as limit:
                    with stop.ending(limit):
                        item = await anext(stream)
            except StopAsyncIteration:
                return
            left -= loop.time() - asked
            yield item
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
