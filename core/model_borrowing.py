"""Borrowing a model from its shelf on an event loop, which goes on while the model loads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, TypeVar

from core.model_shelf import ModelPlan, ModelShelf

Model = TypeVar("Model")
Result = TypeVar("Result")


@asynccontextmanager
async def using(shelf: ModelShelf, plan: ModelPlan[Model]) -> AsyncIterator[Model]:
    """`ModelShelf.borrowed` on an event loop; whoever is cancelled while a model loads borrows nothing.

    Raises:
        BotError: as `ModelShelf.borrowed`.
    """
    borrowing = shelf.borrowed(plan)
    entering = _in_thread(borrowing.__enter__)
    try:
        model = await asyncio.shield(entering)
    except asyncio.CancelledError:
        entering.add_done_callback(lambda entered: _returned(entered, borrowing))
        raise
    try:
        yield model
    finally:
        borrowing.__exit__(None, None, None)


def _in_thread(call: Callable[[], Result]) -> asyncio.Future[Result]:
    """`call` in a thread that a stopping bot does not wait for: loading a large model takes minutes."""
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as exc:  # noqa: BLE001 - handed on to whoever waits
            done.set_exception(exc)

    threading.Thread(target=run, daemon=True, name="model-load").start()
    return asyncio.wrap_future(done)


def _returned(entered: asyncio.Future[Any], borrowing: AbstractContextManager[Any]) -> None:
    if not entered.cancelled() and entered.exception() is None:
        borrowing.__exit__(None, None, None)
