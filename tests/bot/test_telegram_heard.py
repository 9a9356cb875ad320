"""What was heard of a voice note, shown on Telegram: while it is answered and above the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.messages import Heard, Reply, Stage, StageStarted, TextDelta
from tests.bot.telegram_kit import Kit, started
from tests.fakes.scripted_handler import TOMATO_EGGS
from tests.fakes.telegram_world import GROUP_ID


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with started(tmp_path) as running:
        yield running


async def test_what_was_heard_stands_above_the_answer_in_italics(kit: Kit) -> None:
    reply = Reply("先热锅。", transcript="番茄\n炒蛋 怎么做 _*`<b>")
    await kit.channel.deliver_text(await kit.asked(), reply, key="k")
    [sent] = kit.sent()
    assert sent["text"] == "🎤 番茄 炒蛋 怎么做 _*`<b>\n\n先热锅。"
    assert sent["entities"] == [{"type": "italic", "offset": 0, "length": 19}]


async def test_what_was_heard_stands_above_a_recipe(kit: Kit) -> None:
    reply = Reply("x", lead="两人份。", recipe=TOMATO_EGGS, shows_recipe=True, transcript="番茄炒蛋怎么做")
    await kit.channel.deliver_text(await kit.asked(), reply, key="k")
    assert kit.texts()[0].startswith("🎤 番茄炒蛋怎么做\n\n两人份。\n\n番茄炒蛋\n")


async def test_what_was_heard_counts_in_the_length(kit: Kit) -> None:
    reply = Reply("汤" * 4090, transcript="吃" * 2000)
    await kit.channel.deliver_text(await kit.asked(), reply, key="k")
    first, *rest = kit.texts()
    assert first.startswith(f"🎤 {'吃' * 500}…\n\n汤")
    assert len(first.encode("utf-16-le")) <= 2 * 4096
    assert f"{first}{''.join(rest)}".count("汤") == 4090


async def test_a_private_draft_listens_then_says_what_it_heard(kit: Kit) -> None:
    draft = kit.channel.open_draft(await kit.asked())
    await draft.show(StageStarted(Stage.TRANSCRIBE))
    listening = await kit.server.wait_for("sendMessageDraft")
    await draft.show(Heard("番茄炒蛋怎么做"))
    heard = await kit.server.wait_for("sendMessageDraft", 2)
    await draft.show(TextDelta("步骤。\n" * 3000 + "结尾"))
    answering = await kit.server.wait_for("sendMessageDraft", 3)
    await draft.close()
    assert listening.parameters["text"] == "🎤 正在听…"
    assert heard.parameters["text"] == "🎤 番茄炒蛋怎么做"
    assert answering.parameters["text"].startswith("🎤 番茄炒蛋怎么做\n\n…\n步骤。")
    assert answering.parameters["text"].endswith("结尾")


async def test_a_group_sees_no_message_before_something_was_heard(kit: Kit) -> None:
    message = await kit.asked_in_group()
    draft = kit.channel.open_draft(message)
    await draft.show(StageStarted(Stage.TRANSCRIBE))
    await kit.server.wait_for("sendChatAction", 2)
    assert kit.sent() == []
    await draft.show(Heard("番茄炒蛋怎么做"))
    shown = await kit.server.wait_for("sendMessage")
    await draft.close()
    await kit.channel.deliver_text(message, Reply("先热锅。", transcript="番茄炒蛋怎么做"), key="k")
    assert shown.parameters["text"] == "🎤 番茄炒蛋怎么做 …"
    assert kit.texts(GROUP_ID) == ["🎤 番茄炒蛋怎么做\n\n先热锅。"]
    assert {action for _, action in kit.server.methods.actions} == {"typing"}
