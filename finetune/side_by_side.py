"""Several models asked the same: each remembers its own conversation, all write at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from core.errors import ModelError
from core.language_models.internlm2_language_model import InternLm2LanguageModel, LocalModelOptions
from core.model_shelf import ModelShelf
from core.ports import ChatMessage, Sampling

Written = Callable[[int, str], None]
"""Called with a model's place and its answer so far, whenever it grows."""


class SideBySide:
    """Models in a row, run by the engine that the bot runs them with.

    Args:
        folders: models and adapters.
        models_dir: where converted bases are kept.
        options: how they are held.
        sampling: how they write.
        system: what each is told first; "" for nothing.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        models_dir: Path,
        options: LocalModelOptions,
        sampling: Sampling,
        system: str = "",
    ) -> None:
        # All are wanted at the same time: none is thrown out for another.
        shelf = ModelShelf(1 << 60)
        self._models = [InternLm2LanguageModel(folder, models_dir, shelf, options) for folder in folders]
        self._sampling = sampling
        self._system = [ChatMessage("system", system)] if system else []
        self._chats: list[list[ChatMessage]] = []
        self.forget()

    @property
    def names(self) -> list[str]:
        """Of the models, in their order."""
        return [model.name.partition("/")[2] for model in self._models]

    def forget(self) -> None:
        """Begin anew."""
        self._chats = [list(self._system) for _ in self._models]

    async def ask(self, question: str, written: Written = lambda _place, _text: None) -> list[str]:
        """Ask all; returns their answers. What goes wrong with one is its answer.

        Args:
            question: the next one of the conversation.
            written: told while the answers grow.
        """
        for model in self._models:
            await model.warm_up()  # one after the other: each looks how much memory is left
        asked = ChatMessage("user", question)
        return list(
            await asyncio.gather(*(self._ask(place, asked, written) for place in range(len(self._models))))
        )

    async def _ask(self, place: int, asked: ChatMessage, written: Written) -> str:
        chat, text = [*self._chats[place], asked], ""
        try:
            async with aclosing(self._models[place].stream(chat, self._sampling)) as pieces:
                async for piece in pieces:
                    text += piece
                    written(place, text)
        except ModelError as exc:
            text += f"（{exc.message}）"
            written(place, text)
            return text
        self._chats[place] = [*chat, ChatMessage("assistant", text)]
        return text

    async def close(self) -> None:
        """Let go of the models."""
        for model in self._models:
            await model.close()
