"""Whether the score of a hit is the chance that it is right.

Queries are put into bins by the score of their best hit, and in each bin the mean score is held against the
share that was right (DeGroot and Fienberg 1983; the expected calibration error after Guo and others,
arXiv:1706.04599). A query that must be refused has no right hit; one without any hit was given 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from index.evaluate import Outcome

BINS = 10


def reliability(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The curve: `bins` (`from`, `to`, `n`, `predicted`, `right`; empty ones left out), `ece` and `brier`.

    All of them lie in [0, 1]; `ece` and `brier` are None without outcomes, 0 is best.
    """
    pairs = [(outcome.score, float(outcome.rank == 1)) for outcome in outcomes]
    bins = []
    error = 0.0
    for number in range(BINS):
        inside = [pair for pair in pairs if min(int(pair[0] * BINS), BINS - 1) == number]
        if not inside:
            continue
        predicted = sum(score for score, _ in inside) / len(inside)
        right = sum(was_right for _, was_right in inside) / len(inside)
        error += len(inside) / len(pairs) * abs(predicted - right)
        bins.append(
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "n": len(inside),
                "predicted": round(predicted, 4),
                "right": round(right, 4),
            }
        )
    brier = sum((score - was_right) ** 2 for score, was_right in pairs) / len(pairs) if pairs else None
    return {
        "n": len(pairs),
        "bins": bins,
        "ece": round(error, 4) if pairs else None,
        "brier": round(brier, 4) if brier is not None else None,
    }
