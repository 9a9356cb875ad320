"""First pass: recipes from the sources, tidied, in an order that depends on their dishes alone."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import CorpusError, SettingsError
from core.recipe import Recipe
from finetune.data.choice import hash64
from finetune.data.cleaning import NothingToTeachError, tidy
from finetune.data.dishes import dish_of
from finetune.data.hash_order import HashOrder
from finetune.data.report import DataReport
from index.importing.repair import repaired
from index.readers import read_corpus

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Recipes in the order of their dishes' hashes, and how the dishes are split.

    Attributes:
        order: recipes, those of a dish next to each other.
        dev_dishes: the first so many dishes of the order are held out.
    """

    order: HashOrder
    dev_dishes: int


def gather(
    sources: Sequence[Path], order: HashOrder, report: DataReport, *, skip_bad: bool, progress: Progress
) -> Gathered:
    """Read every source.

    Args:
        sources: files and folders that `index.readers` understands.
        order: takes the recipes.
        report: takes counts and complaints.
        skip_bad: leave out rows that cannot be read, and report them.
        progress: told how many rows were read.

    Raises:
        CorpusError: a source or (unless `skip_bad`) a row cannot be read; names file and line.
        SettingsError: no recipe is left.
        OSError: the disk fails.
    """
    keys = array("Q")
    for recipe in _recipes(sources, report, skip_bad=skip_bad):
        if report.rows % 1000 == 0:
            progress("rows read", report.rows, 0)
        dish = dish_of(recipe)
        if not dish:
            report.drop("no dish can be told from the name", recipe.name)
            continue
        key = hash64(report.plan.seed, dish)
        keys.append(key)
        order.add(key, json.dumps(recipe.to_dict(), ensure_ascii=False, separators=(",", ":")))
    progress("rows read", report.rows, report.rows)
    dishes = len(np.unique(np.frombuffer(keys, dtype=np.uint64))) if keys else 0
    if not dishes:
        raise SettingsError("sources", f"no recipe to teach is left of {report.rows} rows")
    return Gathered(order, _held_out(report.plan.dev_share, dishes))


def _held_out(share: float, dishes: int) -> int:
    """At least one dish, when there is another one to train on."""
    return max(1, round(share * dishes)) if share and dishes > 1 else 0


def _recipes(sources: Sequence[Path], report: DataReport, *, skip_bad: bool) -> Iterator[Recipe]:
    for source in sources:
        for row in read_corpus(source):
            report.rows += 1
            if isinstance(row, CorpusError):
                if not skip_bad:
                    raise row
                report.bad_row(row.message)
                continue
            try:
                yield tidy(repaired(row))
            except NothingToTeachError as lack:
                report.drop(str(lack), f"{row.name} ({row.source})")
            except CorpusError as exc:  # what came out of the repair is no recipe
                report.drop(exc.message, f"{row.name} ({row.source})")


def bytes_of(path: Path) -> int:
    """The size of a file, or of all files in a folder; 0 when there is nothing."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
