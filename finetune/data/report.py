"""What a data run did: counts, what was dropped and why, lengths, and the hash of the data."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from finetune.data.conversation import TrainingConversation
from finetune.data.plan import DataPlan

SPLITS = ("train", "dev")
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
"""Upper ends of the histogram's bars, in characters; InternLM2 needs about 0.6 tokens a Chinese character."""
_EXAMPLES_OF_A_REASON = 5
_MOST_BAD_ROWS = 100


@dataclass(slots=True)
class SplitReport:
    """Counts of one split."""

    dishes: int = 0
    recipes: int = 0
    conversations: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    variants: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    characters: int = 0
    longest: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    short: dict[str, int] = field(default_factory=dict)

    def add(self, conversation: TrainingConversation) -> None:
        """Count a conversation that is written."""
        self.conversations += 1
        self.kinds[conversation.kind] += 1
        if conversation.variant:
            self.variants[f"{conversation.kind}: {conversation.variant}"] += 1
        length = conversation.characters
        self.lengths[bisect_left(LENGTHS, length)] += 1
        self.characters += length
        self.longest = max(self.longest, length)

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        bars = (*(f"<= {end}" for end in LENGTHS), f"> {LENGTHS[-1]}")
        return {
            "dishes": self.dishes,
            "recipes": self.recipes,
            "conversations": self.conversations,
            "kinds": dict(sorted(self.kinds.items())),
            "variants": dict(sorted(self.variants.items())),
            "characters": {
                "all": self.characters,
                "longest": self.longest,
                "histogram": {bar: self.lengths[number] for number, bar in enumerate(bars)},
            },
            "left_out_of_format": self.left_out,
            "short_of_share": self.short,
        }


@dataclass(slots=True)
class DataReport:
    """What a run did."""

    plan: DataPlan
    sources: list[str]
    rows: int = 0
    bad_rows: int = 0
    bad_row_messages: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    splits: dict[str, SplitReport] = field(default_factory=lambda: {name: SplitReport() for name in SPLITS})
    seconds: float = 0.0
    _hash: Any = field(default_factory=hashlib.sha256)

    def bad_row(self, message: str) -> None:
        """Count a row that could not be read; the first hundred are kept word for word."""
        self.bad_rows += 1
        if len(self.bad_row_messages) < _MOST_BAD_ROWS:
            self.bad_row_messages.append(message)

    def drop(self, reason: str, what: str) -> None:
        """Count something that was left out, and keep the first examples."""
        self.dropped[reason] += 1
        kept = self.examples.setdefault(reason, [])
        if len(kept) < _EXAMPLES_OF_A_REASON:
            kept.append(what[:80])

    def take(self, split: str, conversation: TrainingConversation, line: str) -> None:
        """Count a conversation that is written; `line` is its record in the messages format."""
        self.splits[split].add(conversation)
        self._hash.update(f"{split}\t{line}\n".encode())

    @property
    def data_hash(self) -> str:
        """SHA-256 of both splits in the messages format, whatever formats are written."""
        return str(self._hash.hexdigest())

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; the time that the run took is not in it, so that equal runs give equal reports."""
        return {
            "data_hash": self.data_hash,
            "plan": self.plan.to_dict(),
            "sources": self.sources,
            "rows": self.rows,
            "bad_rows": {"count": self.bad_rows, "first": self.bad_row_messages},
            "dropped": {
                reason: {"count": count, "first": self.examples[reason]}
                for reason, count in sorted(self.dropped.items())
            },
            "splits": {name: split.to_dict() for name, split in self.splits.items()},
        }


def tables_of(report: DataReport) -> list[Table]:
    """The report for a terminal."""
    counts = Table("kind", *SPLITS, title="conversations")
    for kind in report.plan.per_recipe:
        counts.add_row(kind, *(str(report.splits[name].kinds[kind]) for name in SPLITS))
    for row in ("conversations", "recipes", "dishes"):
        counts.add_row(f"all {row}", *(str(getattr(report.splits[name], row)) for name in SPLITS))
    lengths = Table("characters", *SPLITS, title="length of a conversation")
    for bar in report.splits["train"].to_dict()["characters"]["histogram"]:
        lengths.add_row(
            bar, *(str(report.splits[n].to_dict()["characters"]["histogram"][bar]) for n in SPLITS)
        )
    dropped = Table("left out", "count", "for example", title=f"of {report.rows} rows")
    if report.bad_rows:
        dropped.add_row("cannot be read", str(report.bad_rows), report.bad_row_messages[0])
    for reason, count in sorted(report.dropped.items()):
        dropped.add_row(reason, str(count), report.examples[reason][0])
    return [counts, lengths, dropped]
