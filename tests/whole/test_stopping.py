"""A slow model, people who ask on before it is done, and kills: each question is answered once, in order."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
from aiohttp import web

from core.stopping import STOPPED
from tests.fakes.openai_behaviours import Exchange, send
from tests.fakes.openai_server import OpenAiServer
from tests.whole.bot_process import BotProcess
from tests.whole.platforms import Platforms, Said, Users, life, platforms, until

DISHES = ("番茄炒蛋", "红烧肉", "麻婆豆腐", "拍黄瓜", "宫保鸡丁", "清蒸鲈鱼", "酸辣土豆丝")
PIECES = 20
PIECE_SECONDS = 0.05
WHOLE = "来源：食神菜谱"
CHATS = {"telegram": "1001", "feishu": "oc_alice"}


async def cooks_slowly(exchange: Exchange) -> web.StreamResponse:
    """Name the dish that is asked for, and tell of it a little at a time."""
    asked = str(exchange.recorded.body["messages"][-1]["content"])
    [dish] = [dish for dish in DISHES if f"{dish}怎么做" in asked]
    response = await exchange.begin()
    for piece in (f"{dish}\n", *(f"第{number}步。" for number in range(PIECES)), WHOLE):
        await send(response, exchange.chunk({"content": piece}))
        await asyncio.sleep(PIECE_SECONDS)  # the model's slowness is the point
    await send(response, exchange.chunk({}, "stop"))
    await send(response, "[DONE]")
    await response.write_eof()
    return response


class Cook:
    """What one person asked, in order; no dish twice in a row."""

    def __init__(self, users: Users) -> None:
        self.users = users
        self.chat = CHATS[users.name]
        self.asked: dict[str, str] = {}

    async def asks(self) -> None:
        dish = DISHES[len(self.asked) % len(DISHES)]
        self.asked[await self.users.ask(self.chat, f"{dish}怎么做")] = dish

    def answers(self, said: list[Said]) -> list[Said]:
        """What was said, each answer once: without replies to tell, the same dish again is the same one."""
        answers: list[Said] = []
        for item in said:
            is_again = answers and _dish_of(answers[-1]) == _dish_of(item) and not self.users.shows_replies
            if item.chat == self.chat and not item.is_unfinished and not is_again:
                answers.append(item)
        return answers

    async def answered(self) -> list[Said]:
        said = await until(self.users, lambda said: len(self.answers(said)) >= len(self.asked))
        return self.answers(said)


def _dish_of(said: Said) -> str:
    return said.text.partition("\n")[0]


def settings(both: Platforms, server: OpenAiServer) -> dict[str, str]:
    model = {"LLM_BACKEND": "openai", "LLM_BASE_URL": server.base_url, "LLM_MODEL": "cook"}
    return both.settings(IMAGE_BACKEND="none", **model)


def assert_all_answered(cook: Cook, answers: list[Said]) -> None:
    """Each question once, in order, by its own dish, wholly or up to where it was stopped."""
    assert [_dish_of(answer) for answer in answers] == list(cook.asked.values())
    if cook.users.shows_replies:
        assert [answer.reply_to for answer in answers] == list(cook.asked)
    assert [a.text for a in answers if (WHOLE in a.text) == (STOPPED in a.text)] == []


def remembered(bot: BotProcess) -> Counter[str]:
    with closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as connection:
        return Counter(text for (text,) in connection.execute("SELECT text FROM messages WHERE role='user'"))


async def test_who_asks_on_is_not_kept_waiting(bot: BotProcess) -> None:
    async with platforms() as both, OpenAiServer(default=cooks_slowly).running() as server:
        cooks = [Cook(both.telegram), Cook(both.feishu)]
        async with life(bot, settings(both, server)) as running:
            await running.connected()
            for number, cook in enumerate(cooks, start=1):
                await cook.asks()
                await server.arrival(2 * number - 1)
                await asyncio.sleep(5 * PIECE_SECONDS)  # long enough for the first words to be there
                await cook.asks()
                await server.arrival(2 * number)
            for cook in cooks:
                answers = await cook.answered()
                assert_all_answered(cook, answers)
                assert [STOPPED in answer.text for answer in answers] == [True, False]
            assert await running.stopped() == 0


async def check(bot: BotProcess, kills: int) -> None:
    moments = random.Random(kills)  # noqa: S311 - repeatable, no secret
    async with platforms() as both, OpenAiServer(default=cooks_slowly).running() as server:
        cooks = [Cook(both.telegram), Cook(both.feishu)]
        for _ in range(kills):
            async with life(bot, settings(both, server)) as running:
                await running.connected()
                for _ in range(2):
                    for cook in cooks:
                        await cook.asks()
                    # The moment of the stop, and then of the kill, is the point of the test.
                    await asyncio.sleep(moments.uniform(0.2, 2))
                await running.kill()
        async with life(bot, settings(both, server)) as running:
            await running.connected()
            answers = [await cook.answered() for cook in cooks]
            assert await running.stopped() == 0
        # After the stop: what would have been doubled had its chance.
        answers = [cook.answers(await cook.users.said()) for cook in cooks]
    for cook, given in zip(cooks, answers, strict=True):
        assert_all_answered(cook, given)
    stopped = sum(STOPPED in answer.text for given in answers for answer in given)
    asked = [f"{dish}怎么做" for cook in cooks for dish in cook.asked.values()]
    print(f"kills={kills} questions={len(asked)} stopped={stopped}")
    assert kills // 2 < stopped < len(asked) - kills // 2, "the stops come too late or too early"
    assert remembered(bot) == Counter(asked)


@pytest.mark.load
@pytest.mark.timeout(1200)
async def test_fifty_kills(bot: BotProcess) -> None:
    await check(bot, kills=50)
