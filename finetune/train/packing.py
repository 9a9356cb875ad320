"""Conversations into rows of at most so many tokens, and rows into steps.

Everything here is a pure function of lengths and a seed: which rows a step learns from needs no memory of
earlier steps, so that a resumed training sees what an unbroken one would have seen, and several processes
agree without talking.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def packed(lengths: Numbers, row_tokens: int) -> list[list[int]]:
    """Indexes of conversations, grouped so that each group has at most `row_tokens`: best fit, longest first.

    Args:
        lengths: int64 [conversations], each from 1 to `row_tokens`.
        row_tokens: of a row.
    """
    rows: list[list[int]] = []
    open_rows: list[tuple[int, int]] = []  # (room, row), by room
    for index in np.argsort(-lengths, kind="stable"):
        length = int(lengths[index])
        place = bisect_left(open_rows, (length, -1))
        if place < len(open_rows):
            room, row = open_rows.pop(place)
        else:
            room, row = row_tokens, len(rows)
            rows.append([])
        rows[row].append(int(index))
        if room > length:
            insort(open_rows, (room - length, row))
    return rows


@dataclass(frozen=True)
class Schedule:
    """Which rows are learnt from in which step, and how fast.

    Attributes:
        rows: how many there are; each epoch has an order of its own.
        rows_a_step: learnt from in one step.
        epochs: how often each row is seen.
        warmup_share: of all steps, in which the rate rises.
        seed: of the orders.
    """

    rows: int
    rows_a_step: int
    epochs: float
    warmup_share: float
    seed: int

    @property
    def steps(self) -> int:
        """Of the optimizer, all in all."""
        return max(1, int(np.ceil(self.rows * self.epochs / self.rows_a_step)))

    def rows_of(self, step: int) -> list[int]:
        """The rows of step `step`, counted from 1. The last step goes on into the next epoch to be full."""
        first = (step - 1) * self.rows_a_step
        places = range(first, first + self.rows_a_step)
        return [int(_order(self.rows, self.seed, place // self.rows)[place % self.rows]) for place in places]

    def epoch_at(self, step: int) -> float:
        """How often the rows have been seen after step `step`."""
        return step * self.rows_a_step / self.rows

    def rate_at(self, step: int) -> float:
        """The learning rate of step `step`, as a share of the highest."""
        warmup = max(1, round(self.steps * self.warmup_share))
        if step <= warmup:
            return step / warmup
        return float(0.5 * (1 + np.cos(np.pi * (step - warmup) / max(1, self.steps - warmup + 1))))


@lru_cache(maxsize=2)
def _order(rows: int, seed: int, epoch: int) -> Numbers:
    return np.random.default_rng([seed, epoch]).permutation(rows)
