"""A language model whose answers are written beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass

from core.errors import ModelError
from core.ports import (
    ChatMessage,
    Sampling,
)


@dataclass(frozen=True)
class ScriptedAnswer:
    """What happens on one call.

    Attributes:
        pieces: what is streamed.
        error: raised after the pieces.
        gate: waited for before the last piece (before the error, when there is no piece).
    """

    pieces: tuple[str, ...] = ()
    error: ModelError | None = None
    gate: asyncio.Event | None = None


@dataclass(frozen=True)
class RecordedPrompt:
    """What the model was called with."""

    messages: tuple[ChatMessage, ...]
    sampling: Sampling


class ScriptedLanguageModel:
    """Implements `core.ports.LanguageModel` from a list; a call beyond its end is a mistake of the test.

    Attributes:
        prompts: every call of `stream` that was iterated, in order.
        open_streams: how many streams are under way.
        closed: `close` was called.
    """

    def __init__(self, answers: Iterable[str | ModelError | ScriptedAnswer] = ()) -> None:
        self._answers = [_as_scripted(answer) for answer in answers]
        self.prompts: list[RecordedPrompt] = []
        self.open_streams = 0
        self.closed = False

    @property
    def name(self) -> str:
        return "scripted/test"

    def queue(self, *answers: str | ModelError | ScriptedAnswer) -> None:
        """Add answers to the end of the list."""
        self._answers.extend(map(_as_scripted, answers))

    async def stream(self, messages: Sequence[ChatMessage], sampling: Sampling) -> AsyncGenerator[str, None]:
        self.prompts.append(RecordedPrompt(tuple(messages), sampling))
        answer = self._next()
        self.open_streams += 1
        try:
            for piece in answer.pieces[:-1]:
                yield piece
            if answer.gate is not None:
                await answer.gate.wait()
            for piece in answer.pieces[-1:]:
                yield piece
            if answer.error is not None:
                raise answer.error
        finally:
            self.open_streams -= 1

    async def check(self) -> str:
        answer = self._next()
        if answer.error is not None:
            raise answer.error
        return f"{self.name} answered"

    async def close(self) -> None:
        self.closed = True

    def _next(self) -> ScriptedAnswer:
        if not self._answers:
            raise AssertionError("the test wrote no answer for this call")
        return self._answers.pop(0)


def _as_scripted(answer: str | ModelError | ScriptedAnswer) -> ScriptedAnswer:
    if isinstance(answer, ScriptedAnswer):
        return answer
    if isinstance(answer, ModelError):
        return ScriptedAnswer(error=answer)
    # Two pieces at least, so that whoever joins them wrongly is caught.
    middle = len(answer) // 2
    return ScriptedAnswer(tuple(piece for piece in (answer[:middle], answer[middle:]) if piece))
