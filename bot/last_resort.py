"""The last-resort handler: what nobody expected becomes a `BotError`, logged without anybody's words."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

from core.errors import BotError

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


async def expected(work: Awaitable[Result], label: str) -> Result:
    """Await `work` and let only expected errors pass.

    Args:
        work: what may contain a mistake of ours: a handler, a channel, a turn.
        label: what it is about, for the log: ids only.

    Raises:
        BotError: as raised, or in place of what nobody expected; its place is logged, its text is not.
        TimeoutError: as raised.
    """
    try:
        return await work
    except (BotError, TimeoutError):
        raise
    except Exception as exc:
        places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in extract_tb(exc.__traceback__)]
        # Not logger.exception: the exception's text may quote what a user said.
        logger.error("unexpected %s error=%s at=%s", label, type(exc).__name__, places[-6:])  # noqa: TRY400
        raise BotError(f"unexpected {type(exc).__name__}") from exc
