"""A segment: a part of an index that never changes once the manifest lists it.

recipes.jsonl (+ .offsets)  one recipe a line, by row number
forms.txt (+ .offsets)      the different forms (ways to name a dish), by form number
forms.starts, forms.rows    form number → the rows of its recipes, best first (compressed sparse rows)
traits.npy                  `TRAITS` of each row
ids.npy                     `IDS`: the hashes of recipe ids, sorted, with their rows
lexical/, recipes/          search by words and sounds, and by what is in a recipe
vectors.*                   the vector of each form, if the index has vectors
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CorpusError, IndexCorruptError
from core.recipe import Recipe
from index.recipe_file import LineReader

TRAITS = np.dtype([("quality", "u1"), ("minutes", "<u2"), ("dish", "<u4")])
"""Of a row: completeness (0 to 255), minutes (0 unknown), and the number of a form that names its dish.

Rows of the same `dish` are different recipes for one dish, synonyms and decoration of titles aside.
"""
IDS = np.dtype([("hash", "<u8"), ("row", "<u4")])

Removed = NDArray[np.bool_]
"""Which rows of a segment have been taken out of the index: bool [recipes]."""


def id_hash(recipe_id: str) -> int:
    """64 bits that stand for a recipe id."""
    return int.from_bytes(hashlib.blake2b(recipe_id.encode("utf-8", "replace"), digest_size=8).digest())


class Segment:
    """An opened segment; safe to use from several threads.

    Args:
        folder: where it is; its name is the segment's name.
        removed: rows that are taken out; None for none.

    Raises:
        IndexCorruptError: its files do not fit each other.
    """

    def __init__(self, folder: Path, removed: Removed | None = None) -> None:
        self.folder = folder
        self.name = folder.name
        self._recipes = LineReader(folder, "recipes.jsonl")
        self._forms = LineReader(folder, "forms.txt")
        self._starts = _mapped(folder / "forms.starts", "<i8")
        self._rows = _mapped(folder / "forms.rows", "<i4")
        self.traits: NDArray[Any] = _array(folder / "traits.npy", TRAITS)
        self.ids: NDArray[Any] = _array(folder / "ids.npy", IDS)
        self._removed = removed if removed is not None and removed.any() else None
        self._check()

    def _check(self) -> None:
        fit = (
            len(self._starts) == len(self._forms) + 1
            and int(self._starts[0]) == 0
            and int(self._starts[-1]) == len(self._rows)
            and len(self.traits) == len(self.ids) == len(self._recipes)
            and (self._removed is None or len(self._removed) == len(self._recipes))
        )
        if not fit:
            raise IndexCorruptError(f"{self.folder}: the files of this segment do not fit each other")

    @property
    def recipe_count(self) -> int:
        """Number of recipes, those taken out included: rows are below it."""
        return len(self._recipes)

    @property
    def live_count(self) -> int:
        """Number of recipes that have not been taken out."""
        return self.recipe_count - (int(self._removed.sum()) if self._removed is not None else 0)

    @property
    def form_count(self) -> int:
        """Number of forms."""
        return len(self._forms)

    def form(self, number: int) -> str:
        """The text of form `number`."""
        return self._forms.line(number)

    def rows_of(self, form_number: int) -> NDArray[np.int32]:
        """The rows of the recipes that a form names, best first, without those taken out; may be empty."""
        rows = np.asarray(self._rows[int(self._starts[form_number]) : int(self._starts[form_number + 1])])
        return rows if self._removed is None else rows[~self._removed[rows]]

    def recipes_a_form(self) -> NDArray[np.int64]:
        """How many recipes hang on each form, those taken out included: int64 [forms]."""
        return np.diff(self._starts)

    def is_removed(self, row: int) -> bool:
        """Whether the recipe at `row` has been taken out of the index."""
        return self._removed is not None and bool(self._removed[row])

    def live_rows(self) -> NDArray[np.bool_]:
        """Which rows have not been taken out of the index: bool [recipes]."""
        if self._removed is None:
            return np.ones(self.recipe_count, dtype=np.bool_)
        return ~self._removed

    def recipe(self, row: int) -> Recipe:
        """Recipe number `row`, be it taken out or not.

        Raises:
            IndexCorruptError: its line cannot be read.
        """
        try:
            return Recipe.from_dict(json.loads(self._recipes.line(row)))
        except (ValueError, CorpusError) as exc:
            raise IndexCorruptError(f"recipe {row} of {self.name} cannot be read") from exc

    def title(self, row: int) -> str:
        """The title of recipe number `row`: all of a recipe that a search reads of those it does not show."""
        try:
            return str(json.loads(self._recipes.line(row))["name"])
        except (ValueError, KeyError, TypeError) as exc:
            raise IndexCorruptError(f"recipe {row} of {self.name} cannot be read") from exc

    def row_with_id(self, hashed: int) -> int | None:
        """The row of the recipe whose `id_hash` is `hashed`, be it taken out or not; None for no such one."""
        place = int(np.searchsorted(self.ids["hash"], np.uint64(hashed)))
        if place == len(self.ids) or int(self.ids[place]["hash"]) != hashed:
            return None
        return int(self.ids[place]["row"])


def _mapped(path: Path, kind: str) -> NDArray[Any]:
    try:
        return np.asarray(np.memmap(path, dtype=kind, mode="r"))  # a memmap takes its time for each slice
    except (OSError, ValueError) as exc:
        raise IndexCorruptError(f"{path}: cannot be read") from exc


def _array(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as exc:
        raise IndexCorruptError(f"{path}: cannot be read") from exc
    if found.dtype != kind or found.ndim != 1:
        raise IndexCorruptError(f"{path}: holds something else")
    return found
