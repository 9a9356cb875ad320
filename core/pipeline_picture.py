"""The picture of one run of the pipeline: drawn beside the text, given up with it."""

from __future__ import annotations

import asyncio
import logging

from core.errors import BotError, IllustrationError
from core.messages import Picture, Stage
from core.pipeline_run import Run
from core.ports import ImageGenerator
from core.recipe import Recipe
from core.stages import limited

logger = logging.getLogger(__name__)


def start_picture(run: Run, illustrator: ImageGenerator, recipe: Recipe, limit_seconds: float) -> None:
    """Begin to draw; whoever ends the run calls `abandon_picture`."""

    async def drawn() -> Picture:
        with run.times.measured(Stage.ILLUSTRATE):
            async with limited(limit_seconds, IllustrationError):
                return await illustrator.draw(recipe, run.picture_steps.tell)

    run.picture = asyncio.create_task(drawn())


def failure_code(picture: asyncio.Task[Picture]) -> str:
    """Why a finished drawing has no picture; "" when it has one."""
    error = asyncio.CancelledError() if picture.cancelled() else picture.exception()
    if error is None:
        return ""
    logger.warning("illustrate_failed error=%s", type(error.__cause__ or error).__name__)
    return error.code if isinstance(error, BotError) else IllustrationError.code


async def abandon_picture(run: Run) -> None:
    """Stop a drawing that nobody waits for any more, and wait until it has stopped."""
    if run.picture is None:
        return
    run.picture.cancel()
    await asyncio.wait({run.picture})
    if not run.picture.cancelled():
        run.picture.exception()  # counts as seen
    run.picture = None
