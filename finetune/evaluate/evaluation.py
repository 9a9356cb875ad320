"""What came of evaluating one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from finetune.evaluate.measures import Figures, means, measured
from finetune.evaluate.samples import Sample


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's answers and their figures, in the order of the samples."""

    name: str
    samples: Sequence[Sample]
    answers: Sequence[str]
    figures: Sequence[Figures]

    @classmethod
    def of(
        cls,
        name: str,
        samples: Sequence[Sample],
        answers: Sequence[str],
        marks: Sequence[float | None] | None = None,
    ) -> Evaluation:
        """Measure `answers`; `marks` are the judge's."""
        figures = [measured(sample, answer) for sample, answer in zip(samples, answers, strict=True)]
        for row, mark in zip(figures, marks or [None] * len(figures), strict=True):
            if mark is not None:
                row["judged"] = mark
        return cls(name, samples, answers, figures)

    def means(self) -> Figures:
        """Over all samples."""
        return means(self.figures)

    def as_record(self) -> dict[str, Any]:
        """For a JSON file: means over all, by kind, and how many samples of each."""
        kinds = sorted({sample.kind for sample in self.samples})
        by_kind = {
            kind or "unknown": [f for s, f in zip(self.samples, self.figures, strict=True) if s.kind == kind]
            for kind in kinds
        }
        return {
            "model": self.name,
            "samples": len(self.samples),
            "all": self.means(),
            "kinds": {kind: {"samples": len(rows), **means(rows)} for kind, rows in by_kind.items()},
        }
