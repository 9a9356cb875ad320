"""Administrators' commands in `python -m bot run`, on both platforms."""

from __future__ import annotations

import asyncio

from tests.fakes.feishu_events import ALICE, BOB
from tests.whole.bot_process import BotProcess
from tests.whole.platforms import Life, Platforms, Said, Users, event_key, life, logged, platforms, until

ROOT = {"telegram": "1001", "feishu": "oc_alice"}
"""Private chats of the administrators."""
GUEST = {"telegram": "1002", "feishu": "oc_bob"}
IDS = {"telegram": "telegram:1001", "feishu": f"feishu:{ALICE}"}
GUESTS_IDS = {"telegram": "telegram:1002", "feishu": f"feishu:{BOB}"}
REPORT = "广播送完了：3 个聊天收到了。"


def settings(both: Platforms, **changes: str) -> dict[str, str]:
    return both.settings(ADMINISTRATORS=",".join(IDS.values()), IMAGE_BACKEND="none", **changes)


async def answers(users: Users, chat: str, *texts: str) -> list[str]:
    """Ask one after another; returns what was said in the chat from then on, each text's answer."""
    found: list[str] = []
    for text in texts:
        before = len(in_chat(await users.said(), chat))
        await users.ask(chat, text)
        said = await until(users, lambda said: len(in_chat(said, chat)) > before)  # noqa: B023 - awaited here
        found.append(in_chat(said, chat)[before])
    return found


def in_chat(said: list[Said], chat: str) -> list[str]:
    return [item.text for item in said if item.chat == chat and not item.is_unfinished]


async def test_administrators_are_obeyed_and_the_blocked_get_no_answer(bot: BotProcess) -> None:
    async with platforms() as both, life(bot, settings(both)) as running:
        await running.connected()
        await asyncio.gather(
            *(blocked_and_forgiven(users, running) for users in (both.telegram, both.feishu))
        )
        assert await running.stopped() == 0


async def blocked_and_forgiven(users: Users, running: Life) -> None:
    root, guest, guests_id = ROOT[users.name], GUEST[users.name], GUESTS_IDS[users.name]
    refused = await answers(users, guest, "/stats", f"/block {IDS[users.name]}", "/broadcast 确认 大家好")
    assert ["没有这个命令" in text for text in refused] == [True] * 3
    [stats] = await answers(users, root, "/stats")
    assert stats.startswith("用户：")
    assert await answers(users, root, f"/block {guests_id}") == [
        f"好的，以后不再理 {guests_id}。想恢复就发 /unblock {guests_id}"
    ]
    ignored = event_key(users.name, guest, await users.ask(guest, "在吗"))
    await logged(running, f"silent event={ignored}")
    [forgiven] = await answers(users, root, f"/unblock {guests_id}")
    assert forgiven == f"{guests_id} 又可以和我说话了。"
    [helped] = await answers(users, guest, "/help")
    assert "可以用的命令" in helped
    assert len(in_chat(await users.said(), guest)) == 4


async def test_a_broadcast_outlives_a_kill_and_is_reported(bot: BotProcess) -> None:
    async with platforms() as both:
        users = both.telegram
        async with life(bot, settings(both)) as running:
            await running.connected()
            await answers(both.feishu, ROOT["feishu"], "拍黄瓜怎么做")
            await answers(both.feishu, GUEST["feishu"], "拍黄瓜怎么做")
            await answers(users, GUEST["telegram"], "拍黄瓜怎么做")
            await both.feishu.post("fail", operation="send", kind="code", code=99991400, reset=60.0)
            await answers(users, ROOT["telegram"], "/broadcast 确认 今晚停机")
            await until(users, lambda said: "今晚停机" in in_chat(said, GUEST["telegram"]))
            await running.kill()
        async with life(bot, settings(both)) as running:
            said = await until(users, lambda said: REPORT in in_chat(said, ROOT["telegram"]))
            await running.connected()
            assert await running.stopped() == 0
        assert in_chat(said, ROOT["telegram"])[-1] == REPORT
        for chat in (ROOT["feishu"], GUEST["feishu"]):
            assert in_chat(await both.feishu.said(), chat)[-1] == "今晚停机"
