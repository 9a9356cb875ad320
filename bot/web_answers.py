"""Answers under way on the web page: each in its own task, in order within a chat, once per message id.

An answer belongs to the chat, not to the connection that asked for it: a browser that goes away and
comes back with the same message id reads it from the first line on. Finished answers are kept for a
while for such a return; after a restart they are not, and the message counts as new.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from functools import partial

from bot.message_handler import MessageHandler
from bot.unfinished_answers import UnfinishedAnswers
from core.errors import InputError
from core.messages import ChatKey, Heard, IncomingMessage, Reply, ReplyEvent, ReplyFinished

logger = logging.getLogger(__name__)

UNFINISHED_PER_CHAT = 4
"""One being answered and three in line: a person rarely writes more before reading."""
UNFINISHED_OVERALL = 64
KEPT_OVERALL = 256
KEPT_SECONDS = 600.0
"""Long enough to come back after a lost connection or a laptop's nap."""

AnswerKey = tuple[ChatKey, str]


class Answer:
    """The answer to one message: encoded lines that any number of readers follow while it grows.

    Attributes:
        said: what the message says: its text, or what was heard in its recording so far.
        reply: the whole answer, once it is there.
        ended: nothing will follow.
    """

    def __init__(self, message: IncomingMessage) -> None:
        self.message = message
        self.said = message.text
        self.reply: Reply | None = None
        self.ended = False
        self._lines: list[bytes] = []
        self._changed = asyncio.Event()

    @property
    def complete(self) -> bool:
        """Whether the whole of it is there."""
        return self.reply is not None

    def add(self, event: ReplyEvent, line: bytes) -> None:
        """Append an event, encoded as `line`."""
        match event:
            case Heard(text):
                self.said = text
            case ReplyFinished(reply):
                self.reply = reply
        self._lines.append(line)
        self._wake()

    def end(self) -> None:
        """Nothing will follow. Of a whole answer, new readers get the last line, which holds all of it."""
        if self.complete:
            self._lines = self._lines[-1:]
        self.ended = True
        self._wake()

    async def follow(self, patience_seconds: float) -> AsyncGenerator[bytes, None]:
        """Yield the lines from the first on until the end; b"" whenever nothing new came for that long."""
        lines, position = self._lines, 0
        while True:
            if position < len(lines):
                news, position = b"".join(lines[position:]), len(lines)
                yield news
            elif self.ended:
                return
            else:
                try:
                    async with asyncio.timeout(patience_seconds):
                        await self._changed.wait()
                except TimeoutError:
                    yield b""

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Answers:
    """All answers of this process.

    Args:
        handler: answers messages.
        encode: turns an event into a line.
        unfinished: told of each message until its answer has come to its end.
        ended: told of every message whose answer has come to its end, whatever end that was.
    """

    def __init__(
        self,
        handler: MessageHandler,
        encode: Callable[[ReplyEvent], bytes],
        unfinished: UnfinishedAnswers,
        ended: Callable[[IncomingMessage], None] = lambda _message: None,
    ) -> None:
        self._handler = handler
        self._encode = encode
        self._unfinished_answers = unfinished
        self._tell_ended = ended
        self._answers: dict[AnswerKey, Answer] = {}
        self._tasks: dict[asyncio.Task[None], Answer] = {}
        self._unfinished: Counter[ChatKey] = Counter()
        self._turns: dict[ChatKey, asyncio.Lock] = {}
        self._kept: dict[AnswerKey, asyncio.TimerHandle] = {}
        self._closing = False

    def answer_to(self, message: IncomingMessage) -> Answer:
        """The answer to `message`: the one that its id already has, or a new one that waits its turn.

        Raises:
            InputError: message_id_reused, chat_busy, server_busy or closing.
        """
        known = self.known(message.chat, message.message_id)
        if known is not None:
            if (known.message.text, known.message.voice) != (message.text, message.voice):
                raise InputError("message_id_reused", "one message id was sent with two messages")
            return known
        if self._closing:
            raise InputError("closing", "the server is shutting down")
        if self._unfinished[message.chat] >= UNFINISHED_PER_CHAT:
            raise InputError("chat_busy", f"{UNFINISHED_PER_CHAT} messages of this chat wait for an answer")
        if len(self._tasks) >= UNFINISHED_OVERALL:
            raise InputError("server_busy", f"{UNFINISHED_OVERALL} messages wait for an answer")
        return self._start(message)

    def known(self, chat: ChatKey, message_id: str) -> Answer | None:
        """The answer to the message of that id, under way or kept."""
        return self._answers.get((chat, message_id))

    def unfinished(self, chat: ChatKey) -> tuple[Answer, ...]:
        """The chat's answers under way, in order."""
        return tuple(answer for answer in self._tasks.values() if answer.message.chat == chat)

    async def close(self, grace_seconds: float) -> None:
        """Take no more messages; let answers finish for `grace_seconds`, then cancel them."""
        self._closing = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for timer in self._kept.values():
            timer.cancel()
        self._kept.clear()
        self._answers.clear()

    def _start(self, message: IncomingMessage) -> Answer:
        answer = Answer(message)
        self._unfinished_answers.begin(message)
        turn = self._turns.setdefault(message.chat, asyncio.Lock())
        self._answers[message.chat, message.message_id] = answer
        self._unfinished[message.chat] += 1
        task = asyncio.create_task(self._make(answer, turn))
        self._tasks[task] = answer
        task.add_done_callback(partial(self._ended, answer))
        return answer

    async def _make(self, answer: Answer, turn: asyncio.Lock) -> None:
        async with turn:  # asyncio.Lock is fair: first come, first served
            async for event in self._handler.handle(answer.message):
                answer.add(event, self._encode(event))

    def _ended(self, answer: Answer, task: asyncio.Task[None]) -> None:
        chat, message_id = answer.message.chat, answer.message.message_id
        del self._tasks[task]
        self._unfinished[chat] -= 1
        if not self._unfinished[chat]:
            del self._unfinished[chat], self._turns[chat]
        answer.end()
        self._unfinished_answers.end(answer.message)
        self._tell_ended(answer.message)
        if answer.complete and not self._closing:
            self._keep((chat, message_id))
        else:
            self._answers.pop((chat, message_id), None)
        if not task.cancelled() and (exc := task.exception()) is not None:
            # The exception's own words may hold a user's: its type and place must do.
            place = traceback.extract_tb(exc.__traceback__)[-1]
            logger.error(
                "answer_failed message_id=%s error=%s at=%s:%s",
                message_id,
                type(exc).__name__,
                place.name,
                place.lineno,
            )

    def _keep(self, key: AnswerKey) -> None:
        self._kept[key] = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, key)
        while len(self._kept) > KEPT_OVERALL:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: AnswerKey) -> None:
        self._kept.pop(key).cancel()
        self._answers.pop(key, None)
