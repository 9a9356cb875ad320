"""Turns to send: limits kept, order kept, silence kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.telegram_pacing import Pacer, PacingLimits, TooManyRequestsError
from tests.fakes.telegram_limits import RateLimits

LIMITS = PacingLimits(chat_per_second=1, chat_burst=3, group_per_minute=20, overall_per_second=28)


class Clock:
    """Time that passes only where somebody sleeps; the earliest sleeper wakes first."""

    def __init__(self) -> None:
        self.now = 100.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._sleepers.append((self.now + seconds, len(self._sleepers), event))
        await event.wait()

    async def run(self, work: Awaitable[object]) -> None:
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(50):
                await asyncio.sleep(0)
            if self._sleepers and not task.done():
                due = min(self._sleepers)
                self._sleepers.remove(due)
                self.now = max(self.now, due[0])
                due[2].set()
        await task


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pacer(clock: Clock) -> Pacer:
    return Pacer(LIMITS, clock.time, clock.sleep)


def sender(times: list[float], clock: Clock) -> Callable[[], Awaitable[None]]:
    async def send() -> None:
        times.append(clock.now)

    return send


async def test_a_chat_gets_a_burst_and_then_one_a_second(pacer: Pacer, clock: Clock) -> None:
    times: list[float] = []
    send = sender(times, clock)
    await clock.run(asyncio.gather(*(pacer.send("1", send, is_group=False) for _ in range(9))))
    assert [time - 100 for time in times] == [0, 0, 0, 3, 3, 3, 6, 6, 6]


async def test_a_group_gets_twenty_a_minute(pacer: Pacer, clock: Clock) -> None:
    times: list[float] = []
    send = sender(times, clock)
    await clock.run(asyncio.gather(*(pacer.send("-1", send, is_group=True) for _ in range(41))))
    assert times[19] - 100 < 60 <= times[20] - 100
    assert times[40] - 100 >= 120


async def test_all_chats_together_keep_the_overall_limit_and_every_chat_its_order(
    pacer: Pacer, clock: Clock
) -> None:
    """Against the fake's own count of what Telegram allows, nothing is refused."""
    limits = RateLimits(on=True, clock=clock.time)
    order: list[tuple[int, int]] = []

    async def ask(chat: int, number: int) -> None:
        async def send() -> None:
            limits.check(chat, is_group=False)
            order.append((chat, number))

        await pacer.send(str(chat), send, is_group=False)

    await clock.run(asyncio.gather(*(ask(chat, number) for number in range(4) for chat in range(50))))
    assert limits.refused == 0
    assert len(order) == 200
    assert all([n for c, n in order if c == chat] == [0, 1, 2, 3] for chat in range(50))


async def test_retry_after_is_honoured_exactly(pacer: Pacer, clock: Clock) -> None:
    times: list[float] = []

    async def send() -> None:
        times.append(clock.now)
        if len(times) == 1:
            raise TooManyRequestsError(311)

    other: list[float] = []
    both = (pacer.send("1", send, is_group=False), pacer.send("2", sender(other, clock), is_group=False))
    await clock.run(asyncio.gather(*both))
    assert [time - 100 for time in times] == [0, 311]
    assert other == [100]


async def test_progress_takes_only_what_answers_do_not_need(pacer: Pacer, clock: Clock) -> None:
    assert [pacer.try_turn("-1", is_group=True, counts=True) for _ in range(3)] == [True, True, False]
    taken = 2
    for _ in range(30):
        clock.now += 1
        taken += pacer.try_turn("-1", is_group=True, counts=True)
    assert taken == 14
    times: list[float] = []
    await clock.run(pacer.send("-1", sender(times, clock), is_group=True))
    assert times == [clock.now]


async def test_progress_waits_for_silence_to_end(pacer: Pacer, clock: Clock) -> None:
    pacer.silence("1", 5, is_group=False)
    assert not pacer.try_turn("1", is_group=False, counts=False)
    clock.now += 5
    assert pacer.try_turn("1", is_group=False, counts=False)


async def test_idle_chats_are_forgotten(pacer: Pacer, clock: Clock) -> None:
    times: list[float] = []
    for chat in range(3000):
        clock.now += 1
        await clock.run(pacer.send(str(chat), sender(times, clock), is_group=False))
    assert len(pacer._chats) <= 1000
