"""A model's answer as a whole, for those who do not show it while it is written."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.errors import ModelError


async def whole_answer(
    stream: AsyncGenerator[str, None], most_characters: int, *, ended_by: tuple[type[ModelError], ...] = ()
) -> str:
    """What `stream` yields, put together; it is closed in any case.

    Args:
        stream: of `core.ports.LanguageModel.stream`.
        most_characters: a model that writes on is left there; the last piece may go a little beyond.
        ended_by: errors that end the answer like any other end, with what was written until then.

    Raises:
        ModelError: any other error of the model.
    """
    written = ""
    try:
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                written += piece
                if len(written) > most_characters:
                    break
    except ended_by:
        return written
    return written
