"""Which model answers: one at a time, for everybody, changed while the bot runs and kept for its next start.

An answer under way is finished by the model that began it; a model that nobody uses any more is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from core.answering import Answerer, AnswerRequest, Turn, Understanding
from core.errors import BotError, ModelRejectedError
from core.messages import TextDelta
from core.operator_ports import (
    ModelFacts,
    OperatorSettings,
)
from core.pipeline import Rewriter
from core.ports import ChatMessage, LanguageModel, Sampling

logger = logging.getLogger(__name__)

_SETTING = "language_model"


@dataclass(eq=False, slots=True)
class AnsweringModel:
    """A model, with what answers by it.

    Attributes:
        name: that of its `core.model_choice.ModelChoice`.
        language_model: None for the composer.
        describe: what people are told of it.
        load: loads what loads on first use; None where nothing does.
        users: answers and rewrites under way.
    """

    name: str
    language_model: LanguageModel | None
    answerer: Answerer
    rewriter: Rewriter
    describe: Callable[[], ModelFacts]
    load: Callable[[], Awaitable[None]] | None = None
    users: int = 0

    async def check(self) -> str:
        """Make one small real call; returns what answered, "" for the composer.

        Raises:
            BotError: it cannot be loaded, or does not answer.
        """
        return await self.language_model.check() if self.language_model is not None else ""

    async def close(self) -> None:
        """Let go of it."""
        if self.language_model is not None:
            await self.language_model.close()


Build = Callable[[str], AnsweringModel]


class SwitchableModel:
    """Implements `core.answering.Answerer`, `core.pipeline.Rewriter` and `core.ports.ModelSwitch`.

    Args:
        names: of the models that may be chosen, the configured one first.
        build: makes one of them by its name. Blocking; raises `BotError` when that cannot be.
        stored: keeps the choice.
        current: answers until another is chosen.
    """

    def __init__(
        self, names: Sequence[str], build: Build, stored: OperatorSettings, current: AnsweringModel
    ) -> None:
        self._names = tuple(names)
        self._build = build
        self._stored = stored
        self._current = current
        self._switching = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    @classmethod
    async def opened(cls, names: Sequence[str], build: Build, stored: OperatorSettings) -> SwitchableModel:
        """With the model that was chosen last, or the configured one where that is gone.

        Raises:
            BotError: the configured one cannot be built, or the choice cannot be read.
        """
        chosen = await stored.get(_SETTING)
        if chosen is not None and chosen in names[1:]:
            try:
                return cls(names, build, stored, await asyncio.to_thread(build, chosen))
            except BotError as exc:
                logger.warning("chosen_model_unusable model=%s code=%s", chosen, exc.code)
        elif chosen not in {None, names[0]}:
            logger.warning("chosen_model_is_no_choice model=%s", chosen)
        return cls(names, build, stored, await asyncio.to_thread(build, names[0]))

    @property
    def choices(self) -> tuple[str, ...]:
        """Names of the models that may be chosen, the configured one first."""
        return self._names

    def describe(self) -> ModelFacts:
        """What people are told of the model that answers."""
        return self._current.describe()

    async def stream(self, request: AnswerRequest) -> AsyncGenerator[TextDelta, None]:
        """Yield the answer; see `core.answering.Answerer.stream`."""
        with self._in_use() as model:
            async with aclosing(model.answerer.stream(request)) as deltas:
                async for delta in deltas:
                    yield delta

    async def rewrite(self, turn: Turn) -> Understanding:
        """Understand `turn`; see `core.pipeline.Rewriter.rewrite`."""
        with self._in_use() as model:
            return await model.rewriter.rewrite(turn)

    async def write(self, messages: Sequence[ChatMessage], sampling: Sampling) -> AsyncGenerator[str, None]:
        """The words of the model itself; see `core.ports.LanguageModel.stream`.

        Raises:
            ModelRejectedError: what answers is no language model.
        """
        with self._in_use() as model:
            if model.language_model is None:
                raise ModelRejectedError(f"{model.name} is no language model")
            async with aclosing(model.language_model.stream(messages, sampling)) as pieces:
                async for piece in pieces:
                    yield piece

    async def use(self, name: str) -> str:
        """Let the model `name`, one of `choices`, answer from now on; see `core.ports.ModelSwitch.use`."""
        async with self._switching:
            chosen = await asyncio.to_thread(self._build, name)
            try:
                said = await chosen.check()
                # The configured one is not kept: it shall follow the settings when they change.
                await self._stored.put(_SETTING, None if name == self._names[0] else name)
            except BaseException:
                await chosen.close()
                raise
            left, self._current = self._current, chosen
            self._close_if_left(left)
            logger.info("model_switched from=%s to=%s", left.name, name)
            return said

    async def load(self) -> None:
        """Load the model that answers, where it runs in this process.

        Raises:
            BotError: it cannot be loaded.
        """
        with self._in_use() as model:
            if model.load is not None:
                await model.load()

    async def close(self) -> None:
        """Let go of the models."""
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._current.close()

    @contextmanager
    def _in_use(self) -> Iterator[AnsweringModel]:
        model = self._current
        model.users += 1
        try:
            yield model
        finally:
            model.users -= 1
            self._close_if_left(model)

    def _close_if_left(self, model: AnsweringModel) -> None:
        if model.users or model is self._current:
            return
        closing = asyncio.create_task(model.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
