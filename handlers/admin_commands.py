"""/stats, /block, /unblock, /broadcast, /model list, /model use: administrators' commands.

To everybody else they do not exist: they are in no menu and not in /help. Unlike other commands' arguments,
theirs keep their case: ids, names and announcements are taken as they are written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from core.messages import Button, IncomingMessage, Reply, ReplyEvent, UserKey
from core.operator_ports import (
    BlockList,
    Broadcaster,
    ModelSwitch,
    Statistics,
    Workload,
)
from handlers.command import narrowed, utc_now
from handlers.model_switch_commands import list_models, switch_model
from handlers.question import cleaned
from handlers.replies import said_at_once

_COMMAND = re.compile(r"[/／](?P<name>\w+)(?:[@＠]\w+)?(?:\s+(?P<rest>.*))?", re.DOTALL)
_CONFIRMED = re.compile(r"(?:确认|confirm)\s+(?P<text>.+)", re.DOTALL | re.IGNORECASE)
_USER = re.compile(r"(?:(?P<channel>[a-z]{1,64}):)?(?P<user_id>[^\s:]{1,128})")
_SHOWN_USERS = 50
_SWITCH = "model use"
"""The command that takes long enough to say how far it is."""
_WEEK = timedelta(days=7)

BLOCK_USAGE = "用法：/block telegram:123456789（同一个平台可以只写编号）。单发 /block 看名单。"
UNBLOCK_USAGE = "用法：/unblock telegram:123456789（同一个平台可以只写编号）。"
BROADCAST_USAGE = "用法：/broadcast 想说的话。我会先告诉你要发给多少个聊天，你确认了才发。"
NOBODY_BLOCKED = f"没有拉黑任何人。\n{BLOCK_USAGE}"
NOT_AN_ADMINISTRATOR = "管理员不能被拉黑；先把这个人从 ADMINISTRATORS 里去掉。"
NOBODY_TO_TELL = "现在没有别的聊天可以发：还没有人在 Telegram 或飞书上问过我，或者这些平台没有连着。"


@dataclass(frozen=True, slots=True)
class AdminServices:
    """What administrators' commands work with.

    Attributes:
        administrators: `channel:user_id`.
        describe_index: one line about the recipe index.
        models: changes the model that answers.
        time_zone: whose midnight a day begins at; None is the system's.
    """

    administrators: frozenset[str]
    statistics: Statistics
    block_list: BlockList
    workload: Workload
    broadcaster: Broadcaster
    describe_index: Callable[[], str]
    models: ModelSwitch
    time_zone: tzinfo | None = None
    clock: Callable[[], datetime] = utc_now


class AdminCommandHandler:
    """Carries out administrators' commands.

    Args:
        services: what they work with.
    """

    def __init__(self, services: AdminServices) -> None:
        self._services = services
        self._commands: dict[str, Callable[[IncomingMessage, str], Awaitable[Reply]]] = {
            "stats": self._stats,
            "block": self._block,
            "unblock": self._unblock,
            "broadcast": self._broadcast,
            "model list": self._list_models,
        }
        self._names = frozenset({*self._commands, _SWITCH})

    def takes(self, message: IncomingMessage) -> bool:
        """Whether `message` is an administrator's command and comes from one."""
        return self._is_administrator(message.user) and self._called(message.text)[0] in self._names

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Carry out the command in `message`, which `takes` has approved.

        Raises:
            StorageError: the database failed.
        """
        name, rest = self._called(message.text)
        if name == _SWITCH:
            async with aclosing(switch_model(self._services.models, rest)) as events:
                async for event in events:
                    yield event
            return
        for event in said_at_once(await self._commands[name](message, rest)):
            yield event

    async def _stats(self, _message: IncomingMessage, _rest: str) -> Reply:
        services = self._services
        now = services.clock()
        midnight = now.astimezone(services.time_zone).replace(hour=0, minute=0, second=0, microsecond=0)
        ever = await services.statistics.usage()
        week = await services.statistics.usage(now - _WEEK)
        today = await services.statistics.usage(midnight)
        blocked = await services.block_list.blocked()
        lines = (
            f"用户：{ever.users} 位，7 天里来过 {week.users} 位，今天 {today.users} 位",
            f"提问：今天 {today.questions} 次，7 天 {week.questions} 次，一共 {ever.questions} 次",
            f"婉拒：今天 {today.refused} 次，7 天 {week.refused} 次",
            f"出错：{services.workload.failed} 次（这次启动以来）",
            f"排队：{services.workload.waiting} 条还没答完",
            f"拉黑：{len(blocked)} 位",
            f"菜谱库：{services.describe_index()}",
        )
        return Reply(text="\n".join(lines))

    async def _block(self, message: IncomingMessage, rest: str) -> Reply:
        if not rest:
            return Reply(text=_listed(await self._services.block_list.blocked()))
        user = _user_in(rest, message)
        if user is None:
            return Reply(text=BLOCK_USAGE, refused=True)
        if self._is_administrator(user):
            return Reply(text=NOT_AN_ADMINISTRATOR, refused=True)
        is_new = await self._services.block_list.block(user)
        done = "好的，以后不再理" if is_new else "本来就不理"
        return Reply(text=f"{done} {_name(user)}。想恢复就发 /unblock {_name(user)}")

    async def _unblock(self, message: IncomingMessage, rest: str) -> Reply:
        user = _user_in(rest, message)
        if user is None:
            return Reply(text=UNBLOCK_USAGE, refused=True)
        was_blocked = await self._services.block_list.unblock(user)
        return Reply(text=f"{_name(user)} {'又可以和我说话了' if was_blocked else '本来就没有被拉黑'}。")

    async def _broadcast(self, message: IncomingMessage, rest: str) -> Reply:
        if not rest or rest.lower() in {"确认", "confirm"}:
            return Reply(text=BROADCAST_USAGE, refused=True)
        if confirmed := _CONFIRMED.fullmatch(rest):
            count = await self._services.broadcaster.send(confirmed["text"], message)
            if not count:
                return Reply(text=NOBODY_TO_TELL, refused=True)
            return Reply(text=f"正在发给 {count} 个聊天，送完了我再告诉你。")
        count = await self._services.broadcaster.audience(message)
        if not count:
            return Reply(text=NOBODY_TO_TELL, refused=True)
        confirmation = f"/broadcast 确认 {rest}"
        text = f"会发给 {count} 个聊天，发出去就收不回来。确定的话，请发送：\n\n{confirmation}"
        return Reply(text=text, buttons=(Button("确认发送", confirmation),))

    async def _list_models(self, _message: IncomingMessage, _rest: str) -> Reply:
        return list_models(self._services.models)

    def _called(self, text: str) -> tuple[str, str]:
        """The command, of one word or two, and what follows it, as written."""
        name, rest = _parsed(text)
        word, *after = rest.split(maxsplit=1) or [""]
        longer = f"{name} {narrowed(word)}"
        return (longer, "".join(after)) if longer in self._names else (name, rest)

    def _is_administrator(self, user: UserKey) -> bool:
        return _name(user) in self._services.administrators


def _parsed(text: str) -> tuple[str, str]:
    """Name and what follows it, as written; "" for what is no command."""
    match = _COMMAND.fullmatch(cleaned(text))
    return (narrowed(match["name"]), match["rest"] or "") if match else ("", "")


def _user_in(text: str, message: IncomingMessage) -> UserKey | None:
    """The user that `text` names, on the channel of `message` unless it names another."""
    match = _USER.fullmatch(unicodedata.normalize("NFKC", text))
    return UserKey(match["channel"] or message.user.channel, match["user_id"]) if match else None


def _name(user: UserKey) -> str:
    return f"{user.channel}:{user.user_id}"


def _listed(users: frozenset[UserKey]) -> str:
    if not users:
        return NOBODY_BLOCKED
    names = sorted(map(_name, users))
    more = [f"…还有 {len(names) - _SHOWN_USERS} 位"] if len(names) > _SHOWN_USERS else []
    return "\n".join([f"拉黑了 {len(names)} 位：", *(f"· {name}" for name in names[:_SHOWN_USERS]), *more])
