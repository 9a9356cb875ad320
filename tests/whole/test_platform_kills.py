"""The bot is killed again and again while people on both platforms ask; nothing is lost, all is in order.

Doubled is only what was sent and not yet recorded when the process was killed: Telegram knows no idempotency
keys (docs/decisions/0005-durable-inbox.md). It is counted, printed and bounded; on Feishu there is none.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.telegram_world import GROUP_ID
from tests.whole.bot_process import BotProcess
from tests.whole.platforms import (
    Life,
    Platforms,
    Said,
    Users,
    assert_discreet,
    event_key,
    life,
    platforms,
    until,
)

DISHES = (
    "番茄炒蛋",
    "红烧肉",
    "麻婆豆腐",
    "拍黄瓜",
    "宫保鸡丁",
    "清蒸鲈鱼",
    "酸辣土豆丝",
    "毛氏红烧肉",
)
TELEGRAM_CHATS = ("1001", "1002", str(GROUP_ID))
FEISHU_CHATS = ("oc_alice", "oc_bob", "oc_group1")


class Part(NamedTuple):
    """Half an answer: its text or its picture."""

    chat: str
    message_id: str
    kind: str


Parts = list[Part]


class Stream:
    """The questions of one platform's people, dish after dish in every chat.

    Attributes:
        asked: by chat, the dish that each message asks for, in the order of asking.
    """

    def __init__(self, users: Users, chats: tuple[str, ...]) -> None:
        self.users = users
        self.asked: dict[str, dict[str, str]] = {chat: {} for chat in chats}

    async def one_from_each_chat(self) -> None:
        for chat, asked in self.asked.items():
            dish = DISHES[len(asked) % len(DISHES)]
            asked[await self.users.ask(chat, f"{dish}怎么做")] = dish

    @property
    def number(self) -> int:
        return sum(map(len, self.asked.values()))

    async def answered(self) -> Parts:
        said = await self.users.said()
        return self.parts(said)

    def parts(self, said: list[Said]) -> Parts:
        """What answers what; every answer is asserted to be about the dish that was asked for."""
        found: Parts = []
        said = [item for item in said if not item.is_unfinished]
        for chat, asked in self.asked.items():
            for kind in ("text", "picture"):
                here = [
                    item for item in said if item.chat == chat and bool(item.kinds) == (kind == "picture")
                ]
                if self.users.shows_replies:
                    ids = [item.reply_to for item in here]
                else:
                    ids = self._answered_by_order(here, asked)
                assert [asked[message_id] for message_id in ids] == [_dish_of(item) for item in here]
                found += [Part(chat, message_id, kind) for message_id in ids]
        return found

    @staticmethod
    def _answered_by_order(said: list[Said], asked: dict[str, str]) -> list[str]:
        """Without replies, by the order of the answers: the same dish again is the same answer again."""
        ids, answered = list(asked), -1
        previous, found = "", []
        for item in said:
            dish = _dish_of(item)
            answered += dish != previous
            found.append(ids[answered])
            previous = dish
        return found

    def is_answered(self, said: list[Said]) -> bool:
        return self.lost(self.parts(said)) == 0

    def lost(self, parts: Parts) -> int:
        return 2 * self.number - len(set(parts))

    def assert_in_order(self, parts: Parts, numbers: dict[str, int]) -> None:
        """Each chat's answers came in the order in which its questions were accepted."""
        for chat in self.asked:
            for kind in ("text", "picture"):
                ids = dict.fromkeys(p.message_id for p in parts if (p.chat, p.kind) == (chat, kind))
                accepted = [numbers[event_key(self.users.name, chat, message_id)] for message_id in ids]
                assert accepted == sorted(accepted), f"{self.users.name} {chat} {kind}"


def _dish_of(said: Said) -> str:
    """The dish that a text or a caption is about: it stands alone on a line, as a title."""
    [dish] = {dish for line in said.text.splitlines() for dish in DISHES if line.split("（也叫")[0] == dish}
    return dish


async def lived_and_killed(bot: BotProcess, both: Platforms, streams: list[Stream], kills: int) -> int:
    """Start and kill; people ask while it is down, starting and running. Returns how often it was at work."""
    moments = random.Random(kills)  # noqa: S311 - repeatable, no secret
    at_work = 0
    for number in range(kills):
        await ask_all(streams)
        async with life(bot, both.settings()) as running:
            # The moment of the kill is the point of the test; nothing is waited for.
            if number % 2:
                await asyncio.sleep(moments.uniform(0.8, 2.4))
            else:
                await running.connected()
                await ask_all(streams)
                await asyncio.sleep(moments.uniform(0, 0.3))
            await running.kill()
        at_work += any([stream.lost(await stream.answered()) for stream in streams])
    return at_work


async def ask_all(streams: list[Stream]) -> None:
    for stream in streams:
        await stream.one_from_each_chat()


async def finish(running: Life, streams: list[Stream]) -> None:
    """Wait until everything is answered, and stop."""
    await running.connected()
    for stream in streams:
        await until(stream.users, stream.is_answered)
    assert await running.stopped() == 0


async def check(bot: BotProcess, kills: int) -> None:
    async with platforms() as both:
        streams = [Stream(both.telegram, TELEGRAM_CHATS), Stream(both.feishu, FEISHU_CHATS)]
        at_work = await lived_and_killed(bot, both, streams, kills)
        async with life(bot, both.settings()) as running:
            await finish(running, streams)
        answers = [await stream.answered() for stream in streams]
        said = [*await both.telegram.said(), *await both.feishu.said()]
        pushes = await both.feishu.get("pushes")
    assert at_work > kills // 3, "the kills come too late to show anything"
    questions = sum(stream.number for stream in streams)
    doubled = [len(parts) - len(set(parts)) for parts in answers]
    print(f"kills={kills} at_work={at_work} questions={questions} doubled on Telegram, Feishu={doubled}")
    # A chat is at one delivery at a time: a kill doubles at most that.
    assert doubled[0] <= kills * len(TELEGRAM_CHATS)
    assert doubled[1] == 0
    for stream, parts in zip(streams, answers, strict=True):
        stream.assert_in_order(parts, acceptance_numbers(bot.data_dir))
    assert [item.text for item in said if item.is_unfinished] == []
    assert [push for push in pushes if not push["acknowledged"]] == []
    asked = [dish for stream in streams for dishes in stream.asked.values() for dish in dishes.values()]
    assert remembered(bot.data_dir) == Counter(f"{dish}怎么做" for dish in asked)
    assert_discreet((bot.folder / "log.txt").read_text(), "怎么做", *DISHES)


def acceptance_numbers(data_dir: Path) -> dict[str, int]:
    """The numbers that accepted messages got, by event key."""
    with closing(sqlite3.connect(data_dir / "inbox.sqlite3")) as connection:
        return dict(connection.execute("SELECT event_key, sequence FROM accepted_events"))


def remembered(data_dir: Path) -> Counter[str]:
    """The questions in the history."""
    with closing(sqlite3.connect(data_dir / "bot.sqlite3")) as connection:
        return Counter(text for (text,) in connection.execute("SELECT text FROM messages WHERE role='user'"))


async def test_six_kills(bot: BotProcess) -> None:
    await check(bot, kills=6)


@pytest.mark.load
@pytest.mark.timeout(1200)
async def test_fifty_kills(bot: BotProcess) -> None:
    await check(bot, kills=50)
