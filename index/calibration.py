"""From likeness to the chance that a hit is what was asked for, and when to decline.

A logistic regression over the measures of `index.likeness`, fitted by `python -m index calibrate` on
the shipped cookbook: questions made from its names (plain, a character dropped, two swapped, replaced
by homophones, Traditional) against off-topic questions (`calibration_data/off_topic.txt`) and against
dishes whose own recipe was taken out; kept in `calibration_data/weights.json`. The cosine of the vectors is
left out on purpose: with the other measures at hand it added nothing (its weight came out slightly
negative), and so one calibration serves every embedder and none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.likeness import Likeness, Measured, Numbers

WEIGHTS_FILE = Path(__file__).parent / "calibration_data" / "weights.json"
_RIDGE = 1e-2
_NEWTON_STEPS = 50
_NAMING_SYLLABLES = 3
_COST_OF_WRONG_REFUSAL = 3
"""A refused cook is worse served than an off-topic question answered with a dish: three to one."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the regression (see `features`), intercept last, and the threshold on its probability."""

    weights: tuple[float, ...]
    threshold: float

    def probability(self, alike: Likeness) -> float:
        """The chance in [0, 1] that a form with this likeness is the one that was asked for."""
        return float(self.probabilities(alike.measures)[0])

    def probabilities(self, measured: Measured) -> Numbers:
        """`probability` for each form (column) of `measured`: float64 [forms]."""
        weights = np.array(self.weights)
        return _sigmoid(weights[:-1] @ features(measured) + weights[-1])


UNCALIBRATED = Calibration((0.0,) * 6, 0.0)
"""Refuses nothing and scores everything alike."""


def features(measured: Measured) -> NDArray[np.float64]:
    """What the regression sees: float64 [5, forms].

    What stands before the whole name of a dish is decoration for the most part (「妈妈的简易红烧肉」), and
    counts half as much as what is foreign to the subject. Two syllables are too few to say so.
    """
    _, sound, subject_covered, form_covered, characters_covered, contained, _, length = measured
    decorated = (contained == 1) & (length >= _NAMING_SYLLABLES)
    form_covered = np.where(decorated, (1 + form_covered) / 2, form_covered)
    return np.stack([sound, subject_covered, form_covered, characters_covered, 1 / length])


def load_calibration() -> Calibration:
    """The calibration that ships with the program."""
    fields = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return Calibration(tuple(fields["weights"]), fields["threshold"])


def save_calibration(calibration: Calibration) -> None:
    """Store `calibration` as the one that ships with the program."""
    WEIGHTS_FILE.write_text(json.dumps(asdict(calibration), indent=1) + "\n", encoding="utf-8")


def fit(samples: Sequence[tuple[Likeness, bool, float]]) -> Calibration:
    """Fit to (likeness of the best match, whether it is right, weight of the sample).

    Ridge-regularised Newton steps; the threshold is the one with the least cost on the samples.
    """
    x = np.array([[*features(alike.measures)[:, 0], 1.0] for alike, _, _ in samples])
    y = np.array([float(right) for _, right, _ in samples])
    sample_weights = np.array([weight for _, _, weight in samples])
    weights = np.zeros(x.shape[1])
    for _ in range(_NEWTON_STEPS):
        p = _sigmoid(x @ weights)
        gradient = x.T @ (sample_weights * (y - p)) - _RIDGE * weights
        hessian = (x.T * (sample_weights * p * (1 - p))) @ x + _RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(hessian, gradient)
    threshold = _best_threshold(_sigmoid(x @ weights), y, sample_weights)
    return Calibration(tuple(round(float(w), 4) for w in weights), threshold)


def _best_threshold(p: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The middle of the cheapest range of thresholds, to two digits."""
    grid = np.arange(0.05, 0.96, 0.01)
    costs = [
        float(_COST_OF_WRONG_REFUSAL * weights[(p < t) & (y == 1)].sum() + weights[(p >= t) & (y == 0)].sum())
        for t in grid
    ]
    cheapest = grid[np.isclose(costs, min(costs))]
    return round(float(cheapest[len(cheapest) // 2]), 2)


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(z, -50, 50)))
