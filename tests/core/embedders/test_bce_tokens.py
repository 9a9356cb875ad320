"""Windows of long passages and batches of like length, by examples written out by hand."""

from __future__ import annotations

import pytest

from core.embedders.bce_tokens import batches, padded, windows


@pytest.mark.parametrize(
    ("length", "room", "overlap", "expected"),
    [
        (0, 4, 1, []),
        (1, 4, 1, [(0, 1)]),
        (4, 4, 1, [(0, 4)]),
        (5, 4, 1, [(0, 4), (3, 5)]),
        (10, 4, 1, [(0, 4), (3, 7), (6, 10)]),
        (11, 4, 1, [(0, 4), (3, 7), (6, 10), (9, 11)]),
        (10, 4, 80, [(0, 4), (3, 7), (6, 10)]),  # at most a quarter of a window
        # a question of 10 tokens leaves 502 to a window; 80 are repeated
        (1000, 500, 80, [(0, 500), (420, 920), (840, 1000)]),
    ],
)
def test_windows(length: int, room: int, overlap: int, expected: list[tuple[int, int]]) -> None:
    ids = list(range(length))
    assert windows(ids, room, overlap) == [ids[start:end] for start, end in expected]


@pytest.mark.parametrize(
    ("lengths", "max_tokens", "expected"),
    [
        ([], 10, []),
        ([3], 10, [[0]]),
        ([5, 1, 5, 2], 10, [[1, 3], [0, 2]]),
        ([20, 3], 10, [[1], [0]]),  # one that is too long stands alone
    ],
)
def test_batches(lengths: list[int], max_tokens: int, expected: list[list[int]]) -> None:
    assert list(batches(lengths, max_tokens)) == expected


def test_padding() -> None:
    ids, mask = padded([[0, 5, 2], [0, 2]], 1)
    assert (ids.tolist(), mask.tolist()) == ([[0, 5, 2], [0, 2, 1]], [[1, 1, 1], [1, 1, 0]])
    assert (ids.dtype.name, mask.dtype.name) == ("int64", "int64")
