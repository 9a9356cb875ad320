"""`python -m bot run` on Telegram and Feishu, both of them processes on loopback."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.feishu_events import encrypted_body, signed_headers
from tests.fakes.feishu_world import ENCRYPT_KEY
from tests.fakes.telegram_server import TOKEN
from tests.fakes.telegram_world import BOT_ID, GROUP_ID
from tests.ports import reserved_port
from tests.whole.bot_process import BotProcess, Outcome
from tests.whole.platforms import (
    WEBHOOK_SECRET,
    Json,
    Platforms,
    Said,
    Users,
    assert_discreet,
    life,
    logged,
    platforms,
    until,
)

STOP_SECONDS = 10.0
"""Documented: SIGTERM finishes or parks what is under way within that."""
PRIVATE = {"telegram": "1001", "feishu": "oc_alice"}
GROUP = {"telegram": str(GROUP_ID), "feishu": "oc_group1"}
ASKED = ("红烧肉怎么做", "要多少盐", "有人在吗", "番茄炒蛋怎么做")


@pytest.fixture
async def both() -> AsyncIterator[Platforms]:
    async with platforms() as started:
        yield started


async def answer(users: Users, chat: str, text: str, parts: int = 1) -> list[Said]:
    """Ask, and return the `parts` of the answer."""
    before = len(in_chat(await users.said(), chat))
    await users.ask(chat, text)
    said = await until(users, lambda said: len(in_chat(said, chat)) >= before + parts)
    return in_chat(said, chat)[before:]


def in_chat(said: list[Said], chat: str) -> list[Said]:
    return [item for item in said if item.chat == chat and not item.is_unfinished]


async def test_cooking_on_both_platforms(bot: BotProcess, both: Platforms) -> None:
    async with life(bot, both.settings()) as running:
        await running.connected()
        await asyncio.gather(*(cook_in_private(users) for users in (both.telegram, both.feishu)))
        await asyncio.gather(*(cook_in_a_group(users) for users in (both.telegram, both.feishu)))
        await asyncio.gather(*(leave(users) for users in (both.telegram, both.feishu)))
        assert await running.stopped() == 0
    assert running.lines[1:] == ["已连接：telegram", "已连接：feishu"]
    assert_forgotten(bot.data_dir, *ASKED)
    assert_discreet(running.log.read_text(), *ASKED, "红烧肉", "番茄炒蛋")


async def cook_in_private(users: Users) -> None:
    chat = PRIVATE[users.name]
    text, picture = await answer(users, chat, "红烧肉怎么做", parts=2)
    assert "五花肉" in text.text
    assert (picture.kinds, picture.text.splitlines()[-1]) == (("photo",), "红烧肉")
    [salt] = await answer(users, chat, "要多少盐")
    assert "盐的用量（4 人份）：" in salt.text
    [cleared] = await answer(users, chat, "/clear")
    assert "新的对话开始了" in cleared.text
    [lost] = await answer(users, chat, "要多少盐")
    assert "你问的是哪道菜？" in lost.text


async def cook_in_a_group(users: Users) -> None:
    chat = GROUP[users.name]
    await users.ask(chat, "有人在吗", to_bot=False)
    asked = await users.ask(chat, "番茄炒蛋怎么做")
    said = await until(users, lambda said: len(in_chat(said, chat)) >= 2)
    text, picture = in_chat(said, chat)
    assert "鸡蛋" in text.text
    assert text.reply_to == asked
    assert (picture.kinds, picture.text.splitlines()[-1]) == (("photo",), "番茄炒蛋")


async def leave(users: Users) -> None:
    chat = PRIVATE[users.name]
    exported = await answer(users, chat, "/export", parts=2)
    assert exported[-1].kinds == ("document",)
    [forgotten] = await answer(users, chat, "/forget 确认")
    assert "删掉了你的" in forgotten.text


def assert_forgotten(data_dir: Path, *texts: str) -> None:
    """No file of the bot's holds these words any more, in UTF-8 or in JSON's escapes."""
    kept = {path.name: path.read_bytes() for path in data_dir.glob("*.sqlite3*")}
    forms = [form for text in texts for form in (text.encode(), json.dumps(text)[1:-1].encode())]
    assert [(name, form) for name, content in kept.items() for form in forms if form in content] == []


async def test_what_cannot_be_sent_is_parked_and_sent_after_the_restart(
    bot: BotProcess, both: Platforms
) -> None:
    await both.telegram.post("fail", method="sendMessage", retry_after=60)
    await both.feishu.post("fail", operation="reply", kind="code", code=99991400, reset=60.0)
    async with life(bot, both.settings(IMAGE_BACKEND="none")) as running:
        await running.connected()
        for users in (both.telegram, both.feishu):
            await users.ask(PRIVATE[users.name], "拍黄瓜怎么做")
        await logged(running, "telegram_rate_limited seconds=60")
        await logged(running, "feishu_rate_limited operation=reply")
        started_at = time.monotonic()
        assert await running.stopped() == 0
        assert time.monotonic() - started_at < STOP_SECONDS
    assert (await both.telegram.said(), await both.feishu.said()) == ([], [])
    async with life(bot, both.settings(IMAGE_BACKEND="none")) as running:
        for users in (both.telegram, both.feishu):
            said = await until(users, bool)
            assert ["黄瓜" in item.text for item in said] == [True]
        await running.connected()
        assert await running.stopped() == 0
    assert [len(await users.said()) for users in (both.telegram, both.feishu)] == [1, 1]


async def test_webhooks_of_both_are_served_beside_the_page(bot: BotProcess, both: Platforms) -> None:
    port = reserved_port()
    telegram, feishu = (f"http://127.0.0.1:{port}/webhooks/{name}" for name in ("telegram", "feishu"))
    settings = both.settings(
        WEB_PORT=str(port),
        IMAGE_BACKEND="none",
        TELEGRAM_MODE="webhook",
        TELEGRAM_WEBHOOK_URL=telegram,
        TELEGRAM_WEBHOOK_SECRET=WEBHOOK_SECRET,
        FEISHU_MODE="webhook",
    )
    await both.feishu.post("settings", webhook_url=feishu)
    async with life(bot, settings) as running:
        await running.connected()
        for users in (both.telegram, both.feishu):
            [said] = await answer(users, PRIVATE[users.name], "拍黄瓜怎么做")
            assert "黄瓜" in said.text
        assert await posted_to_telegram_webhook(both, telegram) == [403, 403, 200, 400]
        assert await posted_to_feishu_webhook(both, feishu) == [403, 403, 403, 403, 200]
        for users in (both.telegram, both.feishu):
            chat = PRIVATE[users.name]
            await answer(users, chat, "/help")
            titles = [item.text.splitlines()[0] for item in in_chat(await users.said(), chat)]
            assert len(titles) == 3, "a forged or repeated event was answered"
        assert await running.stopped() == 0
    assert_discreet(running.log.read_text(), "麻婆豆腐", "拍黄瓜", "偷菜")


async def posted_to_telegram_webhook(both: Platforms, url: str) -> list[int]:
    """Statuses: without a secret, with a wrong one; what was answered before, again; no update at all."""
    users = both.telegram
    known: Json = await users.post("do", what="private_text", text="麻婆豆腐怎么做")
    await until(users, lambda said: len(said) == 2)
    forged = {"update_id": 900_000_001, "message": {**known["message"], "message_id": 900, "text": "偷菜"}}
    right = {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET}
    wrong = {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET[:-1] + "9"}
    statuses = []
    for headers, body in (({}, forged), (wrong, forged), (right, known), (right, [])):
        async with users.session.post(url, json=body, headers=headers) as response:
            statuses.append(response.status)
    return statuses


async def posted_to_feishu_webhook(both: Platforms, url: str) -> list[int]:
    """Statuses: unsigned, signed with another key, stale, another's body under a good signature; a replay."""
    users, now = both.feishu, time.time()
    known: Json = await users.post("do", what="private_text", text="麻婆豆腐怎么做")
    await until(users, lambda said: len(said) == 2)
    message = {
        **known["event"]["message"],
        "message_id": "om_forged",
        "content": json.dumps({"text": "偷菜"}),
    }
    forged = encrypted_body({**known, "event": {**known["event"], "message": message}}, ENCRYPT_KEY)
    replayed = encrypted_body(known, ENCRYPT_KEY)
    statuses = []
    for headers, body in (
        ({}, forged),
        (signed_headers(forged, "another key", now), forged),
        (signed_headers(forged, ENCRYPT_KEY, now - 3600), forged),
        (signed_headers(replayed, ENCRYPT_KEY, now), forged),
        (signed_headers(replayed, ENCRYPT_KEY, now), replayed),
    ):
        async with users.session.post(url, data=body, headers=headers) as response:
            statuses.append(response.status)
    return statuses


