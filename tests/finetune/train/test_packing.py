"""Rows and steps: nothing lost, nothing twice, the same every time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetune.train.packing import Schedule, packed


@given(st.lists(st.integers(1, 50), min_size=1, max_size=80))
def test_every_conversation_is_in_one_row_that_holds_it(lengths: list[int]) -> None:
    rows = packed(np.array(lengths), 50)
    assert sorted(index for row in rows for index in row) == list(range(len(lengths)))
    assert max(sum(lengths[index] for index in row) for row in rows) <= 50
    # Two rows that would go into one do not exist: best fit leaves at most one row half empty.
    sizes = sorted(sum(lengths[index] for index in row) for row in rows)
    assert len(sizes) < 2 or sizes[0] + sizes[1] > 50


def test_rows_are_filled_to_the_brim_where_that_can_be() -> None:
    assert packed(np.array([3, 7, 5, 5, 10]), 10) == [[4], [1, 0], [2, 3]]


def test_an_epoch_sees_each_row_once_and_the_next_in_another_order() -> None:
    schedule = Schedule(rows=10, rows_a_step=4, epochs=2, warmup_share=0.1, seed=7)
    assert schedule.steps == 5
    seen = [row for step in range(1, 6) for row in schedule.rows_of(step)]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]
    again = Schedule(rows=10, rows_a_step=4, epochs=2, warmup_share=0.1, seed=7)
    assert again.rows_of(3) == schedule.rows_of(3)
    assert Schedule(10, 4, 2, 0.1, seed=8).rows_of(1) != schedule.rows_of(1)


def test_a_step_may_be_larger_than_all_rows() -> None:
    schedule = Schedule(rows=3, rows_a_step=8, epochs=1, warmup_share=0, seed=1)
    assert schedule.steps == 1
    assert sorted(set(schedule.rows_of(1))) == [0, 1, 2]
    assert len(schedule.rows_of(1)) == 8


def test_the_rate_rises_and_then_falls_along_a_cosine() -> None:
    schedule = Schedule(rows=100, rows_a_step=1, epochs=1, warmup_share=0.1, seed=7)
    rates = [schedule.rate_at(step) for step in range(1, 101)]
    assert rates[:10] == [number / 10 for number in range(1, 11)]
    assert max(rates) == 1.0 == rates[9]
    assert all(later < earlier for earlier, later in pairwise(rates[9:]))
    assert 0 < rates[-1] < 0.001
