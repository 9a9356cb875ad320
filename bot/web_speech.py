"""Answers read aloud on the web page: made when somebody presses play, and kept as long as their answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

from bot.web_answers import Answer
from core.errors import BotError, InputError
from core.messages import Reply, VoiceClip

logger = logging.getLogger(__name__)

Narrate = Callable[[Reply], Awaitable[VoiceClip]]

NARRATIONS_AT_ONCE = 8
CLIP_BYTES_OVERALL = 32_000_000
"""Two hours and more of Opus at 32 kbit/s."""


class WebSpeech:
    """The page's voice.

    Args:
        narrate: reads a reply aloud.
    """

    def __init__(self, narrate: Narrate) -> None:
        self._narrate = narrate
        self._tasks: WeakKeyDictionary[Answer, asyncio.Task[VoiceClip]] = WeakKeyDictionary()

    async def clip_of(self, answer: Answer) -> VoiceClip:
        """The answer read aloud, made once however many ask for it; a failure is not kept.

        Raises:
            InputError: speech_gone (nothing to read aloud), server_busy or speech_failed.
        """
        if answer.reply is None or not answer.reply.read_aloud:
            raise InputError("speech_gone", "this answer is not read aloud")
        task = self._tasks.get(answer)
        if task is None:
            task = self._start(answer, answer.reply)
        try:
            # Shielded: whoever else asked for it, or asks again, still gets it.
            return await asyncio.shield(task)
        except BotError as exc:
            logger.warning("not_read_aloud message_id=%s code=%s", answer.message.message_id, exc.code)
            raise InputError("speech_failed", "the answer could not be read aloud") from exc

    async def close(self) -> None:
        """Stop what is being read."""
        running = [task for task in self._tasks.values() if not task.done()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _start(self, answer: Answer, reply: Reply) -> asyncio.Task[VoiceClip]:
        if sum(not task.done() for task in self._tasks.values()) >= NARRATIONS_AT_ONCE:
            raise InputError("server_busy", f"{NARRATIONS_AT_ONCE} answers are being read aloud")
        task = asyncio.ensure_future(self._narrate(reply))
        self._tasks[answer] = task
        task.add_done_callback(lambda done: self._finished(answer, done))
        return task

    def _finished(self, answer: Answer, task: asyncio.Task[VoiceClip]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._tasks.pop(answer, None)
            return
        clips = [(key, done.result()) for key, done in self._tasks.items() if _has_clip(done)]
        total = sum(len(clip.content) for _, clip in clips)
        for oldest, clip in clips:
            if total <= CLIP_BYTES_OVERALL:
                return
            total -= len(clip.content)
            del self._tasks[oldest]


def _has_clip(task: asyncio.Task[VoiceClip]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
