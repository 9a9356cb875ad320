"""What search takes by the number of recipes, drawn: latency beside others, and memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.benchmarking.plots import new_figure, saved

_LINES = {
    "BM25 + FAISS flat, p50": ("#8a8178", ("others", "theirs", "p50_ms")),
    "ours with vectors, p99": ("#b5541c", ("hybrid", "all", "p99_ms")),
    "ours with vectors, p50": ("#dd9a6c", ("hybrid", "all", "p50_ms")),
    "words and sounds, p50": ("#4c6b2f", ("lexical", "all", "p50_ms")),
}
"""Label → colour, and where the figure is in a result."""


def draw_scale(results: Sequence[dict[str, Any]], path: Path) -> Path:
    """Draw the results of `tests.benchmarks.recipe_scale` at several sizes as SVG; returns the file."""
    results = sorted(results, key=lambda result: int(result["recipes"]))
    sizes = [int(result["recipes"]) for result in results]
    figure = new_figure(9, 3.6)
    latency, memory = figure.subplots(1, 2, width_ratios=(3, 2))
    for label, (colour, (part, row, key)) in _LINES.items():
        milliseconds = [result.get(part, {}).get(row, {}).get(key) for result in results]
        latency.plot(sizes, milliseconds, "o-", color=colour, label=label)
    latency.axhline(20, color="#d9d2c9", linewidth=1, linestyle="--")
    latency.set(xscale="log", yscale="log", xlabel="recipes", ylabel="milliseconds a search", title="latency")
    latency.legend(fontsize=8)
    for key, label in (("resident_mb_hybrid", "with vectors"), ("resident_mb_lexical", "without")):
        memory.plot(sizes, [result.get(key) for result in results], "o-", label=label)
    memory.axhline(2000, color="#d9d2c9", linewidth=1, linestyle="--")
    memory.set(xscale="log", xlabel="recipes", ylabel="MB resident", title="memory")
    memory.legend(fontsize=8)
    return saved(figure, path)
