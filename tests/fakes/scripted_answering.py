"""A rewriter and an answerer by script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.answering import AnswerRequest, Turn, Understanding
from core.messages import TextDelta
from core.understanding import understand

Step = str | TextDelta | asyncio.Event | Exception
"""Words to yield, a gate to wait at, or an error to raise."""


class ScriptedRewriter:
    """`core.pipeline.Rewriter`: the rules, unless a test says otherwise.

    Attributes:
        understanding: what every turn is taken for.
        failure: raised instead.
        gate: waited for.
        turns: every call, in order.
    """

    def __init__(self) -> None:
        self.understanding: Understanding | None = None
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.turns: list[Turn] = []

    async def rewrite(self, turn: Turn) -> Understanding:
        self.turns.append(turn)
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.understanding or understand(turn)


class ScriptedAnswerer:
    """`core.answering.Answerer` that goes through the same steps every time.

    Attributes:
        requests: what was to be answered, in order.
        open_streams: how many answers are under way.
    """

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.requests: list[AnswerRequest] = []
        self.open_streams = 0

    async def stream(self, request: AnswerRequest) -> AsyncGenerator[TextDelta, None]:
        self.requests.append(request)
        self.open_streams += 1
        try:
            for step in self.steps:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield TextDelta(step) if isinstance(step, str) else step
        finally:
            self.open_streams -= 1
