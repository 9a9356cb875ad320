"""Every command in `--once`, on stored data that the next process finds."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from handlers.commands import COMMANDS
from tests.whole.bot_process import BotProcess

SETTINGS = (
    "/rag off",
    "拍黄瓜怎么做",
    "/rag on",
    "/rag",
    "/image off",
    "拍黄瓜",
    "/image on",
    "/image",
    "/model",
)
DATA = (
    "/history",
    "拍黄瓜怎么做",
    "/history 3",
    "/export",
    "/forget",
    "/forget 不",
    "/forget 确认",
    "/history",
)
TALK = ("/start", "/help", "/frobnicate now", "/rag maybe", "／ＨＥＬＰ")
Turns = list[tuple[str, dict[str, Any]]]


def conversation(bot: BotProcess, user: str, texts: tuple[str, ...]) -> Turns:
    return [(text, bot.say(text, user=user)) for text in texts]


@pytest.fixture(scope="module")
def conversations(shared_bot: BotProcess) -> dict[str, Turns]:
    scripts = {"settings": SETTINGS, "data": DATA, "talk": TALK}
    with ThreadPoolExecutor(2) as pool:
        running = {
            user: pool.submit(conversation, shared_bot, user, texts) for user, texts in scripts.items()
        }
        return {user: turns.result() for user, turns in running.items()}


def answer(turns: Turns, text: str, *, which: int = 0) -> dict[str, Any]:
    return [said for asked, said in turns if asked == text][which]


def lines_of_all_commands() -> str:
    return "\n".join(f"· {command.form}  {command.description}" for command in COMMANDS)


def test_start_and_help(conversations: dict[str, Turns]) -> None:
    talk = conversations["talk"]
    assert answer(talk, "/start")["text"].startswith("你好，我是食神")
    assert answer(talk, "/help")["text"].endswith(f"可以用的命令：\n{lines_of_all_commands()}")
    assert answer(talk, "／ＨＥＬＰ")["text"] == answer(talk, "/help")["text"]


def test_a_command_that_does_not_exist(conversations: dict[str, Turns]) -> None:
    said = answer(conversations["talk"], "/frobnicate now")
    assert said["text"] == f"没有这个命令。可以用的命令：\n{lines_of_all_commands()}"
    assert said["refused"] is True


@pytest.mark.parametrize(
    ("user", "text", "usage"),
    [("talk", "/rag maybe", "用法：/rag [on|off]"), ("data", "/history 3", "用法：/history")],
)
def test_wrong_arguments(conversations: dict[str, Turns], user: str, text: str, usage: str) -> None:
    said = answer(conversations[user], text)
    assert usage in said["text"]
    assert said["refused"] is True


def test_rag(conversations: dict[str, Turns]) -> None:
    settings = conversations["settings"]
    assert "LLM_BACKEND=openai" in answer(settings, "/rag off")["text"]
    without = answer(settings, "拍黄瓜怎么做")
    assert "我什么菜都不知道" in without["text"]
    assert (without["recipe"], without["photo"]) == (None, None)
    assert answer(settings, "/rag on")["text"] == f"好的。{answer(settings, '/rag')['text']}"


def test_image(conversations: dict[str, Turns]) -> None:
    settings = conversations["settings"]
    assert answer(settings, "/image off")["text"].startswith("好的。图片关着")
    assert answer(settings, "拍黄瓜")["recipe"]["name"] == "拍黄瓜"
    assert answer(settings, "拍黄瓜")["photo"] is None
    assert answer(settings, "/image on")["text"] == f"好的。{answer(settings, '/image')['text']}"


def test_model_without_one(conversations: dict[str, Turns]) -> None:
    assert answer(conversations["settings"], "/model")["text"].startswith("现在没有接语言模型")


def test_export_hands_over_everything(conversations: dict[str, Turns]) -> None:
    path = Path(answer(conversations["data"], "/export")["document"])
    exported = json.loads(path.read_text(encoding="utf-8"))
    messages = [message for chat in exported["chats"] for message in chat["messages"]]
    assert [(message["role"], message["text"][:6]) for message in messages] == [
        ("user", "拍黄瓜怎么做"),
        ("assistant", "拍黄瓜（也叫"),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_forget_asks_first_and_then_deletes(conversations: dict[str, Turns]) -> None:
    data = conversations["data"]
    assert answer(data, "/history")["text"].startswith("这里还没有聊过什么")
    assert answer(data, "/forget")["buttons"] == ["/forget 确认", "/export"]
    assert answer(data, "/forget 不")["text"].startswith("只有「/forget 确认」才会删除")
    assert answer(data, "/forget 确认")["text"].startswith("已经办好：删掉了你的 2 条消息")
    assert answer(data, "/history", which=1)["text"].startswith("这里还没有聊过什么")
