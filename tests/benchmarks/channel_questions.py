"""Questions asked on a fake platform, and what became of each: for the benchmark of the channels."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from tests.fakes.feishu_events import FeishuEvents
from tests.fakes.feishu_messages import FeishuMessages
from tests.fakes.feishu_pushes import FeishuPushes
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.feishu_world import BotMessage, FeishuWorld
from tests.fakes.telegram_server import Call, TelegramServer

STALLED_SECONDS = 30.0
"""Without any answer for this long, what is still open counts as lost."""


@dataclass
class Question:
    """One question; times are of `time.monotonic`, 0 for what has not come.

    Attributes:
        sign_at: the first request about it: typing, a draft, the answer.
        text_at: the request with the answer's text.
        done_at: the request with the picture, or with the text where none is expected.
    """

    chat: int
    dish: str
    asked_at: float = 0.0
    sign_at: float = 0.0
    text_at: float = 0.0
    done_at: float = 0.0


class Questions(ABC):
    """Asks, and checks that every answer is the one that is due in its chat.

    Attributes:
        asked: every question since `begin`, in order.
        done: those that are answered whole.
        mistakes: what went wrong: answers doubled, unasked or out of order.
        with_picture: whether an answer ends with a picture.
    """

    def __init__(self, dishes: list[str]) -> None:
        self.dishes = dishes
        self.with_picture = True
        self.begin()

    def begin(self) -> None:
        """Forget what was asked before."""
        self.asked: list[Question] = []
        self.done: list[Question] = []
        self.mistakes: Counter[str] = Counter()
        self._waiting: defaultdict[int, deque[Question]] = defaultdict(deque)
        self._dishes: Iterator[str] = cycle(self.dishes)
        self._then: Callable[[Question], None] | None = None
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def at_once(self, chats: int, each: int) -> None:
        """`each` questions in every chat at once; returns when all are answered or lost."""
        for number in range(chats * each):
            await self._ask(number % chats)
        await self._settled(chats * each)

    async def at_rate(self, chats: int, a_second: float, seconds: float) -> None:
        """So many questions a second, whatever the answers do."""
        start, total = time.monotonic(), round(a_second * seconds)
        for number in range(total):
            await asyncio.sleep(max(0.0, start + number / a_second - time.monotonic()))
            await self._ask(number % chats)
        await self._settled(total)

    async def one_after_another(self, chats: int, total: int) -> None:
        """Two questions always open in every chat, `total` in all: as fast as the bot can answer."""

        def next_one(answered: Question) -> None:
            if len(self.asked) + len(self._tasks) < total:
                task = asyncio.create_task(self._ask(answered.chat))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        self._then = next_one
        for number in range(min(2 * chats, total)):
            await self._ask(number % chats)
        await self._settled(total)

    async def until_done(self, count: int) -> None:
        """Return when so many questions have been answered whole."""
        while len(self.done) < count:
            self._news.clear()
            await self._news.wait()

    async def _settled(self, total: int) -> None:
        while len(self.done) < total:
            self._news.clear()
            try:
                async with asyncio.timeout(STALLED_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                return

    async def _ask(self, chat: int) -> None:
        question = Question(chat, next(self._dishes), time.monotonic())
        self.asked.append(question)
        self._waiting[chat].append(question)
        await self._bring(question, f"{question.dish}怎么做")

    @abstractmethod
    async def _bring(self, question: Question, text: str) -> None:
        """Have a user write `text`."""

    def _signed(self, chat: int, at: float) -> None:
        for question in list(self._waiting[chat])[:1]:
            question.sign_at = question.sign_at or at

    def _answered(self, chat: int, text: str, at: float) -> None:
        due = next((question for question in self._waiting[chat] if not question.text_at), None)
        if due is None:
            self.mistakes["unasked"] += 1
            return
        due.text_at, due.sign_at = at, due.sign_at or at
        if due.dish not in text:
            self.mistakes["out of order"] += 1
        if not self.with_picture:
            self._finished(chat, at)

    def _pictured(self, chat: int, caption: str, at: float) -> None:
        due = self._waiting[chat][0] if self._waiting[chat] else None
        if due is None or not due.text_at:
            self.mistakes["unasked"] += 1
            return
        if due.dish not in caption:
            self.mistakes["out of order"] += 1
        self._finished(chat, at)

    def _finished(self, chat: int, at: float) -> None:
        question = self._waiting[chat].popleft()
        question.done_at = at
        self.done.append(question)
        self._news.set()
        if self._then is not None:
            self._then(question)


class TelegramQuestions(Questions, TelegramServer):
    """The fake Telegram, which keeps no calls."""

    def __init__(self, dishes: list[str]) -> None:
        TelegramServer.__init__(self)
        Questions.__init__(self, dishes)

    async def _bring(self, question: Question, text: str) -> None:
        await self.world.private_text(text, user_id=1001 + question.chat)

    async def _record(self, call: Call) -> None:
        if call.status != 200 or "chat_id" not in call.parameters:
            return
        chat = int(call.parameters["chat_id"]) - 1001
        match call.method.lower():
            case "sendmessage":
                self._answered(chat, call.result["text"], call.at)
            case "sendphoto":
                self._pictured(chat, call.result.get("caption", ""), call.at)
            case _:
                self._signed(chat, call.at)


class _ListeningWorld(FeishuWorld):
    """Tells of every message that the bot sends."""

    heard: Callable[[BotMessage], None]

    def add(self, message: BotMessage) -> None:
        super().add(message)
        self.heard(message)


class FeishuQuestions(Questions, FeishuServer):
    """The fake Feishu, which keeps no calls and no pictures."""

    def __init__(self, dishes: list[str]) -> None:
        FeishuServer.__init__(self)
        self.world = self._listener = _ListeningWorld()
        self.listen()
        self.events, self.pushes = FeishuEvents(self.world), FeishuPushes(self.world)
        self.messages = FeishuMessages(self.world, self.rates)
        self._cards: dict[str, BotMessage] = {}
        Questions.__init__(self, dishes)

    def listen(self) -> None:
        """Check every message that the bot sends."""
        self._listener.heard = self._heard

    def ignore(self) -> None:
        """Check none."""
        self._listener.heard = lambda _message: self.calls.clear()

    async def _bring(self, question: Question, text: str) -> None:
        name = f"{question.chat:06d}"
        self.pushes.push(self.events.private_text(text, user=f"ou_{name}", chat=f"oc_{name}"))

    def _heard(self, message: BotMessage) -> None:
        """A card begins an answer, perhaps as a draft; the picture that follows shows that it is whole."""
        at, chat = time.monotonic(), int(message.chat_id.removeprefix("oc_"))
        self.calls.clear()
        if message.kind == "interactive":
            self._signed(chat, at)
            self._cards[message.reply_to] = message
            return
        card = self._cards.pop(message.reply_to, None)
        if card is None or self.world.cards[card.card_id].is_streaming:
            self.mistakes["picture without its answer"] += 1
            return
        self._answered(chat, self.world.text_of(card), card.at - time.time() + at)
        content: Any = message.content
        for piece in (piece for line in content["zh_cn"]["content"] for piece in line):
            self.world.images.pop(piece.get("image_key", ""), None)
        self._pictured(chat, self.world.text_of(message), at)
