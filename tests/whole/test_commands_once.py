"""Every command in `--once`; each turn finds what the one before it stored."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from handlers.commands import COMMANDS
from tests.whole.bot_process import BotProcess

SETTINGS = ("/rag off", "拍黄瓜怎么做", "/rag on", "/image off", "拍黄瓜", "/image on")
DATA = ("拍黄瓜怎么做", "/history", "/history 3", "/export", "/forget", "/forget 确认", "/clear")
TALK = ("/help", "/frobnicate now", "/rag maybe", "/start")
Turns = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def conversations(shared_bot: BotProcess) -> dict[str, Turns]:
    scripts = {"settings": SETTINGS, "data": DATA, "talk": TALK}
    with ThreadPoolExecutor(2) as pool:
        running = {
            user: pool.submit(shared_bot.converse, *texts, user=user) for user, texts in scripts.items()
        }
        return {user: turns.result() for user, turns in running.items()}


def lines_of_all_commands() -> str:
    return "\n".join(f"· {command.form}  {command.description}" for command in COMMANDS)


def test_start_and_help(conversations: dict[str, Turns]) -> None:
    talk = conversations["talk"]
    assert talk["/start"]["text"].startswith("你好，我是食神")
    assert talk["/help"]["text"].endswith(f"可以用的命令：\n{lines_of_all_commands()}")


def test_a_command_that_does_not_exist(conversations: dict[str, Turns]) -> None:
    said = conversations["talk"]["/frobnicate now"]
    assert said["text"] == f"没有这个命令。可以用的命令：\n{lines_of_all_commands()}"
    assert said["refused"] is True


@pytest.mark.parametrize(
    ("user", "text", "usage"),
    [("talk", "/rag maybe", "用法：/rag [on|off]"), ("data", "/history 3", "用法：/history")],
)
def test_wrong_arguments(conversations: dict[str, Turns], user: str, text: str, usage: str) -> None:
    said = conversations[user][text]
    assert usage in said["text"]
    assert said["refused"] is True


def test_rag(conversations: dict[str, Turns]) -> None:
    settings = conversations["settings"]
    assert "LLM_BACKEND=openai" in settings["/rag off"]["text"]
    without = settings["拍黄瓜怎么做"]
    assert "我什么菜都不知道" in without["text"]
    assert (without["recipe"], without["photo"]) == (None, None)
    assert settings["/rag on"]["text"].startswith("好的。菜谱库开着")


def test_image(conversations: dict[str, Turns]) -> None:
    settings = conversations["settings"]
    assert settings["/image off"]["text"].startswith("好的。图片关着")
    assert settings["拍黄瓜"]["recipe"]["name"] == "拍黄瓜"
    assert settings["拍黄瓜"]["photo"] is None
    assert settings["/image on"]["text"].startswith("好的。图片开着")


def test_history(conversations: dict[str, Turns]) -> None:
    lines = conversations["data"]["/history"]["text"].splitlines()
    assert lines[0] == "最近的 2 条消息："
    assert lines[1].endswith(" 问：拍黄瓜怎么做")
    assert " 答：拍黄瓜" in lines[2]


def test_export_hands_over_everything(conversations: dict[str, Turns]) -> None:
    path = Path(conversations["data"]["/export"]["document"])
    exported = json.loads(path.read_text(encoding="utf-8"))
    messages = [message for chat in exported["chats"] for message in chat["messages"]]
    assert [(message["role"], message["text"][:6]) for message in messages] == [
        ("user", "拍黄瓜怎么做"),
        ("assistant", "拍黄瓜（也叫"),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_forget_asks_first_and_then_deletes(conversations: dict[str, Turns]) -> None:
    data = conversations["data"]
    assert data["/forget"]["buttons"] == ["/forget 确认", "/export"]
    assert data["/forget 确认"]["text"].startswith("已经办好：删掉了你的 2 条消息")
    assert data["/clear"]["text"].startswith("好的，新的对话开始了")
