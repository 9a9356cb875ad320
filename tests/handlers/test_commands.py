"""The commands: how they may be written, and what each does."""

from __future__ import annotations

import json

import pytest

from core.conversation import Preferences
from core.errors import StorageError
from core.messages import Button, Reply, ReplyFinished, UserKey
from handlers.commands import COMMANDS, STOPPED, command_of, is_command
from handlers.settings_commands import VOICE_OFF, VOICE_ON
from tests.core.pipeline_kitchen import shape, streamed
from tests.handlers.desk import ANNA, CHAT, SERVED, Desk

NAMES = ["start", "help", "clear", "stop", "rag", "image", "voice", "model", "history", "export", "forget"]
QUESTION = "红烧肉怎么做"
BERT = UserKey("web", "bert")


# ── How they are written ─────────────────────────────────────────────────────────────────────────


def test_the_list_names_every_command_once_with_a_description() -> None:
    assert [command.name for command in COMMANDS] == NAMES
    assert all(command.description and len(command.description) <= 40 for command in COMMANDS)


@pytest.mark.parametrize(
    "text",
    [
        "/clear",
        "／clear",
        "/CLEAR",
        "  /clear \n",
        "/clear@shishen_bot",
        "/Clear@Shishen_Bot",
        "／ｃｌｅａｒ",
        "\ufeff/clear",
    ],
)
async def test_a_command_may_be_written_in_many_ways(text: str) -> None:
    reply = await Desk().say(text)
    assert "新的对话开始了" in reply.text


@pytest.mark.parametrize(
    "text", ["/rag off", "/RAG OFF", "/rag@shishen_bot off", "/rag  关", "／rag　ｏｆｆ", "/rag关闭"]
)
async def test_arguments_may_be_written_in_many_ways(text: str) -> None:
    desk = Desk()
    await desk.say(text)
    assert await desk.profiles.preferences(ANNA) == Preferences(rag=False)


@pytest.mark.parametrize("text", ["/stop", "停", "停！", " 别说了。", "停一下", "/STOP@shishen_bot", "Stop"])
async def test_stop_may_be_said_in_words(text: str) -> None:
    assert command_of(text) == "stop"
    assert (await Desk().say(text)).text == STOPPED


@pytest.mark.parametrize("text", ["停多久再放盐", "什么时候停火", "别说了，红烧肉怎么做", "不停翻炒"])
def test_words_around_stop_make_a_question_of_it(text: str) -> None:
    assert command_of(text) == ""


@pytest.mark.parametrize("text", ["1/2勺盐是多少", "红烧肉 /clear", "", "clear"])
def test_a_slash_elsewhere_makes_no_command(text: str) -> None:
    assert not is_command(text)


@pytest.mark.parametrize(
    "text", ["/", "//", "/nosuch", "/nosuch@bot", "/红烧肉", "/clearly", "/1", "/nosuch " + "长" * 100_000]
)
async def test_an_unknown_command_lists_the_known_ones(text: str) -> None:
    desk = Desk()
    reply = await desk.say(text)
    assert reply.text.startswith("没有这个命令")
    assert all(f"/{name}" in reply.text for name in NAMES)
    assert len(reply.text) < 1000
    assert await desk.stored() == ()


WRONG = """
/rag maybe
/rag on off
/image 2
/voice loud
/model warm
/model temperature
/model temperature 0,3
/model temperature 1 2
/model use composer
/model list
/model 默认 默认
/clear all
/history x
/export csv
/help rag
/forget ja
/forget 确认 确认
"""


@pytest.mark.parametrize("text", WRONG.strip().split("\n"))
async def test_wrong_arguments_get_the_usage_and_change_nothing(text: str) -> None:
    desk = Desk()
    await desk.say(QUESTION)
    reply = await desk.say(text)
    assert f"用法：{text.split(maxsplit=1)[0]}" in reply.text
    assert await desk.profiles.preferences(ANNA) == Preferences()
    assert len((await desk.history.current(CHAT)).messages) == 2


