"""Turns to call Feishu: its limits are kept, held against the fake's own count of them."""

from __future__ import annotations

from dataclasses import replace

from bot.feishu_pacing import FeishuLimits, FeishuPacer
from core.messages import Document, Reply
from tests.bot.feishu_bench import QUICK, bench
from tests.fakes.feishu_limits import RateCounter, RateLimits
from tests.fakes.feishu_server import FeishuServer


class Clock:
    """Time that passes only where somebody waits."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def calls(pacer: FeishuPacer, clock: Clock, platform: RateCounter, *chats: str) -> None:
    """One reply to each chat, as early as the pacer lets it go."""
    for chat in chats:
        while pause := pacer.take_turn("reply", chat):
            clock.now += pause
        platform.count("reply")
        if chat:
            platform.count_for_chat(chat)


def test_the_platform_s_own_limits_are_never_met() -> None:
    clock = Clock()
    pacer, platform = FeishuPacer(FeishuLimits(), clock), RateCounter(clock, RateLimits())
    calls(pacer, clock, platform, *(f"oc_{number % 7}" for number in range(1500)))
    assert platform.refused == 0


def test_calls_of_another_kind_and_to_another_chat_need_not_wait() -> None:
    clock = Clock()
    pacer = FeishuPacer(FeishuLimits(chat_per_second=2, calls_per_second=3), clock)
    assert [pacer.take_turn("reply", "oc_1") > 0 for _ in range(3)] == [False, False, True]
    assert pacer.take_turn("reply", "oc_2") == 0.0
    assert pacer.take_turn("reply", "oc_3") > 0
    assert pacer.take_turn("upload_image") == 0.0


def test_a_turn_that_is_refused_takes_nothing() -> None:
    clock = Clock()
    pacer = FeishuPacer(FeishuLimits(chat_per_second=1, calls_per_second=2), clock)
    assert pacer.take_turn("reply", "oc_1") == 0.0
    assert [pacer.take_turn("reply", "oc_1") > 0 for _ in range(5)] == [True] * 5
    assert pacer.take_turn("reply", "oc_2") == 0.0


def test_what_the_platform_asks_for_is_waited_out() -> None:
    clock = Clock()
    pacer = FeishuPacer(FeishuLimits(), clock)
    pacer.hold_back("reply", 7.0)
    pacer.hold_back("reply", 3.0)
    assert pacer.take_turn("reply", "oc_1") == 7.0
    assert pacer.take_turn("send", "oc_1") == 0.0
    clock.now += 7.0
    assert pacer.take_turn("reply", "oc_1") == 0.0


def test_chats_without_news_are_forgotten() -> None:
    clock = Clock()
    pacer = FeishuPacer(FeishuLimits(calls_per_second=10_000, calls_per_minute=100_000), clock)
    for number in range(5000):
        clock.now += 0.01
        assert pacer.take_turn("reply", f"oc_{number}") == 0.0
    assert len(pacer._chats) <= 1001


async def test_within_the_limits_nothing_is_refused() -> None:
    """Six parts and a file to one chat, which takes five messages a second."""
    server = FeishuServer(limits=RateLimits())
    async with bench(server=server, options=replace(QUICK, limits=FeishuLimits())) as b:
        document = Document("我的数据.json", "application/json", b"{}")
        reply = Reply("长" * 21_000, document=document)
        await b.channel.deliver_text(b.message(), reply, key="k1")
        assert len(b.texts) > 5
        assert server.rates.refused == 0