WRONG = {
    "TELEGRAM_BOT_TOKEN": f"{BOT_ID}:AAF-wrong_secret_of_the_fake_Telegram_9876543",
    "FEISHU_APP_ID": "cli_wrong00000000000",
    "FEISHU_APP_SECRET": "wrong-app-secret",
}


async def outcome_of(bot: BotProcess, command: str, settings: dict[str, str]) -> Outcome:
    return await asyncio.to_thread(
        lambda: bot.run(command, typed=None, preexec=None, program="bot", **settings)
    )


@pytest.mark.parametrize("setting", WRONG)
async def test_a_wrong_token_is_named(bot: BotProcess, both: Platforms, setting: str) -> None:
    wrong = both.settings(COLUMNS="300", **{setting: WRONG[setting]})
    checked, ran = await asyncio.gather(outcome_of(bot, "check", wrong), outcome_of(bot, "run", wrong))
    assert (checked.returncode, ran.returncode) == (2, 2)
    [row] = [line for line in checked.stdout.splitlines() if setting in line]
    assert row.split()[1] == setting.partition("_")[0].lower()
    assert f"设置有误 {setting}: " in ran.stderr
    assert "Traceback" not in ran.stderr
    assert_discreet(checked.stdout + checked.stderr + ran.stdout + ran.stderr, WRONG[setting])