@pytest.mark.parametrize("name", NAMES)
async def test_every_command_answers_in_one_piece_and_is_not_remembered(name: str) -> None:
    desk = Desk()
    events = await desk.events(f"/{name}")
    assert shape(events) == ["…", "text!", "done"]
    finished = events[-1]
    assert isinstance(finished, ReplyFinished)
    assert finished.reply.text == streamed(events)
    assert set(finished.timings_ms) == {"total"}
    assert await desk.stored() == ()


# ── Hello ────────────────────────────────────────────────────────────────────────────────────────


async def test_start_says_hello_and_minds_no_arguments() -> None:
    reply = await Desk().say("/start from-a-link")
    assert "我是食神" in reply.text
    assert reply.buttons[0].message == "番茄炒蛋怎么做"


async def test_help_lists_every_command_with_its_description() -> None:
    text = (await Desk().say("/help")).text
    assert all(f"· {command.form}  {command.description}" in text for command in COMMANDS)


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────


async def test_rag_is_shown_switched_and_shown_again() -> None:
    desk = Desk(facts=SERVED)
    assert (await desk.say("/rag")).text.startswith("菜谱库开着")
    assert (await desk.say("/rag off")).text.startswith("好的。菜谱库关着")
    assert await desk.profiles.preferences(ANNA) == Preferences(rag=False)
    assert (await desk.say("/rag")).buttons[0].message == "/rag on"
    assert (await desk.say("/rag on")).text.startswith("好的。菜谱库开着")
    assert await desk.profiles.preferences(ANNA) == Preferences()


async def test_without_a_model_rag_off_says_what_that_means() -> None:
    text = (await Desk().say("/rag off")).text
    assert "什么菜都不知道" in text
    assert "LLM_BACKEND=openai" in text
    assert "LLM_BASE_URL" in text


async def test_image_is_shown_switched_and_shown_again() -> None:
    desk = Desk()
    assert (await desk.say("/image")).text.startswith("图片开着")
    assert (await desk.say("/image off")).text.startswith("好的。图片关着")
    assert await desk.profiles.preferences(ANNA) == Preferences(image=False)
    assert (await desk.say(QUESTION)).picture is None
    await desk.say("/image on")
    assert (await desk.say(QUESTION)).picture is not None


async def test_image_says_so_when_no_picture_can_be_drawn() -> None:
    desk = Desk(draws_pictures=False)
    assert "IMAGE_BACKEND=none" in (await desk.say("/image on")).text
    assert "IMAGE_BACKEND=none" not in (await desk.say("/image off")).text


async def test_voice_is_off_until_it_is_switched_on() -> None:
    desk = Desk(reads_aloud=True)
    assert (await desk.say(QUESTION)).read_aloud is False
    assert (await desk.say("/voice")).text == VOICE_OFF
    on = await desk.say("/voice on")
    assert (on.text, on.buttons) == (f"好的。{VOICE_ON}", (Button("不用念了", "/voice off"),))
    assert await desk.profiles.preferences(ANNA) == Preferences(voice=True)
    assert (await desk.say(QUESTION)).read_aloud is True
    assert (await desk.say("/voice 关")).buttons == (Button("念给我听", "/voice on"),)
    assert await desk.profiles.preferences(ANNA) == Preferences()


async def test_voice_without_one_says_what_to_set_and_keeps_the_wish() -> None:
    desk = Desk(reads_aloud=False)
    text = (await desk.say("/voice on")).text
    assert all(name in text for name in ("TTS_BACKEND=none", "TTS_MODEL", ".env", "我记下了"))
    assert await desk.profiles.preferences(ANNA) == Preferences(voice=True)
    assert "TTS_BACKEND" not in (await desk.say("/voice off")).text


