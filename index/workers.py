"""Work in other processes, in order: for the parts of a build that keep a core busy each.

Processes are spawned, never forked: a fork would copy threads and models half-way through their work.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from core.errors import RecipeIndexError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_AHEAD = 2
"""Pieces under way for each process: enough to keep it busy, few enough to bound memory."""


def workers_for(pieces: int) -> int:
    """How many processes are worth starting for that many pieces of work; 0 for none beside this one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, pieces // 4) if cores > 1 and pieces >= 8 else 0


def pieces_of(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """`items` in lists of `size`, the last one perhaps shorter."""
    remaining = iter(items)
    while piece := list(islice(remaining, size)):
        yield piece


def mapped(function: Callable[[_Item], _Result], items: Iterable[_Item], workers: int) -> Iterator[_Result]:
    """The results of `function` for each of `items`, in order; with 0 workers in this process.

    Args:
        function: found by its name in an imported module, as are all that it needs.
        items: taken as they are needed, a few ahead.
        workers: how many processes.

    Raises:
        RecipeIndexError: a process was killed.
    """
    if not workers:
        yield from map(function, items)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        under_way: deque[Future[_Result]] = deque()
        try:
            for item in items:
                under_way.append(pool.submit(function, item))
                if len(under_way) > _AHEAD * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool as exc:
            raise RecipeIndexError(
                "a process of the build was killed, most likely for want of memory; the index is as it was"
            ) from exc
        finally:
            for future in under_way:
                future.cancel()


def _end_with_parent() -> None:
    """A worker whose builder was killed must not wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