async def test_check_tells_a_missing_permission_from_a_server_that_is_away(
    bot: BotProcess, both: Platforms
) -> None:
    await both.feishu.post("settings", scopes=["im:message:send_as_bot", "im:resource"])
    away = f"http://127.0.0.1:{reserved_port()}"
    unreachable = both.settings(COLUMNS="300", TELEGRAM_API_URL=away, FEISHU_DOMAIN=away)
    lacking, alone = await asyncio.gather(
        outcome_of(bot, "check", both.settings(COLUMNS="300")), outcome_of(bot, "check", unreachable)
    )
    assert (lacking.returncode, alone.returncode) == (2, 2)
    assert (
        "FEISHU_APP_ID: the app lacks the permissions cardkit:card:read, cardkit:card:write" in lacking.stdout
    )
    assert "@shishen_test_bot" in lacking.stdout
    assert "TELEGRAM_API_URL: the server cannot be used: no connection" in alone.stdout
    assert f"FEISHU_DOMAIN: {away} cannot be reached: no connection" in alone.stdout


async def test_check_says_who_the_bot_is(bot: BotProcess, both: Platforms) -> None:
    checked = await outcome_of(bot, "check", both.settings(COLUMNS="300"))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "@shishen_test_bot" in checked.stdout
    assert "食神 (ou_bot" in checked.stdout
    assert_discreet(checked.stdout)


async def test_of_two_pollers_on_one_token_the_older_says_so_and_stops(
    bot: BotProcess, both: Platforms
) -> None:
    async with life(bot, both.settings()) as running:
        await running.connected()
        async with asyncio.TaskGroup() as group:
            rival = group.create_task(keep_polling(both))
            await logged(running, "telegram_receiving_stopped reason=conflict: another program")
            rival.cancel()
        await both.telegram.ask(PRIVATE["telegram"], "麻婆豆腐怎么做")
        [said] = await answer(both.feishu, PRIVATE["feishu"], "/help")
        assert "可以用的命令" in said.text
        assert await running.stopped() == 0
    assert await both.telegram.said() == []
    assert_discreet(running.log.read_text(), "麻婆豆腐")


async def keep_polling(both: Platforms) -> None:
    """Another program with the same token."""
    session, address = both.telegram.session, both.telegram.address
    while True:
        async with session.get(f"{address}/bot{TOKEN}/getUpdates", params={"timeout": 1}) as response:
            await response.read()
