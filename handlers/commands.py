"""The commands, the same words on every channel: `/clear`, `/clear@bot`, `／CLEAR`.

`COMMANDS` is the one list of them: menus, /help and the answer to an unknown command are made from it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from core.messages import Button, IncomingMessage, Reply, ReplyEvent
from handlers.command import Command, CommandCall, CommandServices, UsageError, narrowed, refuse_arguments
from handlers.data_commands import clear, export, forget, show_history
from handlers.model_command import set_model
from handlers.question import cleaned
from handlers.replies import said_at_once
from handlers.settings_commands import set_image, set_rag, set_voice

__all__ = ["COMMANDS", "Command", "CommandHandler", "CommandServices", "command_of", "is_command"]

_COMMAND = re.compile(r"/(?P<name>[a-z_]*)(?:@[a-z0-9_]+)?(?P<rest>.*)", re.DOTALL)
_LONGEST_COMMAND = 200
"""Far more than any command needs; the rest of a longer one is not looked at."""
_STOP_WORDS = frozenset({"停", "停下", "停一下", "停下来", "停止", "别说了", "别写了", "不用说了", "stop"})
"""/stop as people say it, when they say nothing else."""
_AROUND_WORDS = " \t\n。！!～~…,，."

WELCOME = (
    "你好，我是食神，教你做菜。说一道菜名，我就给你食材、用量、步骤和一张图；"
    "做的时候随时接着问：「要多少盐」「第三步再说一遍」「改成四人份」「没有料酒怎么办」。"
)
EXAMPLES = (
    Button("番茄炒蛋怎么做", "番茄炒蛋怎么做"),
    Button("红烧肉怎么做", "红烧肉怎么做"),
    Button("有哪些命令", "/help"),
)


STOPPED = "好的，停下了。想做什么菜，再告诉我。"


async def _stop(_services: CommandServices, call: CommandCall) -> Reply:
    """/stop: what it stopped has ended by the time that its turn comes."""
    refuse_arguments(call)
    return Reply(text=STOPPED)


async def _start(_services: CommandServices, _call: CommandCall) -> Reply:
    """/start; what follows it is a platform's own (Telegram's deep links) and no argument of ours."""
    return Reply(text=WELCOME, buttons=EXAMPLES)


async def _help(_services: CommandServices, call: CommandCall) -> Reply:
    refuse_arguments(call)
    return Reply(text=f"{WELCOME}\n\n可以用的命令：\n{_command_lines()}", buttons=EXAMPLES[:2])


COMMANDS: tuple[Command, ...] = (
    Command("start", "认识一下食神", _start),
    Command("help", "我会做什么，有哪些命令", _help),
    Command("clear", "开始新的对话", clear),
    Command("stop", "别说了：停下正在写的回答", _stop),
    Command("rag", "按菜谱库回答，开或关", set_rag, "[on|off]"),
    Command("image", "给菜谱配图，开或关", set_image, "[on|off]"),
    Command("voice", "把回答念出来，开或关", set_voice, "[on|off]"),
    Command("model", "看语言模型，调它怎么说话", set_model, "[名称 数值|默认]"),
    Command("history", "最近聊了什么", show_history),
    Command("export", "导出我存着的你的全部数据", export),
    Command("forget", "删除我存着的你的全部数据", forget, "[确认]"),
)

_BY_NAME = {command.name: command for command in COMMANDS}


def is_command(text: str) -> bool:
    """Whether a message is meant as a command: its first visible character is a slash, or it says 「停」."""
    return cleaned(text[:_LONGEST_COMMAND]).startswith(("/", "／")) or _says_stop(text)


def command_of(text: str) -> str:
    """The name of the command that `text` is meant as, known or not; "" when it is none."""
    return _parsed(text)[0] if is_command(text) else ""


class CommandHandler:
    """Carries out commands.

    Args:
        services: what they work with.
    """

    def __init__(self, services: CommandServices) -> None:
        self._services = services

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Carry out the command in `message`. Commands and their answers are not part of the conversation.

        Raises:
            StorageError: the database failed; nothing was changed.
        """
        for event in said_at_once(await self._reply(message)):
            yield event

    async def _reply(self, message: IncomingMessage) -> Reply:
        name, arguments = _parsed(message.text)
        command = _BY_NAME.get(name)
        if command is None:
            return Reply(text=f"没有这个命令。可以用的命令：\n{_command_lines()}", refused=True)
        try:
            return await command.run(self._services, CommandCall(message, arguments))
        except UsageError as exc:
            hint = f"{exc.hint}\n" if exc.hint else "这个命令我没看懂。\n"
            return Reply(text=f"{hint}用法：{command.form}（{command.description}）", refused=True)


def _parsed(text: str) -> tuple[str, tuple[str, ...]]:
    """Name and arguments; a name that is no word of Latin letters is ""."""
    if _says_stop(text):
        return "stop", ()
    match = _COMMAND.fullmatch(narrowed(cleaned(text[:_LONGEST_COMMAND])))
    if match is None:
        return "", ()
    return match["name"], tuple(match["rest"].split())


def _says_stop(text: str) -> bool:
    return narrowed(cleaned(text[:_LONGEST_COMMAND])).strip(_AROUND_WORDS) in _STOP_WORDS


def _command_lines() -> str:
    return "\n".join(f"· {command.form}  {command.description}" for command in COMMANDS)
