"""The results of a benchmark as SVG whose bytes depend on the figures alone (matplotlib).

matplotlib comes with requirements-models.txt; nothing else here needs it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import SettingsError
from core.whole_file import whole_file
from index.benchmarking.ablation import WHOLE
from index.benchmarking.tables import share_found

_INK, _QUIET = "#b5541c", "#d9d2c9"


def draw(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw what was measured into `folder`, which is made if need be; returns the files.

    Raises:
        SettingsError: matplotlib is not installed, or the folder cannot be written.
    """
    drawn = []
    if "calibration" in results:
        drawn.append(("calibration", _calibration(results["calibration"])))
    if "systems" in results:
        drawn.append(("systems", _systems(results["systems"])))
    if "ablation" in results:
        drawn.append(("ablation", _ablation(results["ablation"])))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [saved(figure, folder / f"{name}.svg") for name, figure in drawn]
    except OSError as exc:
        raise SettingsError("--plots", f"{folder} cannot be written: {exc.strerror}") from exc


def new_figure(width: float, height: float) -> Any:
    """An empty figure of so many inches.

    Raises:
        SettingsError: matplotlib is not installed.
    """
    try:
        figures = importlib.import_module("matplotlib.figure")
    except ImportError as exc:
        raise SettingsError("--plots", "matplotlib is not installed; see requirements-models.txt") from exc
    return figures.Figure(figsize=(width, height), layout="constrained")


def saved(figure: Any, path: Path) -> Path:
    """Write `figure` to `path`; its bytes depend on the figure and the name alone."""
    mpl = importlib.import_module("matplotlib")
    style = {"svg.hashsalt": path.stem, "svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}
    with whole_file(path) as unfinished, mpl.rc_context(style):
        figure.savefig(unfinished, format="svg", metadata={"Date": None})
    return path


def _calibration(curve: Mapping[str, Any]) -> Any:
    """Share right over mean score, the size of a dot telling how many queries it stands for."""
    figure = new_figure(4.6, 4.2)
    axes = figure.add_subplot()
    bins = curve["bins"]
    axes.plot([0, 1], [0, 1], color=_QUIET, zorder=1)
    predicted, right = [b["predicted"] for b in bins], [b["right"] for b in bins]
    axes.plot(predicted, right, color=_INK, linewidth=0.8, zorder=2)
    axes.scatter(predicted, right, s=[12 + 6 * b["n"] ** 0.5 for b in bins], color=_INK, zorder=3)
    for b in bins:
        axes.annotate(
            str(b["n"]), (b["predicted"], b["right"]), xytext=(6, -11), textcoords="offset points", fontsize=8
        )
    axes.set_xlabel("score of the best hit")
    axes.set_ylabel("share right")
    axes.set_xlim(-0.04, 1.08)
    axes.set_ylim(-0.08, 1.08)
    axes.set_title(f"{curve['n']} queries, expected error {curve['ece']:.3f}", fontsize=10)
    return figure


def _systems(systems: Mapping[str, Mapping[str, Any]]) -> Any:
    names = list(next(iter(systems.values())))
    values = [[systems[stem][name]["hit@1"] for stem in systems] for name in names]
    return _shaded(names, list(systems), values, "hit@1")


def _ablation(ablation: Mapping[str, Mapping[str, Any]]) -> Any:
    parts = [WHOLE, *(part for part in ablation if part != WHOLE)]
    stems = list(ablation[WHOLE]["files"])
    values = [[share_found(ablation[part]["files"][stem]) for stem in stems] for part in parts]
    changed = [
        [y == 0 or value != values[0][x] for x, value in enumerate(row)] for y, row in enumerate(values)
    ]
    rows = [part if part == WHOLE else f"without {part}" for part in parts]
    return _shaded(rows, stems, values, "hit@1; share refused of what must be refused", changed)


def _shaded(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    title: str,
    written: Sequence[Sequence[bool]] | None = None,
) -> Any:
    """A table whose cells are the darker, the higher; figures lie in [0, 1], and are `written` or not."""
    figure = new_figure(2.2 + 0.62 * len(columns), 1.3 + 0.32 * len(rows))
    axes = figure.add_subplot()
    shown = [[0.0 if value is None else value for value in row] for row in values]
    axes.pcolormesh(shown, cmap="Oranges", vmin=-0.2, vmax=1.4, edgecolors="white", linewidth=1.5)
    for y, row in enumerate(values):
        for x, value in enumerate(row):
            if written is not None and not written[y][x]:
                continue
            told = "–" if value is None else f"{value:.2f}"
            axes.text(x + 0.5, y + 0.5, told, ha="center", va="center", fontsize=8)
    axes.set_xticks([x + 0.5 for x in range(len(columns))], columns, rotation=35, ha="right", fontsize=8)
    axes.set_yticks([y + 0.5 for y in range(len(rows))], rows, fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.set_frame_on(False)
    axes.set_title(title, fontsize=10)
    return figure
