"""From likeness to a probability, and the threshold of refusal."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from index.calibrate import OFF_TOPIC_FILE, calibrate
from index.calibration import UNCALIBRATED, Calibration, features, fit, load_calibration, save_calibration
from index.likeness import Likeness
from index.retriever import HybridRetriever

SAME = Likeness(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4)
DIFFERENT = Likeness(0.0, 0.1, 0.1, 0.1, 0.0, 0.0, 0.8, 4)


def samples() -> list[tuple[Likeness, bool, float]]:
    """Forty likenesses around 0.85 that are right, forty around 0.2 that are wrong."""
    chance = random.Random(3)  # noqa: S311 - reproducible samples, nothing secret

    def near(middle: float) -> Likeness:
        measures = [chance.uniform(middle - 0.15, middle + 0.15) for _ in range(5)]
        spelling, sound, subject, form, characters = measures
        return Likeness(spelling, sound, subject, form, characters, 0.0, 0.9, 4)

    return [(near(0.85), True, 1.0) for _ in range(40)] + [(near(0.2), False, 1.0) for _ in range(40)]


def test_a_separable_set_is_separated() -> None:
    fitted = fit(samples())
    told = [fitted.probability(alike) >= fitted.threshold for alike, _, _ in samples()]
    assert told == [right for _, right, _ in samples()]


def test_a_weightless_sample_changes_nothing() -> None:
    assert fit([*samples(), (SAME, False, 0.0)]) == fit(samples())


def test_the_weights_that_ship() -> None:
    shipped = load_calibration()
    assert len(shipped.weights) == len(features(SAME.measures)) + 1
    assert 0.2 <= shipped.threshold <= 0.8
    assert shipped.probability(DIFFERENT) < 0.01 < 0.99 < shipped.probability(SAME)


def test_likeness_never_lowers_the_probability() -> None:
    assert all(weight > 0 for weight in load_calibration().weights[:4])


def test_a_calibration_is_stored_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.calibration.WEIGHTS_FILE", tmp_path / "weights.json")
    save_calibration(Calibration((0.5, -1.0), 0.3))
    assert load_calibration() == Calibration((0.5, -1.0), 0.3)


def test_uncalibrated_refuses_nothing() -> None:
    assert UNCALIBRATED.probability(DIFFERENT) >= UNCALIBRATED.threshold


@pytest.mark.load
def test_fitting_the_cookbook_anew_gives_a_usable_calibration(lexical_retriever: HybridRetriever) -> None:
    fitted = calibrate(lexical_retriever, questions=150, absent=30)
    assert 0.05 <= fitted.threshold <= 0.95
    assert fitted.probability(DIFFERENT) < fitted.threshold < fitted.probability(SAME)


def test_off_topic_questions_are_many_and_each_there_once() -> None:
    questions = OFF_TOPIC_FILE.read_text(encoding="utf-8").splitlines()
    assert (len(questions) >= 300, len(set(questions)) == len(questions)) == (True, True)
