"""The stages of a data run that are done, so that one that was stopped goes on after them.

SCRATCH/state.json   what the data is made of, the stages that are done, and the report as far as it was
SCRATCH/recipes/     after the first stage: the recipes in their order
SCRATCH/train/, dev/ after the second: the conversations
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.whole_file import whole_file
from finetune.data.gather import Gathered
from finetune.data.hash_order import HashOrder
from finetune.data.plan import DataPlan
from finetune.data.report import SPLITS, DataReport
from index.manifest import sources_hash

_FORMAT = 1


def purpose_of(sources: Sequence[Path], plan: DataPlan, *, skip_bad: bool) -> str:
    """What makes work under way fit to be gone on with: the same plan on the same sources."""
    content = ""
    with suppress(OSError):  # what is not there is named when it is read
        content = sources_hash(sources)
    whole = json.dumps([_FORMAT, content, plan.to_dict(), skip_bad], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


class Stages:
    """The scratch folder of a run.

    Args:
        folder: of the scratch; what lies there for another purpose is thrown away.
        purpose: see `purpose_of`.
    """

    def __init__(self, folder: Path, purpose: str) -> None:
        self._folder = folder
        self._open: list[HashOrder] = []
        self._state: dict[str, Any] = {"purpose": purpose}
        with suppress(OSError, ValueError):
            found = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            if isinstance(found, dict) and found.get("purpose") == purpose:
                self._state = found
        if "recipes" not in self._state:
            self.remove()

    def fresh(self, name: str, expected_bytes: int) -> HashOrder:
        """An empty order, in place of what an interrupted stage left of it."""
        shutil.rmtree(self._folder / name, ignore_errors=True)
        order = HashOrder(self._folder / name, expected_bytes)
        self._open.append(order)
        return order

    def gathered(self, report: DataReport) -> Gathered | None:
        """What the first stage found, with its part of the report; None if that is still to do."""
        found = self._state.get("recipes")
        if found is None:
            return None
        _restore(report, found["report"])
        order = HashOrder(self._folder / "recipes", sealed=found["count"])
        return Gathered(order, found["dev_dishes"])

    def finish_gathering(self, gathered: Gathered, report: DataReport) -> None:
        """The recipes are all there."""
        gathered.order.seal()
        self._finish("recipes", report, count=gathered.order.count, dev_dishes=gathered.dev_dishes)

    def told(self, report: DataReport) -> dict[str, HashOrder] | None:
        """The conversations of the second stage, with its part of the report; None if they are to be made."""
        found = self._state.get("told")
        if found is None:
            return None
        _restore(report, found["report"])
        counts = found["counts"]
        return {split: HashOrder(self._folder / split, sealed=counts[split]) for split in SPLITS}

    def finish_telling(self, gathered: Gathered, orders: Mapping[str, HashOrder], report: DataReport) -> None:
        """The conversations are all there; the recipes are not needed any more."""
        for order in orders.values():
            order.seal()
        self._finish("told", report, counts={split: order.count for split, order in orders.items()})
        gathered.order.close()

    def close(self) -> None:
        """Close what is open; finished stages stay for the next run."""
        for order in self._open:
            order.let_go()

    def remove(self) -> None:
        """Throw everything away."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _finish(self, stage: str, report: DataReport, **found: Any) -> None:
        self._state[stage] = {**found, "report": _kept(report)}
        with whole_file(self._folder / "state.json") as unfinished:
            unfinished.write_text(json.dumps(self._state, ensure_ascii=False), encoding="utf-8")


def _kept(report: DataReport) -> dict[str, Any]:
    """What the first two stages write into a report."""
    return {
        "rows": report.rows,
        "bad_rows": report.bad_rows,
        "bad_row_messages": report.bad_row_messages,
        "dropped": dict(report.dropped),
        "examples": report.examples,
        "splits": {
            name: {"dishes": split.dishes, "recipes": split.recipes, "short": split.short}
            for name, split in report.splits.items()
        },
    }


def _restore(report: DataReport, kept: dict[str, Any]) -> None:
    report.rows, report.bad_rows = kept["rows"], kept["bad_rows"]
    report.bad_row_messages = kept["bad_row_messages"]
    report.dropped, report.examples = Counter(kept["dropped"]), kept["examples"]
    for name, counts in kept["splits"].items():
        split = report.splits[name]
        split.dishes, split.recipes, split.short = counts["dishes"], counts["recipes"], counts["short"]
