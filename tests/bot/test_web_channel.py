"""Answers on the web page: streamed, once per message id, in order, and whole without a browser."""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import web_answers, web_chat_api
from bot.web_json import event_data
from core.errors import StorageError
from core.messages import (
    Document,
    PictureFailed,
    Reply,
    ReplyFinished,
    Stage,
    StageProgress,
    TextDelta,
    TextFinished,
)
from tests.bot.web_client import Client, Served, next_event, served
from tests.fakes.scripted_handler import (
    TOMATO_EGGS,
    draw_picture,
    gated_answer,
    plain_answer,
    recipe_answer,
    recipe_text,
)

FIRST = str(uuid.UUID(int=1))
SECOND = str(uuid.UUID(int=2))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "pictures") as running:
        yield running


@pytest.fixture
async def client(server: Served) -> AsyncIterator[Client]:
    async with server.client() as opened:
        yield opened


async def test_a_recipe_is_streamed_event_by_event(server: Served, client: Client) -> None:
    picture = draw_picture(server.pictures_dir)
    server.handler.scripts["番茄炒蛋怎么做"] = recipe_answer(TOMATO_EGGS, picture, lead="来了：")
    events = await client.ask("番茄炒蛋怎么做", FIRST)

    assert events[0] == {"type": "accepted", "message_id": FIRST}
    assert events[1] == {"type": "stage", "stage": "retrieve", "state": "started"}
    assert events[2] == {"type": "stage", "stage": "retrieve", "state": "finished", "duration_ms": 4.2}
    assert "".join(e["text"] for e in events if e["type"] == "text") == recipe_text(TOMATO_EGGS)
    reply = next(e["reply"] for e in events if e["type"] == "text_finished")
    assert (reply["lead"], reply["card"], reply["picture"]) == ("来了：", "instead", None)
    assert reply["recipe"]["ingredients"][0] == {"name": "番茄", "amount": "2个（约300克）"}
    assert reply["recipe"]["steps"] == list(TOMATO_EGGS.steps)
    assert reply["buttons"][0] == {"label": "要多少盐", "message": "要多少盐"}
    assert events[-1]["type"] == "finished"
    assert events[-1]["reply"]["picture"] == {
        "url": "/pictures/tomato-eggs.png",
        "width": 360,
        "height": 480,
        "kind": "card",
    }
    assert events[-1]["timings_ms"] == {"retrieve": 4.2, "generate": 8.0, "illustrate": 15.0}


async def test_restart_failed_picture_and_document_are_told(server: Served, client: Client) -> None:
    document = Document("我的数据.json", "application/json", b'{"a": 1}')
    reply = Reply(text="好", document=document, error_code="model")
    server.handler.scripts["/export"] = [
        TextDelta("坏"),
        TextDelta("好", restart=True),
        TextFinished(reply),
        PictureFailed("illustrate"),
        ReplyFinished(reply),
    ]
    events = await client.ask("/export")
    assert events[2] == {"type": "text", "text": "好", "restart": True}
    assert events[4] == {"type": "picture_failed", "code": "illustrate"}
    sent = events[-1]["reply"]["document"]
    assert base64.b64decode(sent["content"]) == b'{"a": 1}'
    assert (sent["file_name"], events[-1]["reply"]["error_code"]) == ("我的数据.json", "model")


async def test_a_finished_message_sent_again_gets_the_same_answer(server: Served, client: Client) -> None:
    first = await client.ask("你好", FIRST)
    again = await client.ask("你好", FIRST)
    assert again == [first[0], first[-1]]
    assert len(server.handler.handled) == 1


async def test_a_message_sent_twice_at_once_is_answered_once(server: Served, client: Client) -> None:
    gate = asyncio.Event()
    server.handler.scripts["你好"] = gated_answer(gate, "结尾")
    async with client.post("你好", FIRST) as one, client.post("你好", FIRST) as two:
        for response in (one, two):
            assert (await next_event(response))["type"] == "accepted"
            assert (await next_event(response))["text"] == "开头"
        gate.set()
        for response in (one, two):
            assert (await next_event(response))["text"] == "结尾"
    assert len(server.handler.handled) == 1


