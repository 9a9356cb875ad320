"""Recipes and forms on disk, one line each, found by number: memory stays flat at any size.

`recipes.jsonl` + `recipes.offsets` and `forms.txt` + `forms.offsets`: lines, and where each begins
(int64, little endian, one more than there are lines). `forms.rows`: int32, form number → recipe number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.errors import CorpusError, IndexCorruptError
from core.recipe import Recipe


class LineWriter:
    """Writes lines and their offsets."""

    def __init__(self, folder: Path, name: str) -> None:
        self._lines = (folder / name).open("wb")
        self._offsets_path = folder / f"{name}.offsets"
        self._offsets = [0]

    def append(self, line: str) -> None:
        """Add one line; it must not hold a line break."""
        self._lines.write(line.encode("utf-8", "replace") + b"\n")
        self._offsets.append(self._lines.tell())

    def close(self) -> None:
        """Finish both files."""
        self._lines.close()
        self._offsets_path.write_bytes(np.asarray(self._offsets, dtype="<i8").tobytes())


class LineReader:
    """Reads lines by number, memory-mapped; safe to use from several threads."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        try:
            self._offsets = np.memmap(folder / f"{name}.offsets", dtype="<i8", mode="r")
            self._bytes: np.ndarray[tuple[int], np.dtype[np.uint8]] = np.memmap(
                self._path, dtype=np.uint8, mode="r"
            )
        except (OSError, ValueError) as exc:
            raise IndexCorruptError(f"{self._path}: cannot be read") from exc
        if int(self._offsets[-1]) != len(self._bytes):
            raise IndexCorruptError(f"{self._path}: does not fit its offsets")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def line(self, number: int) -> str:
        """Line `number`, without its line break."""
        start, end = int(self._offsets[number]), int(self._offsets[number + 1]) - 1
        return self._bytes[start:end].tobytes().decode("utf-8")


class RecipeFile:
    """The recipes and forms of an index."""

    def __init__(self, folder: Path) -> None:
        self._recipes = LineReader(folder, "recipes.jsonl")
        self._forms = LineReader(folder, "forms.txt")
        try:
            self._rows = np.memmap(folder / "forms.rows", dtype="<i4", mode="r")
        except (OSError, ValueError) as exc:
            raise IndexCorruptError(f"{folder / 'forms.rows'}: cannot be read") from exc
        if len(self._rows) != len(self._forms):
            raise IndexCorruptError(f"{folder}: {len(self._rows)} rows for {len(self._forms)} forms")

    @property
    def recipe_count(self) -> int:
        """Number of recipes."""
        return len(self._recipes)

    @property
    def form_count(self) -> int:
        """Number of forms."""
        return len(self._forms)

    def form(self, number: int) -> str:
        """The text of form `number`."""
        return self._forms.line(number)

    def row_of(self, form_number: int) -> int:
        """The recipe number that a form belongs to."""
        return int(self._rows[form_number])

    def forms_of(self, row: int) -> range:
        """The form numbers of recipe `row`; forms stand in the order of their recipes."""
        return range(
            int(np.searchsorted(self._rows, row, "left")), int(np.searchsorted(self._rows, row, "right"))
        )

    def recipe(self, row: int) -> Recipe:
        """Recipe number `row`."""
        try:
            return Recipe.from_dict(json.loads(self._recipes.line(row)))
        except (ValueError, CorpusError) as exc:
            raise IndexCorruptError(f"recipe {row} of the index cannot be read") from exc


def write_rows(folder: Path, rows: Iterable[int]) -> None:
    """Write which recipe each form belongs to."""
    (folder / "forms.rows").write_bytes(np.fromiter(rows, dtype="<i4").tobytes())
