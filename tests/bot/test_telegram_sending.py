"""Answers on Telegram: whole, in parts, with buttons and pictures; and what happens when sending fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.telegram_receiver import EXPIRED
from core.errors import ChannelError, ChannelGoneError
from core.messages import Button, Document, Picture, Reply
from tests.bot.telegram_kit import FAST, Inbox, Kit, channel_on, question, started
from tests.fakes.scripted_handler import TOMATO_EGGS, draw_picture, recipe_text
from tests.fakes.telegram_rules import ApiError, bad_request
from tests.fakes.telegram_server import Fault, flood
from tests.fakes.telegram_world import GROUP_ID, USER_ID

MARKDOWN = "**粗体** _斜体_ [链接](http://x.cn) `代码` #1. 步骤! <b>标签</b> 1-2+3=4 | {a} ~~划掉~~ \\*\n"
RECIPE = Reply(text=recipe_text(TOMATO_EGGS), lead="来了：", recipe=TOMATO_EGGS, shows_recipe=True)


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with started(tmp_path) as running:
        yield running


async def test_a_recipe_is_formatted_by_entities(kit: Kit) -> None:
    await kit.channel.deliver_text(await kit.asked(), RECIPE, key="k")
    (sent,) = kit.sent()
    assert sent["text"].startswith("来了：\n\n番茄炒蛋\n2 人份 · 约 15 分钟")
    assert "\n1. 番茄顶部划十字" in sent["text"]
    formatted = [
        (e["type"], sent["text"][e["offset"] : e["offset"] + e["length"]]) for e in _in_characters(sent)
    ]
    assert formatted == [
        ("bold", "番茄炒蛋"),
        ("bold", "食材"),
        ("bold", "做法"),
        ("bold", "小贴士"),
        ("italic", "来源：食神菜谱"),
    ]
    assert "parse_mode" not in kit.server.made("sendMessage")[0].parameters


async def test_a_long_markdown_answer_arrives_whole_and_plain(kit: Kit) -> None:
    text = (MARKDOWN * 200)[:9000].strip()
    await kit.channel.deliver_text(await kit.asked(), Reply(text=text), key="k")
    assert len(kit.texts()) == 3
    assert "".join("".join(kit.texts()).split()) == "".join(text.split())
    assert all(not line.startswith("*粗体") for part in kit.texts() for line in part.splitlines())


async def test_buttons_stand_under_the_last_part_and_say_their_message(kit: Kit) -> None:
    long_message = "把这道菜改成十二个人吃的分量，并且不要放辣椒和花椒，也不要放糖"
    buttons = (Button("换一道", "换一道"), Button("改成十二人份", long_message))
    message = await kit.asked()
    await kit.channel.deliver_text(message, Reply(text="好" * 5000, buttons=buttons), key="k")
    first, last = kit.sent()
    assert "reply_markup" not in first
    keys = [key for row in last["reply_markup"]["inline_keyboard"] for key in row]
    assert [key["text"] for key in keys] == ["换一道", "改成十二人份"]
    for key in keys:
        await kit.server.world.press(last, key["callback_data"])
    stored = await kit.inbox.wait_for(3)
    assert [m.text for m in stored[1:]] == ["换一道", long_message]
    assert stored[1].chat == message.chat
    assert stored[1].message_id.startswith("press-")
    await kit.server.wait_for("answerCallbackQuery", 2)


async def test_a_button_outlives_a_restart_and_a_foreign_one_has_expired(kit: Kit) -> None:
    long_message = "很长很长" * 20
    await kit.channel.deliver_text(
        await kit.asked(), Reply(text="好", buttons=(Button("按", long_message),)), key="k"
    )
    (sent,) = kit.sent()
    await kit.channel.stop()
    channel, inbox = channel_on(kit.server, kit.memory_path), Inbox()
    await channel.start(inbox.accept)
    await kit.server.world.press(sent, sent["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    await inbox.wait_for(1)
    await kit.server.world.press(sent, "#0123456789abcdef")
    await kit.server.wait_for("answerCallbackQuery", 2)
    await channel.stop()
    assert inbox.texts == [long_message]
    assert kit.server.made("answerCallbackQuery")[1].parameters["text"] == EXPIRED


async def test_a_press_whose_time_is_over_still_counts(kit: Kit) -> None:
    await kit.channel.deliver_text(
        await kit.asked(), Reply(text="好", buttons=(Button("按", "按"),)), key="k"
    )
    await kit.server.world.press(kit.sent()[0], "=按")
    kit.server.world.callbacks.clear()  # "query is too old"
    await kit.inbox.wait_for(2)
    assert kit.inbox.texts[1] == "按"


async def test_in_a_group_the_answer_replies_to_the_question_in_its_topic(kit: Kit) -> None:
    asked = await kit.server.world.group_text(
        "/help@shishen_test_bot",
        thread_id=9,
        entities=[{"type": "bot_command", "offset": 0, "length": 22}],
    )
    (message,) = await kit.inbox.wait_for(1)
    await kit.channel.deliver_text(message, Reply(text="好"), key="k")
    (sent,) = kit.sent()
    assert sent["reply_to_message"]["message_id"] == asked["message"]["message_id"]
    assert sent["message_thread_id"] == 9


async def test_a_deleted_question_is_answered_all_the_same(kit: Kit) -> None:
    message = await kit.asked_in_group()
    kit.server.world.messages.clear()
    await kit.channel.deliver_text(message, Reply(text="好"), key="k")
    assert kit.texts(GROUP_ID) == ["好"]


async def test_the_picture_is_a_photo_with_a_caption(kit: Kit, tmp_path: Path) -> None:
    picture = draw_picture(tmp_path)
    await kit.channel.deliver_picture(await kit.asked(), picture, "番茄炒蛋", key="k")
    (call,) = kit.server.made("sendPhoto")
    assert call.result["caption"] == "番茄炒蛋"
    assert next(iter(call.files.values()))[1] == picture.path.read_bytes()


async def test_a_picture_is_uploaded_once_and_then_named(kit: Kit, tmp_path: Path) -> None:
    picture, message = draw_picture(tmp_path), await kit.asked()
    for key in "kl":
        await kit.channel.deliver_picture(message, picture, key, key=key)
    first, second = kit.server.made("sendPhoto")
    assert (len(first.files), len(second.files)) == (1, 0)
    assert second.parameters["photo"] == first.result["photo"][-1]["file_id"]
    assert second.result["caption"] == "l"


async def test_a_picture_that_telegram_has_forgotten_is_uploaded_again(kit: Kit, tmp_path: Path) -> None:
    picture, message = draw_picture(tmp_path), await kit.asked()
    await kit.channel.deliver_picture(message, picture, "", key="k")
    kit.server.world.files.clear()
    await kit.channel.deliver_picture(message, picture, "", key="l")
    await kit.channel.deliver_picture(message, picture, "", key="m")
    assert [len(call.files) for call in kit.server.made("sendPhoto")] == [
        1,
        1,
        0,
    ]  # the refused is not among them


async def test_a_caption_too_long_goes_on_below(kit: Kit, tmp_path: Path) -> None:
    caption = "味。" * 700
    await kit.channel.deliver_picture(await kit.asked(), draw_picture(tmp_path), caption, key="k")
    assert "".join(kit.texts()) == caption
    assert len(kit.texts()) == 2


async def test_a_picture_that_is_no_photo_is_sent_as_a_file(kit: Kit, tmp_path: Path) -> None:
    Image.new("RGB", (10, 400)).save(tmp_path / "tall.png")
    tall = Picture(tmp_path / "tall.png", "image/png", 10, 400, "card")
    await kit.channel.deliver_picture(await kit.asked(), tall, "长图", key="k")
    lying = replace(tall, width=400)
    await kit.channel.deliver_picture(kit.inbox.stored[0], lying, "长图", key="l")
    assert len(kit.server.made("sendDocument")) == 2
    assert kit.server.made("sendPhoto") == []


async def test_a_picture_that_is_gone_is_not_tried_again(kit: Kit, tmp_path: Path) -> None:
    missing = Picture(tmp_path / "none.png", "image/png", 10, 10, "card")
    with pytest.raises(ChannelError) as caught:
        await kit.channel.deliver_picture(await kit.asked(), missing, "", key="k")
    assert not caught.value.retryable


async def test_an_export_comes_as_a_file(kit: Kit) -> None:
    document = Document("我的数据.json", "application/json", b'{"a": 1}')
    await kit.channel.deliver_text(await kit.asked(), Reply(text="给你", document=document), key="k")
    (call,) = kit.server.made("sendDocument")
    assert next(iter(call.files.values())) == ("我的数据.json", b'{"a": 1}')
    assert kit.texts()[0] == "给你"


async def test_a_delivery_tried_again_goes_on_where_it_was(kit: Kit) -> None:
    message, reply = await kit.asked(), Reply(text="一" * 4096 + "二" * 4096 + "三" * 10)
    kit.server.fail("sendMessage", None, Fault(error=ApiError(400, "Bad Request: odd")))
    with pytest.raises(ChannelError):
        await kit.channel.deliver_text(message, reply, key="k")
    await kit.channel.deliver_text(message, reply, key="k")
    await kit.channel.deliver_text(message, reply, key="k")
    assert [text[0] for text in kit.texts()] == ["一", "二", "三"]


async def test_a_broken_connection_is_tried_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.telegram_sender.RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    message = await kit.asked()
    kit.server.fail("sendMessage", Fault(drop="before"), Fault(status=502), Fault(status=500))
    await kit.channel.deliver_text(message, Reply(text="好"), key="k")
    assert kit.texts() == ["好"]
    kit.server.fail("sendMessage", *[Fault(drop="before")] * 4)
    with pytest.raises(ChannelError) as caught:
        await kit.channel.deliver_text(message, Reply(text="好"), key="l")
    assert caught.value.retryable


async def test_a_lost_answer_doubles_one_message_and_loses_none(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram_sender.RETRY_PAUSES_SECONDS", (0.0,))
    kit.server.fail("sendMessage", Fault(drop="after"))
    await kit.channel.deliver_text(await kit.asked(), Reply(text="好"), key="k")
    assert kit.texts() == ["好", "好"]


async def test_retry_after_is_waited_for(kit: Kit) -> None:
    message = await kit.asked()
    waits: list[float] = []
    real_clock, moved = kit.channel._pacer.clock, [0.0]

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        moved[0] += seconds

    kit.channel._pacer.clock = lambda: real_clock() + moved[0]
    kit.channel._pacer.sleep = sleep
    kit.server.fail("sendMessage", Fault(error=flood(37)))
    await kit.channel.deliver_text(message, Reply(text="好"), key="k")
    assert kit.texts() == ["好"]
    assert sum(waits) == pytest.approx(37, abs=1)


async def test_a_silence_too_long_is_left_to_the_caller(tmp_path: Path) -> None:
    async with started(tmp_path, pacing=replace(FAST, longest_wait_seconds=10)) as kit:
        kit.server.fail("sendMessage", Fault(error=flood(500)))
        with pytest.raises(ChannelError) as caught:
            await kit.channel.deliver_text(await kit.asked(), Reply(text="好"), key="k")
    assert caught.value.retryable


@pytest.mark.parametrize(
    "reason",
    ["bot was blocked by the user", "bot was kicked from the supergroup chat", "user is deactivated"],
)
async def test_where_the_bot_was_removed_it_gives_up(kit: Kit, reason: str) -> None:
    message = await kit.asked()
    kit.server.world.block(USER_ID, reason)
    with pytest.raises(ChannelGoneError):
        await kit.channel.deliver_text(message, Reply(text="好"), key="k")


async def test_an_unknown_chat_and_a_deleted_topic_are_gone(kit: Kit) -> None:
    with pytest.raises(ChannelGoneError):
        await kit.channel.deliver_text(question(chat_id=404), Reply(text="好"), key="k")
    await kit.asked_in_group()
    with pytest.raises(ChannelGoneError):
        await kit.channel.deliver_text(question(chat_id=GROUP_ID, thread_id="8"), Reply(text="好"), key="l")


async def test_a_group_that_became_a_supergroup_is_followed(kit: Kit) -> None:
    message = await kit.asked_in_group()
    new_id = -1009999
    kit.server.world._group(new_id)
    kit.server.world.migrated[GROUP_ID] = new_id
    await kit.channel.deliver_text(message, Reply(text="好"), key="k")
    assert kit.texts(new_id) == ["好"]


async def test_refused_formatting_falls_back_to_plain_text(kit: Kit) -> None:
    message = await kit.asked()
    kit.server.fail("sendMessage", Fault(error=bad_request("ENTITY_BOUNDS_INVALID")))
    await kit.channel.deliver_text(message, replace(RECIPE, buttons=(Button("按", "按"),)), key="k")
    (sent,) = kit.sent()
    assert "entities" not in sent
    assert sent["text"].startswith("来了：")


async def test_an_empty_answer_still_shows_something(kit: Kit) -> None:
    await kit.channel.deliver_text(await kit.asked(), Reply(text=" \n"), key="k")
    assert kit.texts() == ["…"]


async def test_a_stop_waits_for_what_is_being_sent(kit: Kit) -> None:
    message, gate = await kit.asked(), asyncio.Event()
    fault = Fault(gate=gate)
    kit.server.fail("sendMessage", fault)
    sending = asyncio.create_task(kit.channel.deliver_text(message, Reply(text="好"), key="k"))
    await fault.reached.wait()
    stopping = asyncio.create_task(kit.channel.stop())
    gate.set()
    await asyncio.gather(sending, stopping)
    assert kit.texts() == ["好"]
    with pytest.raises(ChannelError) as caught:
        await kit.channel.deliver_text(message, Reply(text="好"), key="l")
    assert caught.value.retryable


def _in_characters(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Entities with offsets in characters; these texts have no character above U+FFFF."""
    assert max(str(sent["text"])) <= "\uffff"
    entities = sent["entities"]
    assert isinstance(entities, list)
    return entities
