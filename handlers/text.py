"""A written question: taken as it is, or declined in a friendly sentence; answered; remembered."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

from core.answering import Turn
from core.conversation import HistoryMessage
from core.errors import StorageError
from core.messages import ChatKey, IncomingMessage, Picture, Reply, ReplyEvent, ReplyFinished, TextFinished
from core.pipeline import CookingPipeline
from core.ports import (
    History,
    Profiles,
)
from core.stopping import StopSignal
from handlers.question import cleaned, has_words
from handlers.replies import said_at_once

logger = logging.getLogger(__name__)

EMPTY = "我没有收到文字。想做什么菜，直接告诉我就好，例如「番茄炒蛋怎么做」。"
NO_WORDS = "光看符号和表情，我猜不出你想吃什么。用文字告诉我吧，例如「番茄炒蛋怎么做」。"
TOO_LONG = "这段话有 {length} 个字，太长了，我最多看 {limit} 个字。请挑最想问的那一句再发给我。"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TextHandler:
    """Answers questions.

    Args:
        pipeline: makes the answers.
        history: where question and answer are kept.
        profiles: users' own settings.
        max_question_characters: the longest question that is looked at.
        clock: tells the time.
        stop_of: what ends the answer to a message early.
    """

    def __init__(
        self,
        pipeline: CookingPipeline,
        history: History,
        profiles: Profiles,
        *,
        max_question_characters: int = 2000,
        clock: Callable[[], datetime] = _utc_now,
        stop_of: Callable[[IncomingMessage], StopSignal] = lambda _message: StopSignal(),
    ) -> None:
        self._pipeline = pipeline
        self._history = history
        self._profiles = profiles
        self._max_question_characters = max_question_characters
        self._clock = clock
        self._stop_of = stop_of

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer a question.

        Question and answer are stored together, before `TextFinished` is passed on; an answer that fails
        or is cancelled before that leaves no trace.

        Raises:
            StageError: see `CookingPipeline.run`.
            StorageError: the conversation cannot be read, or the answer not be stored.
        """
        question = cleaned(message.text)
        complaint = self._complaint(question)
        if complaint:
            for event in said_at_once(Reply(text=complaint, refused=True)):
                yield event
            return
        conversation = await self._history.current(message.chat)
        preferences = await self._profiles.preferences(message.user)
        turn = Turn(question, conversation, preferences, self._stop_of(message))
        async with aclosing(self._pipeline.run(turn)) as events:
            async for event in events:
                if isinstance(event, TextFinished):
                    await self._remember(message, question, event.reply)
                elif isinstance(event, ReplyFinished) and event.reply.picture is not None:
                    await self._remember_picture(message.chat, event.reply.picture)
                yield event

    def _complaint(self, question: str) -> str:
        """Why `question` cannot be answered; "" when it can."""
        if not question:
            return EMPTY
        if len(question) > self._max_question_characters:
            return TOO_LONG.format(length=len(question), limit=self._max_question_characters)
        return "" if has_words(question) else NO_WORDS

    async def _remember(self, message: IncomingMessage, question: str, reply: Reply) -> None:
        user_id = message.user.user_id
        asked = HistoryMessage("user", question, user_id, message.received_at)
        answered = HistoryMessage(
            "assistant",
            reply.text,
            user_id,
            max(self._clock(), message.received_at),
            recipe=reply.recipe,
            query=reply.query,
            refused=reply.refused,
        )
        await self._history.append(message.chat, (asked, answered), message_id=message.message_id)

    async def _remember_picture(self, chat: ChatKey, picture: Picture) -> None:
        """The answer has been given and stored; not even a full disk may spoil it now."""
        try:
            await self._history.set_picture(chat, picture.path.name)
        except StorageError as exc:
            logger.warning("picture_not_remembered error=%s", type(exc).__name__)
