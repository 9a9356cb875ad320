"""The curve of a training: a line of CSV for each step as it happens, and a picture of it."""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from core.whole_file import whole_file
from finetune.errors import TrainingError

_SMOOTHED_OVER = 20
"""Steps of the running mean that is drawn over the single losses."""


@dataclass(frozen=True, slots=True)
class Point:
    """One step. Losses are means over learned tokens, in nats; `held_out` is None where nobody looked."""

    step: int
    epoch: float
    loss: float | None
    held_out: float | None
    learning_rate: float
    gradient_norm: float | None
    tokens: int
    seconds: float


class Curve:
    """The curve in a file of CSV.

    Args:
        path: the file.
        up_to: steps behind it are forgotten: they are about to be made again.
    """

    def __init__(self, path: Path, up_to: int) -> None:
        self._path = path
        self.points = [point for point in read_points(path) if point.step <= up_to] if path.exists() else []
        self._write(self.points, "w")

    def add(self, point: Point) -> None:
        """Append a step."""
        self.points.append(point)
        self._write([point], "a")

    def _write(self, points: list[Point], mode: str) -> None:
        try:
            with self._path.open(mode, encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                if mode == "w":
                    writer.writerow(field.name for field in fields(Point))
                writer.writerows(
                    ["" if value is None else value for value in astuple(point)] for point in points
                )
        except OSError as exc:
            raise TrainingError(f"{self._path.name} cannot be written: {exc.strerror}") from exc


def read_points(path: Path) -> list[Point]:
    """The points of a curve; a line that a kill cut short is left out."""
    points = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                points.append(
                    Point(
                        int(row["step"]),
                        float(row["epoch"]),
                        float(row["loss"]) if row["loss"] else None,
                        float(row["held_out"]) if row["held_out"] else None,
                        float(row["learning_rate"]),
                        float(row["gradient_norm"]) if row["gradient_norm"] else None,
                        int(row["tokens"]),
                        float(row["seconds"]),
                    )
                )
            except (KeyError, TypeError, ValueError):
                continue
    return points


def draw(points: list[Point], path: Path) -> None:
    """Draw losses over steps, as SVG whose bytes depend on the points alone."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    learned = [(point.step, point.loss) for point in points if point.loss is not None]
    if learned:
        steps, losses = zip(*learned, strict=True)
        axes.plot(steps, losses, color="#d98c5f", alpha=0.4, linewidth=0.8, label="each step")
        axes.plot(steps, _smoothed(losses), color="#b5541c", label=f"mean of {_SMOOTHED_OVER} steps")
    held_out = [(point.step, point.held_out) for point in points if point.held_out is not None]
    if held_out:
        axes.plot(*zip(*held_out, strict=True), color="#2f6690", marker="o", markersize=3, label="held out")
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats a token")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if learned or held_out:
        axes.legend()
    with whole_file(path) as unfinished, mpl.rc_context({"svg.hashsalt": "curve"}):
        figure.savefig(unfinished, format="svg", metadata={"Date": None})


def _smoothed(losses: tuple[float, ...]) -> list[float]:
    spans = (losses[max(0, end - _SMOOTHED_OVER) : end] for end in range(1, len(losses) + 1))
    return [sum(span) / len(span) for span in spans]
