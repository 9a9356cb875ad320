"""How sure it is that a name found in a misheard sentence is what was said.

A logistic regression over the evidence below, fitted by `python -m index calibrate-voice`
(`index.spoken_calibrate`) and kept in `calibration_data/spoken_weights.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS_FILE = Path(__file__).parent / "calibration_data" / "spoken_weights.json"
SURE = 0.5
"""From this confidence on a name is taken as said; below it, ask back. docs/voice.md has what that costs."""
ASK = 0.1
"""Below this confidence the sentence is left as it was heard: no dish is worth asking for."""
_RIDGE = 1.0
_NEWTON_STEPS = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a name.

    Attributes:
        off: how far its syllables are from what was heard, per syllable; 0 is a perfect homophone.
        strays: cost of what was heard beside it, misheard shells included, per syllable of the name.
        margin: how much more the next name of another sound would cost, at most 1.
        length: syllables of the name.
        same: share of its characters that were heard as they are written.
        worst: how far off the worst syllable is; mishearing spreads, another dish differs in one place.
        fluent: share of the characters heard in its place whose neighbour is their neighbour in some name,
            too: 「土豆烧牛肉」 is a dish even where only 土豆炖牛肉 is known, 「聪佑班面」 is none.
    """

    off: float
    strays: float
    margin: float
    length: int
    same: float
    fluent: float
    worst: float

    def features(self) -> tuple[float, ...]:
        """What the regression sees."""
        wrong = 1 - self.same
        return (
            self.off,
            self.off**2,
            self.strays,
            self.margin,
            1 / self.length,
            self.same,
            wrong * self.fluent,
            self.worst * self.fluent,
        )


@dataclass(frozen=True, slots=True)
class Confidence:
    """Weights of the regression (see `Evidence.features`), intercept last."""

    weights: tuple[float, ...]

    def probability(self, evidence: Evidence) -> float:
        """The chance in [0, 1] that the name was said."""
        return float(_sigmoid(np.dot(evidence.features(), self.weights[:-1]) + self.weights[-1]))


def load_confidence() -> Confidence:
    """The fit that ships with the program."""
    return Confidence(tuple(json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))["weights"]))


def save_confidence(confidence: Confidence) -> None:
    """Store `confidence` as the fit that ships with the program."""
    WEIGHTS_FILE.write_text(json.dumps(asdict(confidence), indent=1) + "\n", encoding="utf-8")


def fit(samples: Sequence[tuple[Evidence, bool, float]]) -> Confidence:
    """Fit to (evidence for the best name, whether it was said, weight of the sample): ridge, Newton steps."""
    x = np.array([[*evidence.features(), 1.0] for evidence, _, _ in samples])
    y = np.array([float(said) for _, said, _ in samples])
    sample_weights = np.array([weight for _, _, weight in samples])
    ridge = _RIDGE * np.eye(x.shape[1])
    weights = np.zeros(x.shape[1])
    for _ in range(_NEWTON_STEPS):
        p = _sigmoid(x @ weights)
        gradient = x.T @ (sample_weights * (y - p)) - ridge @ weights
        hessian = (x.T * (sample_weights * p * (1 - p))) @ x + ridge
        weights += np.linalg.solve(hessian, gradient)
    return Confidence(tuple(round(float(weight), 4) for weight in weights))


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(z, -50, 50)))
