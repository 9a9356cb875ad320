"""Work in other processes: in order, bounded, and named when a process is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from core.errors import RecipeIndexError
from index.workers import mapped, pieces_of, workers_for


def squared(number: int) -> int:
    return number * number


def process_of(_number: int) -> int:
    return os.getpid()


def killed(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_in_order_and_items_are_taken_as_needed() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    results = mapped(squared, numbers(), 1)
    assert next(results) == 0
    assert len(taken) <= 4
    assert [*results] == [number * number for number in range(1, 40)]


def test_without_workers_it_happens_here() -> None:
    assert list(mapped(process_of, range(2), 0)) == [os.getpid()] * 2


def test_a_killed_process_is_named() -> None:
    with pytest.raises(RecipeIndexError, match="was killed, most likely for want of memory"):
        list(mapped(killed, range(3), 1))


def test_pieces() -> None:
    assert list(pieces_of(range(5), 2)) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("pieces", [0, 1, 7])
def test_little_work_is_done_here(pieces: int) -> None:
    assert workers_for(pieces) == 0
