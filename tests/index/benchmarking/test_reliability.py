"""The calibration curve."""

from __future__ import annotations

import pytest

from index.benchmarking.reliability import reliability
from index.evaluate import LabelledQuery, Outcome, outcomes_of
from tests.index.benchmarking.searches import finding


def outcomes(score: float, right: int, wrong: int) -> list[Outcome]:
    queries = [LabelledQuery("q", frozenset({"红烧肉"}))] * right + [LabelledQuery("q", frozenset())] * wrong
    return outcomes_of(finding("红烧肉", score=score), queries)


def test_scores_that_are_chances_have_no_error() -> None:
    curve = reliability([*outcomes(0.75, 3, 1), *outcomes(0.25, 1, 3)])
    assert curve == {
        "n": 8,
        "bins": [
            {"from": 0.2, "to": 0.3, "n": 4, "predicted": 0.25, "right": 0.25},
            {"from": 0.7, "to": 0.8, "n": 4, "predicted": 0.75, "right": 0.75},
        ],
        "ece": 0.0,
        "brier": 0.1875,
    }


def test_certainty_that_is_wrong_counts_in_full() -> None:
    curve = reliability([*outcomes(1.0, 0, 1), *outcomes(0.0, 0, 3)])
    assert (curve["ece"], curve["brier"], [b["n"] for b in curve["bins"]]) == (0.25, 0.25, [3, 1])


def test_of_nothing() -> None:
    assert reliability([]) == {"n": 0, "bins": [], "ece": None, "brier": None}


@pytest.mark.parametrize("score", [0.0, 0.1, 0.999, 1.0])
def test_every_score_has_a_bin(score: float) -> None:
    assert [b["n"] for b in reliability(outcomes(score, 1, 0))["bins"]] == [1]