async def test_what_is_no_answer_is_never_read_aloud() -> None:
    desk = Desk(reads_aloud=True)
    await desk.say("/voice on")
    for text in ("/help", "/nosuch", "", "👍", "长" * 101):
        assert (await desk.say(text)).read_aloud is False
    refusal = await desk.say("今天股票怎么样")
    assert (refusal.refused, refusal.read_aloud) == (True, True)


# ── What is remembered ───────────────────────────────────────────────────────────────────────────


async def test_clear_begins_a_new_conversation_and_says_so() -> None:
    desk = Desk()
    await desk.say(QUESTION)
    assert "新的对话开始了" in (await desk.say("/clear")).text
    assert (await desk.history.current(CHAT)).messages == ()
    assert len(await desk.stored()) == 2
    assert "哪道菜" in (await desk.say("要多少盐")).text


async def test_history_shows_the_latest_messages_with_their_times() -> None:
    desk = Desk()
    assert "还没有聊过" in (await desk.say("/history")).text
    for _ in range(6):
        await desk.say(QUESTION)
    lines = (await desk.say("/history")).text.split("\n")
    assert lines[0] == "最近的 10 条消息："
    assert len(lines) == 11
    assert lines[1] == f"· 05-01 20:00 问：{QUESTION}"
    assert lines[2].startswith("· 05-01 20:00 答：红烧肉")
    assert lines[2].endswith("…")


async def export_of(desk: Desk) -> tuple[Reply, dict[str, object]]:
    reply = await desk.say("/export")
    assert reply.document is not None
    data = json.loads(reply.document.content.decode("utf-8"))
    assert isinstance(data, dict)
    return reply, data


async def test_export_hands_over_everything_as_readable_json() -> None:
    desk = Desk()
    await desk.say(QUESTION)
    await desk.say("/rag off")
    reply, data = await export_of(desk)
    assert reply.document is not None
    assert data == await desk.personal_data.export(ANNA)
    assert "2 条消息" in reply.text
    assert "1 个聊天" in reply.text
    assert "1 条回答带着" in reply.text
    assert "你的编号是 web:anna。" in reply.text
    assert reply.document.media_type == "application/json"
    assert reply.document.file_name.isascii()
    assert reply.document.file_name.endswith(".json")
    assert "红烧肉" in reply.document.content.decode("utf-8")
    assert b"\n  " in reply.document.content


async def test_export_with_nothing_stored_holds_the_settings() -> None:
    reply, data = await export_of(Desk())
    assert data["chats"] == []
    assert "0 条消息" in reply.text


async def test_export_is_not_sent_into_a_group() -> None:
    desk = Desk()
    reply = await desk.say(desk.message("/export", is_group=True))
    assert reply.document is None
    assert "私聊" in reply.text


async def test_forget_asks_first() -> None:
    desk = Desk()
    await desk.say(QUESTION)
    reply = await desk.say("/forget")
    assert "真的要删除吗" in reply.text
    assert [button.message for button in reply.buttons] == ["/forget 确认", "/export"]
    assert len(await desk.stored()) == 2


@pytest.mark.parametrize(
    "text", ["/forget 确认", "/forget confirm", "/forget CONFIRM", "/forget确认", "／forget　确认"]
)
async def test_forget_deletes_and_says_what(text: str) -> None:
    desk = Desk()
    await desk.say(QUESTION)
    await desk.say("/image off")
    await desk.say(desk.message(QUESTION, user=BERT))
    reply = await desk.say(text)
    assert "删掉了你的 2 条消息" in reply.text
    assert [message.user_id for message in await desk.stored()] == ["bert", "bert"]
    assert await desk.profiles.preferences(ANNA) == Preferences()
    assert "本来就没有存着" in (await desk.say(text)).text


async def test_in_a_group_no_button_deletes() -> None:
    desk = Desk()
    assert (await desk.say(desk.message("/forget", is_group=True))).buttons == ()


async def test_a_broken_database_is_an_error() -> None:
    desk = Desk()
    desk.history.failure = StorageError("torn")
    with pytest.raises(StorageError):
        await desk.say("/clear")
