"""Writing a segment's recipes and forms, in one pass over the recipes and with little memory.

Per recipe some 80 bytes stay in memory until `finish`, and some 60 per form at its peak: 0.5 GB for
1.5 million recipes. The texts go straight to disk.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.recipe import Recipe
from index.questions import dish_of, forms_of
from index.recipe_file import LineWriter
from index.segment import IDS, TRAITS, id_hash
from index.synonyms import canonical_spelling

_ALL_FORMS = "forms.all"
"""Every form of every recipe, in order; only there while a segment is being written."""


def completeness(recipe: Recipe) -> int:
    """How much a recipe tells, from 0 to 255: its steps, and ingredients with an amount."""
    measured = sum(1 for ingredient in recipe.ingredients if ingredient.amount)
    return round(255 * (min(len(recipe.steps), 10) + min(measured, 10)) / 20)


class SegmentWriter:
    """Writes `recipes.jsonl`, the forms, the traits and the ids of a segment at `folder`, which is empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._recipes = LineWriter(folder, "recipes.jsonl")
        self._all_forms = (folder / _ALL_FORMS).open("wb")
        self._ids = array("Q")
        self._form_hashes, self._form_rows = array("Q"), array("I")
        self._dish_hashes, self._dish_places = array("Q"), array("Q")
        self._quality, self._minutes = array("B"), array("H")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, recipe: Recipe) -> None:
        """Write one recipe; its id must be new."""
        row, forms, dish = len(self._ids), forms_of(recipe), dish_of(recipe)
        line = json.dumps(recipe.to_dict(), ensure_ascii=False, separators=(",", ":"))
        self._recipes.append(line.encode("utf-8", "replace"))
        self._ids.append(id_hash(recipe.recipe_id))
        self._dish_places.append(len(self._form_rows) + forms.index(dish))
        self._dish_hashes.append(_hash(canonical_spelling(dish).encode("utf-8", "replace")))
        for form in forms:
            encoded = form.encode("utf-8", "replace")
            self._all_forms.write(encoded + b"\n")
            self._form_hashes.append(_hash(encoded))
            self._form_rows.append(row)
        self._quality.append(completeness(recipe))
        self._minutes.append(min(recipe.minutes or 0, 65_535))

    def close(self) -> None:
        """Close the files, whatever has been written."""
        self._recipes.close()
        self._all_forms.close()

    def finish(self) -> int:
        """Number the forms, hang the recipes on them and write the rest; returns how many forms there are."""
        self.close()
        hashes = np.frombuffer(self._form_hashes, dtype=np.uint64)
        numbers, first = _numbered(hashes)
        self._write_forms(first)
        traits = np.zeros(len(self), dtype=TRAITS)
        traits["quality"], traits["minutes"] = self._quality, self._minutes
        own_dish = numbers[np.frombuffer(self._dish_places, dtype=np.uint64)]
        dish_numbers, dish_first = _numbered(np.frombuffer(self._dish_hashes, dtype=np.uint64))
        traits["dish"] = own_dish[dish_first][dish_numbers]
        np.save(self._folder / "traits.npy", traits)
        self._write_rows(numbers, own_dish, traits["quality"], len(first))
        self._write_ids()
        return len(first)

    def _write_forms(self, first: NDArray[np.int64]) -> None:
        """Every form once, where it came first."""
        writer, wanted = LineWriter(self._folder, "forms.txt"), iter(first.tolist())
        following = next(wanted, -1)
        with (self._folder / _ALL_FORMS).open("rb") as lines:
            for place, line in enumerate(lines):
                if place == following:
                    writer.append(line[:-1])
                    following = next(wanted, -1)
        writer.close()
        (self._folder / _ALL_FORMS).unlink()

    def _write_rows(
        self, numbers: NDArray[np.int64], own_dish: NDArray[np.int64], quality: NDArray[np.uint8], count: int
    ) -> None:
        """Recipes of which a form is the very dish come first, then the more complete ones."""
        rows = np.frombuffer(self._form_rows, dtype=np.uint32).astype(np.int32)
        is_other_dish = own_dish[rows] != numbers
        order = np.lexsort((rows, -quality[rows].astype(np.int16), is_other_dish, numbers))
        starts = np.zeros(count + 1, dtype="<i8")
        np.cumsum(np.bincount(numbers, minlength=count), out=starts[1:])
        (self._folder / "forms.rows").write_bytes(rows[order].astype("<i4").tobytes())
        (self._folder / "forms.starts").write_bytes(starts.tobytes())

    def _write_ids(self) -> None:
        ids = np.zeros(len(self), dtype=IDS)
        ids["hash"], ids["row"] = self._ids, np.arange(len(self))
        ids.sort(order="hash")
        np.save(self._folder / "ids.npy", ids)


def _hash(text: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def _numbered(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each hash's number, counted in the order of first appearance, and where each number came first."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number_of = np.empty(len(order), dtype=np.int64)
    number_of[order] = np.arange(len(order))
    return number_of[inverse], first[order].astype(np.int64)
