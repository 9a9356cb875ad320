"""The results of a benchmark as tables, for the screen and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from index.benchmarking.ablation import WHOLE

UNCHANGED = "="


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; each row has a cell a column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """As Markdown, with a heading."""
        lines = [f"### {self.title}", "", _line(self.columns), _line("---" for _ in self.columns)]
        return "\n".join([*lines, *map(_line, self.rows)])


def sheets(results: Mapping[str, Any]) -> Iterator[Sheet]:
    """The tables of what `index.benchmark.run` measured."""
    if "figures" in results:
        yield _figures(results["figures"])
        yield _calibration(results["calibration"])
    if "systems" in results:
        yield _hits(results["systems"])
        yield _times(results["systems"])
    if "ablation" in results:
        yield _ablation(results["ablation"])


def summary(results: Mapping[str, Any]) -> Iterator[str]:
    """What is true of the whole run, a line each."""
    yield results["searched"]
    if results.get("resident_mb"):
        yield f"resident with index and models, before the comparison: {results['resident_mb']} MB"
    if results.get("encode_ms"):
        yield f"encoding a query: p50 {results['encode_ms']['p50']} ms, p99 {results['encode_ms']['p99']} ms"
    if "refusal" in results:
        refusal, curve = results["refusal"], results["calibration"]
        yield f"refusal: precision {_told(refusal['precision'])}, recall {_told(refusal['recall'])}"
        told = f"expected error {_told(curve['ece'])}, Brier score {_told(curve['brier'])}"
        yield f"calibration: {told}, over {curve['n']} queries by name"


def share_found(figures: Mapping[str, Any]) -> float | None:
    """The one figure of a kind: hit@1 of what has an answer, else the share refused of what must be."""
    found: float | None = figures["refusal_recall"] if figures["hit@1"] is None else figures["hit@1"]
    return found


def _figures(figures: Mapping[str, Mapping[str, Any]]) -> Sheet:
    names = ("n", "hit@1", "hit@5", "mrr", "all@5", "refusal_recall", "wrongly_refused")
    rows = tuple((stem, *(_told(row[name]) for name in names)) for stem, row in figures.items())
    return Sheet("Figures", ("queries", *names), rows)


def _calibration(curve: Mapping[str, Any]) -> Sheet:
    rows = (
        (f"{b['from']:.1f}–{b['to']:.1f}", str(b["n"]), _told(b["predicted"]), _told(b["right"]))
        for b in curve["bins"]
    )
    return Sheet("Calibration", ("score", "n", "mean score", "share right"), tuple(rows))


def _hits(systems: Mapping[str, Mapping[str, Any]]) -> Sheet:
    names = tuple(next(iter(systems.values())))
    rows = (
        (stem, *(f"{_told(row[name]['hit@1'])} / {_told(row[name]['hit@5'])}" for name in names))
        for stem, row in systems.items()
    )
    return Sheet("Side by side: hit@1 / hit@5", ("queries", *names), tuple(rows))


def _times(systems: Mapping[str, Mapping[str, Any]]) -> Sheet:
    rows = []
    for name in next(iter(systems.values())):
        ratios = [row[name]["p50_of_ours"] for row in systems.values()]
        rows.append((name, f"{min(ratios):.2f}–{max(ratios):.2f}"))
    return Sheet("Time, query already encoded", ("system", "p50 ÷ ours, lowest–highest"), tuple(rows))


def _ablation(ablation: Mapping[str, Mapping[str, Any]]) -> Sheet:
    """The whole search first, then of each part that is off what differs from it."""
    whole = _cells(ablation[WHOLE])
    rows = [(WHOLE, *whole.values())]
    for part, row in ablation.items():
        if part != WHOLE:
            cells = _cells(row)
            rows.append(
                (part, *(UNCHANGED if cells[name] == told else cells[name] for name, told in whole.items()))
            )
    return Sheet("Ablation", ("off", *whole), tuple(rows))


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    cells = {stem: _told(share_found(figures)) for stem, figures in row["files"].items()}
    repeats = [figures["repeats"] * figures["n"] for figures in row["files"].values() if figures["repeats"]]
    counted = sum(figures["n"] for figures in row["files"].values() if figures["repeats"] is not None)
    cells["a dish twice"] = _told(sum(repeats) / counted if counted else None)
    wrong = [f["wrongly_refused"] * f["n"] for f in row["files"].values() if f["wrongly_refused"] is not None]
    cells["wrongly refused"] = _told(sum(wrong) / counted if counted else None)
    return cells


def _told(figure: float | None) -> str:
    if figure is None:
        return "–"
    return str(figure) if isinstance(figure, int) else f"{figure:.3f}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
