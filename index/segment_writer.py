"""Writing a segment's recipes and forms to disk, with little memory.

Per recipe some 30 bytes stay in memory, and some 60 per form while they are numbered: 0.5 GB for 1.5 million
recipes with four forms each. The texts go straight to disk.
"""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.recipe_facts import RecipeFacts
from index.recipe_file import LineWriter
from index.segment import IDS, TRAITS

_ALL_FORMS = "forms.all"
"""Every form of every recipe, in order; only there while the forms are being written."""


class RecipeWriter:
    """Writes `recipes.jsonl` and `ids.npy` of a segment at `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = LineWriter(folder, "recipes.jsonl")
        self._ids = array("Q")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, hashed: int, line: bytes) -> None:
        """Write one recipe by the hash of its id, which must be new, and its JSON."""
        self._lines.append(line)
        self._ids.append(hashed)

    def close(self) -> None:
        """Finish the files."""
        self._lines.close()
        ids = np.zeros(len(self), dtype=IDS)
        ids["hash"], ids["row"] = self._ids, np.arange(len(self))
        ids.sort(order="hash")
        np.save(self._folder / "ids.npy", ids)


class FormsWriter:
    """Writes the forms, the recipes that hang on them, and the traits of a segment at `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all_forms = (folder / _ALL_FORMS).open("wb")
        self._hashes, self._counts = array("Q"), array("B")
        self._dish_hashes, self._dish_places = array("Q"), array("B")
        self._quality, self._minutes = array("B"), array("H")

    def add(self, facts: RecipeFacts) -> None:
        """Take the next recipes in."""
        self._all_forms.write(facts.forms)
        self._hashes.extend(facts.form_hashes)
        self._counts.extend(facts.form_counts)
        self._dish_hashes.extend(facts.dish_hashes)
        self._dish_places.extend(facts.dish_places)
        self._quality.extend(facts.quality)
        self._minutes.extend(facts.minutes)

    def close(self) -> None:
        """Give the file of all forms back."""
        self._all_forms.close()

    def finish(self) -> int:
        """Number the forms, hang the recipes on them and write it all; returns how many forms there are."""
        self.close()
        counts = np.frombuffer(self._counts, dtype=np.uint8).astype(np.int64)
        numbers, first = _numbered(np.frombuffer(self._hashes, dtype=np.uint64))
        self._write_forms(first)
        places = np.cumsum(counts) - counts + np.frombuffer(self._dish_places, dtype=np.uint8)
        own_dish = numbers[places]
        dish_numbers, dish_first = _numbered(np.frombuffer(self._dish_hashes, dtype=np.uint64))
        traits = np.zeros(len(counts), dtype=TRAITS)
        traits["quality"], traits["minutes"] = self._quality, self._minutes
        traits["dish"] = own_dish[dish_first][dish_numbers]
        np.save(self._folder / "traits.npy", traits)
        rows = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        self._write_rows(rows, numbers, own_dish[rows] != numbers, traits["quality"], len(first))
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
        self,
        rows: NDArray[np.int32],
        numbers: NDArray[np.int64],
        is_other_dish: NDArray[np.bool_],
        quality: NDArray[np.uint8],
        count: int,
    ) -> None:
        """Recipes of which a form is the very dish come first, then the more complete ones."""
        order = np.lexsort((rows, -quality[rows].astype(np.int16), is_other_dish, numbers))
        starts = np.zeros(count + 1, dtype="<i8")
        np.cumsum(np.bincount(numbers, minlength=count), out=starts[1:])
        (self._folder / "forms.rows").write_bytes(rows[order].astype("<i4").tobytes())
        (self._folder / "forms.starts").write_bytes(starts.tobytes())


def _numbered(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each hash's number, counted in the order of first appearance, and where each number came first."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number_of = np.empty(len(order), dtype=np.int64)
    number_of[order] = np.arange(len(order))
    return number_of[inverse], first[order].astype(np.int64)
