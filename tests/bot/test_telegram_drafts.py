"""An answer while it is made, on Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.telegram_draft import draft_id_of
from core.messages import Reply, Stage, StageStarted, TextDelta, TextFinished
from tests.bot.telegram_kit import FAST, SOON, Inbox, Kit, channel_on, question, started
from tests.fakes.telegram_server import Fault, flood
from tests.fakes.telegram_world import GROUP_ID, USER_ID


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with started(tmp_path) as running:
        yield running


async def test_typing_is_shown_until_the_answer_is_there(kit: Kit) -> None:
    draft = kit.channel.open_draft(await kit.asked())
    await draft.show(StageStarted(Stage.RETRIEVE))
    await kit.server.wait_for("sendChatAction", 3)
    await draft.close()
    count = len(kit.server.methods.actions)
    await kit.channel.deliver_text(kit.inbox.stored[0], Reply(text="好"), key="k")
    assert kit.server.methods.actions == [(USER_ID, "typing")] * count


async def test_a_private_answer_is_streamed_as_a_draft_and_still_sent(kit: Kit) -> None:
    message = await kit.asked()
    draft = kit.channel.open_draft(message)
    await draft.show(TextDelta("先"))
    await draft.show(TextDelta("热锅"))
    first = await kit.server.wait_for("sendMessageDraft")
    await draft.show(TextDelta("重来", restart=True))
    second = await kit.server.wait_for("sendMessageDraft", 2)
    await draft.close()
    await kit.channel.deliver_text(message, Reply(text="重来吧"), key="k")
    assert (first.parameters["text"], second.parameters["text"]) == ("先热锅", "重来")
    assert int(first.parameters["draft_id"]) == draft_id_of(message) != 0
    assert kit.texts() == ["重来吧"]


async def test_a_complete_answer_is_not_drafted_any_more(tmp_path: Path) -> None:
    async with started(tmp_path, timing=replace(SOON, first_private_seconds=60)) as kit:
        message = await kit.asked()
        draft = kit.channel.open_draft(message)
        await draft.show(TextDelta("好"))
        await draft.show(TextFinished(Reply(text="好")))
        await draft.close()
    assert kit.server.made("sendMessageDraft") == []


async def test_a_long_draft_shows_its_end(kit: Kit) -> None:
    draft = kit.channel.open_draft(await kit.asked())
    await draft.show(TextDelta("步骤。\n" * 3000 + "结尾"))
    shown = await kit.server.wait_for("sendMessageDraft")
    await draft.close()
    assert shown.parameters["text"].endswith("结尾")


async def test_a_group_answer_is_one_message_that_is_edited(kit: Kit) -> None:
    message = await kit.asked_in_group()
    draft = kit.channel.open_draft(message)
    await draft.show(TextDelta("先"))
    await kit.server.wait_for("sendMessage")
    await draft.show(TextDelta("热锅"))
    await kit.server.wait_for("editMessageText")
    await draft.show(TextFinished(Reply(text="先热锅，再下油")))
    await draft.close()
    assert kit.texts(GROUP_ID) == ["先热锅 …"]
    await kit.channel.deliver_text(message, Reply(text="先热锅，再下油"), key="k")
    assert kit.texts(GROUP_ID) == ["先热锅，再下油"]
    assert kit.server.methods.drafts == {}


async def test_after_a_restart_the_answer_goes_into_the_streamed_message(kit: Kit) -> None:
    message = await kit.asked_in_group()
    draft = kit.channel.open_draft(message)
    await draft.show(TextDelta("先"))
    await kit.server.wait_for("sendMessage")
    await draft.close()
    await kit.channel.stop()
    channel = channel_on(kit.server, kit.memory_path)
    await channel.start(Inbox().accept)
    again = channel.open_draft(message)
    await again.show(TextDelta("先热"))
    await kit.server.wait_for("editMessageText")
    await again.close()
    for _ in range(2):  # also when the delivery itself was cut off before it was recorded
        await channel.deliver_text(message, Reply(text="先热锅"), key="k")
    await channel.stop()
    assert kit.texts(GROUP_ID) == ["先热锅"]


async def test_a_streamed_message_that_was_deleted_is_sent_anew(kit: Kit) -> None:
    message = await kit.asked_in_group()
    draft = kit.channel.open_draft(message)
    await draft.show(TextDelta("先"))
    streamed = await kit.server.wait_for("sendMessage")
    await draft.close()
    del kit.server.world.messages[GROUP_ID, streamed.result["message_id"]]
    await kit.channel.deliver_text(message, Reply(text="先热锅"), key="k")
    assert kit.texts(GROUP_ID) == ["先热锅"]


async def test_streamed_edits_are_coalesced_and_the_end_is_never_dropped(tmp_path: Path) -> None:
    pacing = replace(FAST, draft_interval_seconds=0.2, group_per_minute=20)
    async with started(tmp_path, pacing=pacing) as kit:
        message = await kit.asked_in_group()
        draft = kit.channel.open_draft(message)
        for number in range(500):
            await draft.show(TextDelta(f"{number},"))
            await asyncio.sleep(0)
        await draft.close()
        await kit.channel.deliver_text(message, Reply(text="全部"), key="k")
        assert len(kit.server.made("sendMessage", "editMessageText")) <= 4
        assert kit.texts(GROUP_ID) == ["全部"]


async def test_a_failing_draft_is_nobodys_error(kit: Kit) -> None:
    message = await kit.asked()
    kit.server.fail("sendMessageDraft", Fault(status=404), Fault(drop="before"), Fault(status=500))
    kit.server.fail("sendChatAction", Fault(drop="after"))
    draft = kit.channel.open_draft(message)
    for number in range(4):
        await draft.show(TextDelta(str(number)))
        async with asyncio.timeout(5):
            while len(kit.server.faults["sendmessagedraft"]) > max(0, 2 - number):  # noqa: ASYNC110
                await asyncio.sleep(0)
    await kit.server.wait_for("sendMessageDraft")
    await draft.close()
    await draft.close()


async def test_a_draft_keeps_the_silence_that_telegram_asks_for(kit: Kit) -> None:
    message = await kit.asked()
    fault = Fault(error=flood(1000))
    kit.server.fail("sendMessageDraft", fault)
    draft = kit.channel.open_draft(message)
    await draft.show(TextDelta("一"))
    await fault.reached.wait()
    calls = len(kit.server.calls)
    await draft.show(TextDelta("二"))
    await draft.close()
    assert not kit.channel._pacer.try_turn(str(USER_ID), is_group=False, counts=False)
    assert len(kit.server.calls) <= calls + 1


async def test_where_the_bot_was_blocked_nothing_is_shown(kit: Kit) -> None:
    message = await kit.asked()
    kit.server.world.block(USER_ID)
    draft = kit.channel.open_draft(message)
    await asyncio.wait({draft._task}, timeout=5)
    assert draft._task.done()
    await draft.close()


async def test_what_is_on_its_way_arrives_before_the_answer(kit: Kit) -> None:
    message, gate = await kit.asked_in_group(), asyncio.Event()
    draft = kit.channel.open_draft(message)
    await draft.show(TextDelta("一"))
    await kit.server.wait_for("sendMessage")
    fault = Fault(gate=gate)
    kit.server.fail("editMessageText", fault)
    await draft.show(TextDelta("二"))
    await fault.reached.wait()
    closing = asyncio.create_task(draft.close())
    gate.set()
    await closing
    await kit.channel.deliver_text(message, Reply(text="完"), key="k")
    assert kit.texts(GROUP_ID) == ["完"]


def test_a_draft_has_a_number_for_every_kind_of_message() -> None:
    assert all(draft_id_of(question(message_id)) > 0 for message_id in ("5", "album-7", "press-9"))
