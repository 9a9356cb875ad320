"""/clear, /history, /export and /forget: what the bot remembers, in the hands of the user."""

from __future__ import annotations

import json
from typing import Any

from core.conversation import HistoryMessage
from core.messages import Button, Document, Reply, UserKey
from handlers.command import CommandCall, CommandServices, UsageError, refuse_arguments

_SHOWN_MESSAGES = 10
_SHOWN_CHARACTERS = 60
_CONFIRMATIONS = frozenset({"确认", "confirm"})

CLEARED = (
    "好的，新的对话开始了，前面说到的菜我先放下。想做什么，直接说菜名就行。\n"
    "（以前的消息还在 /history 里；想彻底删除请用 /forget。）"
)
NO_HISTORY = "这里还没有聊过什么。问我一道菜吧，例如「番茄炒蛋怎么做」。"
PRIVATE_ONLY = "导出的是你个人的全部数据，发在群里大家都看得到。请私聊我，再发 /export。"
FORGET_ASKS = (
    "真的要删除吗？会删掉我存着的关于你的一切：你在所有聊天里的提问和我给你的回答、你的设置。删掉以后找不回来。\n"
    "确定的话，请发送「/forget 确认」。想先留一份就发 /export。"
)


async def clear(services: CommandServices, call: CommandCall) -> Reply:
    """Begin a new conversation."""
    refuse_arguments(call)
    await services.history.start_new(call.message.chat)
    return Reply(text=CLEARED)


async def show_history(services: CommandServices, call: CommandCall) -> Reply:
    """Show the latest messages of the chat with their times."""
    refuse_arguments(call)
    messages = await services.history.recent(call.message.chat, limit=_SHOWN_MESSAGES)
    if not messages:
        return Reply(text=NO_HISTORY)
    lines = [f"最近的 {len(messages)} 条消息："]
    lines += [_history_line(services, message) for message in messages]
    return Reply(text="\n".join(lines))


async def export(services: CommandServices, call: CommandCall) -> Reply:
    """Hand over everything stored about the user."""
    refuse_arguments(call)
    if call.message.is_group:
        return Reply(text=PRIVATE_ONLY)
    data = await services.personal_data.export(call.message.user)
    # Lone surrogates, which UTF-8 cannot hold, become JSON's own escapes.
    content = json.dumps(data, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    day = services.clock().astimezone(services.time_zone)
    document = Document(f"shishen-{day:%Y%m%d-%H%M%S}.json", "application/json", content)
    return Reply(text=_export_text(data, call.message.user), document=document)


async def forget(services: CommandServices, call: CommandCall) -> Reply:
    """Ask for a confirmation; with 确认, delete everything stored about the user."""
    if not call.arguments:
        # In a group a button speaks for whoever presses it: a neighbour's data must not hang on that.
        buttons = () if call.message.is_group else (_CONFIRM, _EXPORT_FIRST)
        return Reply(text=FORGET_ASKS, buttons=buttons)
    if len(call.arguments) != 1 or call.arguments[0] not in _CONFIRMATIONS:
        raise UsageError("只有「/forget 确认」才会删除；现在什么都没有删。")
    deleted = await services.personal_data.forget(call.message.user)
    what = f"删掉了你的 {deleted} 条消息（提问和我的回答）" if deleted else "本来就没有存着你的消息"
    return Reply(text=f"已经办好：{what}，你的设置也恢复了默认。随时可以重新开始。")


_CONFIRM = Button("确认删除", "/forget 确认")
_EXPORT_FIRST = Button("先导出一份", "/export")


def _history_line(services: CommandServices, message: HistoryMessage) -> str:
    when = message.created_at.astimezone(services.time_zone)
    who = "问" if message.role == "user" else "答"
    words = " ".join(message.text[: 4 * _SHOWN_CHARACTERS].split())
    short = words if len(words) <= _SHOWN_CHARACTERS else f"{words[:_SHOWN_CHARACTERS]}…"
    return f"· {when:%m-%d %H:%M} {who}：{short}"


def _export_text(data: dict[str, Any], user: UserKey) -> str:
    chats = data.get("chats", [])
    messages = [message for chat in chats for message in chat.get("messages", [])]
    recipes = sum(1 for message in messages if message.get("recipe"))
    return (
        "这是我存着的关于你的全部数据，一个 JSON 文件（UTF-8）。里面有：\n"
        "· 你的设置：/rag、/image、/voice、/model 选了什么\n"
        f"· {len(chats)} 个聊天里的 {len(messages)} 条消息：你的提问、我的回答、各自的时间\n"
        f"· 其中 {recipes} 条回答带着当时的整份菜谱\n"
        f"你的编号是 {user.channel}:{user.user_id}。"
    )
