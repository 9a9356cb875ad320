"""Who is answered, who is refused in which words, and who is met with silence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.access import BUDGET_SPENT, NOT_ALLOWED, TOO_FAST, AccessControl, AccessGate, AccessRules
from core.messages import ChatKey, IncomingMessage, Reply, ReplyEvent, ReplyFinished, TextFinished, UserKey
from tests.bot.inbox_bench import bench
from tests.fakes.scripted_handler import ScriptedHandler

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


def said(user_id: str = "ann", *, chat_id: str = "1", is_group: bool = False) -> IncomingMessage:
    chat = ChatKey("telegram", chat_id, "topic")
    return IncomingMessage(chat, UserKey("telegram", user_id), "1", "你好", NOON, is_group)


def refused(text: str) -> Reply:
    return Reply(text=text, refused=True)


def control(clock: Clock | None = None, **rules: object) -> AccessControl:
    return AccessControl(AccessRules(time_zone=UTC, **rules), clock or Clock())  # type: ignore[arg-type]


def test_without_rules_everybody_is_answered() -> None:
    access = control()
    assert [access.refusal(said(str(user))) for user in range(3)] == [None] * 3


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (said("ann"), None),
        (said("root"), None),
        (said("eve", chat_id="-100", is_group=True), None),
        (said("eve"), refused(NOT_ALLOWED.format(user="telegram:eve"))),
        (said("eve", chat_id="-200", is_group=True), refused("")),
    ],
)
def test_with_a_list_only_those_on_it(message: IncomingMessage, refusal: Reply | None) -> None:
    access = control(
        allowed_users=frozenset({"telegram:ann"}),
        allowed_chats=frozenset({"telegram:-100"}),
        administrators=frozenset({"telegram:root"}),
    )
    assert access.refusal(message) == refusal


def test_a_user_of_another_channel_is_somebody_else() -> None:
    access = control(allowed_users=frozenset({"feishu:ann"}))
    assert access.refusal(said("ann")) == refused(NOT_ALLOWED.format(user="telegram:ann"))


def test_blocked_users_meet_silence_and_administrators_cannot_be_blocked() -> None:
    access = control(administrators=frozenset({"telegram:root"}))
    access.blocked |= {"telegram:eve", "telegram:root"}
    assert (access.refusal(said("eve")), access.refusal(said("root"))) == (refused(""), None)


def test_a_rate_by_the_minute() -> None:
    clock = Clock()
    access = control(clock, messages_a_minute=2, administrators=frozenset({"telegram:root"}))
    assert [access.refusal(said()), access.refusal(said())] == [None, None]
    clock.now += timedelta(seconds=20.5)
    assert access.refusal(said()) == refused(TOO_FAST.format(seconds=40))
    assert access.refusal(said("bob")) is None
    assert [access.refusal(said("root")) for _ in range(5)] == [None] * 5
    clock.now = NOON + timedelta(minutes=1)
    assert access.refusal(said()) is None


def test_a_budget_by_the_day() -> None:
    clock = Clock()
    access = control(clock, messages_a_day=2)
    assert [access.refusal(said()), access.refusal(said())] == [None, None]
    assert access.refusal(said()) == refused(BUDGET_SPENT.format(limit=2))
    clock.now = datetime(2026, 5, 2, tzinfo=UTC)
    assert access.refusal(said()) is None


def test_refused_messages_do_not_count() -> None:
    clock = Clock()
    access = control(clock, messages_a_minute=1, messages_a_day=2)
    assert access.refusal(said()) is None
    assert [access.refusal(said()) is None for _ in range(5)] == [False] * 5
    clock.now += timedelta(minutes=1)
    assert access.refusal(said()) is None


async def test_the_guard_passes_answers_on_and_closes_them() -> None:
    handler = ScriptedHandler()
    handler.scripts["你好"] = [TextFinished(Reply("好")), asyncio.Event()]
    events = AccessGate(handler, control()).handle(said())
    assert await anext(events) == TextFinished(Reply("好"))
    await events.aclose()
    assert handler.finished == []


async def test_the_guard_refuses_in_words_or_in_silence() -> None:
    access = control(allowed_users=frozenset({"telegram:ann"}))
    guard = AccessGate(ScriptedHandler(), access)
    spoken: list[ReplyEvent] = [event async for event in guard.handle(said("eve"))]
    reply = refused(NOT_ALLOWED.format(user="telegram:eve"))
    assert spoken[1:] == [TextFinished(reply), ReplyFinished(reply)]
    silent = [event async for event in guard.handle(said("eve", is_group=True))]
    assert silent == [ReplyFinished(refused(""))]


async def test_silence_delivers_nothing(tmp_path: Path) -> None:
    access = control()
    access.blocked.add("telegram:ann")
    async with bench(tmp_path, handler=AccessGate(ScriptedHandler(), access)) as b:  # type: ignore[arg-type]
        await b.accept("一")
        await b.done()
        assert b.channel.sent == []
