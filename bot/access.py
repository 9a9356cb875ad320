"""Who may talk to the bot, and how much: allow-lists, blocked users, a rate and a daily budget.

Everything is off by default. Refusals are friendly sentences; a blocked user, and a chat full of people who
are not on the list, get silence. The counters live in memory: a restart forgives.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from bot.message_handler import MessageHandler
from core.messages import (
    ChatKey,
    IncomingMessage,
    Reply,
    ReplyEvent,
    ReplyFinished,
    TextDelta,
    TextFinished,
    UserKey,
)

NOT_ALLOWED = "这是一个私人的厨房，我只为名单上的人做菜。想加入的话，请把这串编号发给管理员：{user}"
TOO_FAST = "你问得太快啦，我的锅还没热呢。请过 {seconds} 秒再问我。"
BUDGET_SPENT = "今天你已经问了 {limit} 次，达到每天的上限了。明天再来找我吧！"

_MINUTE = timedelta(minutes=1)
_REMEMBERED_USERS = 10_000
"""Users whose counters are kept; the one who has been silent longest goes first."""


def user_name(user: UserKey) -> str:
    """A user as the settings write them: `telegram:123`."""
    return f"{user.channel}:{user.user_id}"


def chat_name(chat: ChatKey) -> str:
    """A chat as the settings write it, without its topic: `telegram:-100123`."""
    return f"{chat.channel}:{chat.chat_id}"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Who may do what.

    Attributes:
        allowed_users: `channel:user_id`; with `allowed_chats` empty too, everybody may.
        allowed_chats: `channel:chat_id` of groups where everybody may.
        administrators: `channel:user_id`; always allowed, never limited.
        messages_a_minute: for each user; 0 for no limit.
        messages_a_day: for each user, the day of `time_zone`; 0 for no limit.
        time_zone: None is the system's.
    """

    allowed_users: frozenset[str] = frozenset()
    allowed_chats: frozenset[str] = frozenset()
    administrators: frozenset[str] = frozenset()
    messages_a_minute: int = 0
    messages_a_day: int = 0
    time_zone: tzinfo | None = None


@dataclass(slots=True)
class _Usage:
    """What a user has asked for lately."""

    minute: deque[datetime] = field(default_factory=deque)
    day: date = date.min
    today: int = 0


class AccessControl:
    """Decides who is answered.

    Args:
        rules: who may do what.
        clock: tells the time.

    Attributes:
        blocked: `channel:user_id` of users who get no answer any more; administrators change it.
    """

    def __init__(self, rules: AccessRules, clock: Callable[[], datetime] = _utc_now) -> None:
        self._rules = rules
        self._clock = clock
        self._usage: dict[str, _Usage] = {}
        self.blocked: set[str] = set()

    def is_administrator(self, user: UserKey) -> bool:
        """Whether `user` may give orders."""
        return user_name(user) in self._rules.administrators

    def refusal(self, message: IncomingMessage) -> Reply | None:
        """What to say instead of an answer: None to answer, an empty text to stay silent.

        Counts the message, so ask once for each.
        """
        user = user_name(message.user)
        if user in self._rules.administrators:
            return None
        if user in self.blocked:
            return Reply(text="", refused=True)
        if not self._is_allowed(user, chat_name(message.chat)):
            return Reply(text="" if message.is_group else NOT_ALLOWED.format(user=user), refused=True)
        complaint = self._over_limit(user)
        return Reply(text=complaint, refused=True) if complaint else None

    def _is_allowed(self, user: str, chat: str) -> bool:
        rules = self._rules
        if not rules.allowed_users and not rules.allowed_chats:
            return True
        return user in rules.allowed_users or chat in rules.allowed_chats

    def _over_limit(self, user: str) -> str:
        """Why the user has to wait; "" when they need not, and then the message counts."""
        now = self._clock()
        usage = self._usage.pop(user, None) or _Usage()
        self._usage[user] = usage  # at the end: the last one heard of
        if len(self._usage) > _REMEMBERED_USERS:
            del self._usage[next(iter(self._usage))]
        today = now.astimezone(self._rules.time_zone).date()
        if usage.day != today:
            usage.day, usage.today = today, 0
        if 0 < self._rules.messages_a_day <= usage.today:
            return BUDGET_SPENT.format(limit=self._rules.messages_a_day)
        if self._rules.messages_a_minute:
            while usage.minute and usage.minute[0] <= now - _MINUTE:
                usage.minute.popleft()
            if len(usage.minute) >= self._rules.messages_a_minute:
                wait = usage.minute[0] + _MINUTE - now
                return TOO_FAST.format(seconds=math.ceil(wait.total_seconds()))
            usage.minute.append(now)
        usage.today += 1
        return ""


class AccessGate:
    """A `MessageHandler` that answers only whom it may.

    Args:
        handler: answers those.
        access: decides.
    """

    def __init__(self, handler: MessageHandler, access: AccessControl) -> None:
        self._handler = handler
        self._access = access

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer `message`, or say why not; an empty reply is not delivered."""
        refusal = self._access.refusal(message)
        if refusal is None:
            async with aclosing(self._handler.handle(message)) as events:
                async for event in events:
                    yield event
            return
        if refusal.text:
            yield TextDelta(refusal.text)
            yield TextFinished(refusal)
        yield ReplyFinished(refusal)
