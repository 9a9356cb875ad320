"""A delivery in several steps that goes on where it was, after a failure or a restart."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.telegram_memory import TelegramMemory
from core.errors import StorageError

logger = logging.getLogger(__name__)

_SENT = "sent"


async def run_steps(
    memory: TelegramMemory, key: str, steps: Sequence[Callable[[], Awaitable[object]]]
) -> None:
    """Run the steps that have not been run under this key; a single step needs no record.

    A memory that fails is no reason not to answer: then a step may be run again.
    """
    is_recorded = len(steps) > 1
    done = await _steps_done(memory, key) if is_recorded else 0
    for number, step in enumerate(steps[done:], start=done + 1):
        await step()
        if is_recorded:
            await _record(memory, key, number)


async def _steps_done(memory: TelegramMemory, key: str) -> int:
    try:
        return int(await memory.find(_SENT, key) or 0)
    except StorageError:
        logger.warning("telegram_memory_unreadable")
        return 0


async def _record(memory: TelegramMemory, key: str, number: int) -> None:
    try:
        await memory.keep(_SENT, key, str(number))
    except StorageError:
        logger.warning("telegram_memory_unwritable")