async def test_one_message_id_with_two_texts_is_refused(client: Client) -> None:
    await client.ask("你好", FIRST)
    async with client.post("再见", FIRST) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (409, "message_id_reused")


async def test_users_may_use_the_same_message_id(server: Served, client: Client) -> None:
    await client.ask("你好", FIRST)
    async with server.client() as other:
        assert (await other.ask("再见", FIRST))[-1]["reply"]["text"] == "收到：再见"


async def test_an_answer_outlives_the_browser(server: Served, client: Client) -> None:
    gate = asyncio.Event()
    server.handler.scripts["你好"] = gated_answer(gate, "结尾")
    async with client.post("你好", FIRST) as response:
        await next_event(response)
        assert (await next_event(response))["text"] == "开头"
        response.close()
    assert (await client.history())["unfinished"] == [{"message_id": FIRST, "text": "你好", "spoken": False}]
    gate.set()
    events = await client.ask("你好", FIRST)
    assert events[-1]["reply"]["text"] == "开头结尾"
    assert server.handler.finished == [FIRST]
    assert [m["text"] for m in (await client.history())["messages"]] == ["你好", "开头结尾"]


async def test_messages_of_a_chat_are_answered_in_order(server: Served, client: Client) -> None:
    gate = asyncio.Event()
    server.handler.scripts["一"] = gated_answer(gate, "完")
    async with client.post("一", FIRST) as one, client.post("/clear", SECOND) as two:
        await next_event(one)
        assert (await next_event(one))["text"] == "开头"
        assert (await next_event(two))["type"] == "accepted"
        assert [m.text for m in server.handler.handled] == ["一"]
        gate.set()
        assert [line async for line in two.content]
    assert [m.text for m in server.handler.handled] == ["一", "/clear"]
    assert server.handler.finished == [FIRST, SECOND]


async def test_chats_do_not_wait_for_each_other(server: Served, client: Client) -> None:
    gate = asyncio.Event()
    server.handler.scripts["一"] = gated_answer(gate, "完")
    async with client.post("一") as response, server.client() as other:
        await next_event(response)
        assert (await other.ask("二"))[-1]["reply"]["text"] == "收到：二"
        gate.set()


async def test_a_long_line_of_messages_is_refused_in_words(server: Served, client: Client) -> None:
    gate = asyncio.Event()
    server.handler.scripts["一"] = gated_answer(gate, "完")
    running = [
        asyncio.create_task(client.ask("一", str(uuid.UUID(int=number))))
        for number in range(web_answers.UNFINISHED_PER_CHAT)
    ]
    while len((await client.history())["unfinished"]) < len(running):
        pass
    async with client.post("再来") as response:
        assert (response.status, (await response.json())["error"]["code"]) == (429, "chat_busy")
        assert response.headers["Retry-After"] == "5"
    gate.set()
    assert [events[-1]["type"] for events in await asyncio.gather(*running)] == ["finished"] * len(running)
    assert (await client.ask("再来"))[-1]["type"] == "finished"


async def test_the_server_takes_only_so_many_messages(
    server: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_answers, "UNFINISHED_OVERALL", 1)
    gate = asyncio.Event()
    server.handler.scripts["一"] = gated_answer(gate, "完")
    async with client.post("一") as response, server.client() as other:
        await next_event(response)
        async with other.post("二") as refused:
            assert (refused.status, (await refused.json())["error"]["code"]) == (503, "server_busy")
        gate.set()


@pytest.mark.parametrize(
    ("limit", "code"), [("STREAMS_PER_USER", "too_many_streams"), ("STREAMS_OVERALL", "server_busy")]
)
async def test_streams_are_bounded(
    server: Served, client: Client, monkeypatch: pytest.MonkeyPatch, limit: str, code: str
) -> None:
    monkeypatch.setattr(web_chat_api, limit, 1)
    gate = asyncio.Event()
    server.handler.scripts["一"] = gated_answer(gate, "完")
    async with client.post("一", FIRST) as response:
        await next_event(response)
        async with client.post("一", FIRST) as refused:
            assert (await refused.json())["error"]["code"] == code
        gate.set()
        assert [line async for line in response.content]
    assert (await client.ask("一", FIRST))[-1]["type"] == "finished"


async def test_a_quiet_stream_gives_signs_of_life(
    server: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_chat_api, "PATIENCE_SECONDS", 0.01)
    gate = asyncio.Event()
    server.handler.scripts["一"] = [gate, *plain_answer("完")]
    async with client.post("一") as response:
        await next_event(response)
        assert await next_event(response) == {"type": "waiting"}
        gate.set()
        assert [line async for line in response.content]


async def test_an_answer_that_breaks_off_is_told_and_can_be_retried(
    server: Served, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    server.handler.scripts["我的秘密"] = [TextDelta("开"), RuntimeError("我的秘密")]
    events = await client.ask("我的秘密", FIRST)
    assert (events[-1]["type"], events[-1]["code"]) == ("failed", "interrupted")
    assert "answer_failed" in caplog.text
    assert "RuntimeError" in caplog.text
    assert "秘密" not in caplog.text
    server.handler.scripts["我的秘密"] = plain_answer("好")
    assert (await client.ask("我的秘密", FIRST))[-1]["reply"]["text"] == "好"


async def test_no_words_of_a_user_are_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await client.ask("我的秘密")
    await client.history()
    assert "秘密" not in caplog.text


async def test_history_restores_recipes_and_pictures(server: Served, client: Client) -> None:
    picture = draw_picture(server.pictures_dir)
    server.handler.scripts["番茄炒蛋怎么做"] = recipe_answer(TOMATO_EGGS, picture)
    reply = Reply(text="要3克盐。", recipe=TOMATO_EGGS)
    server.handler.scripts["要多少盐"] = [TextFinished(reply), ReplyFinished(reply)]
    await client.ask("番茄炒蛋怎么做")
    await client.ask("要多少盐")
    _, whole, _, salt = (await client.history())["messages"]
    assert (whole["role"], whole["card"], whole["recipe"]["name"]) == ("assistant", "instead", "番茄炒蛋")
    assert whole["picture"]["url"] == "/pictures/tomato-eggs.png"
    assert (salt["text"], salt["card"], salt["picture"]) == ("要3克盐。", "none", None)


async def test_history_leaves_the_running_answer_to_its_stream(server: Served, client: Client) -> None:
    gate = asyncio.Event()
    reply = Reply(text="好")
    server.handler.scripts["二"] = [TextFinished(reply), TextDelta("存了"), gate, ReplyFinished(reply)]
    await client.ask("一")
    async with client.post("二", SECOND) as response:
        while (await next_event(response)).get("text") != "存了":
            pass
        history = await client.history()
        assert [m["text"] for m in history["messages"]] == ["一", "收到：一"]
        assert history["unfinished"] == [{"message_id": SECOND, "text": "二", "spoken": False}]
        gate.set()


async def test_a_database_that_fails_is_told_in_words(server: Served, client: Client) -> None:
    server.history.failure = StorageError("no")
    async with client.session.get("/api/history") as response:
        assert response.status == 500
        assert await response.json() == {
            "error": {"code": "storage", "message": "厨房里出了点问题，请稍后重试。"}
        }


async def test_commands_are_listed(client: Client) -> None:
    async with client.session.get("/api/commands") as response:
        commands = (await response.json())["commands"]
    assert commands[0] == {"name": "/start", "description": "开始"}
    assert len(commands) == 8


def test_steps_of_a_picture_as_a_line() -> None:
    line = event_data(StageProgress(Stage.ILLUSTRATE, 12, 20))
    assert line == {"type": "progress", "stage": "illustrate", "done": 12, "total": 20}
