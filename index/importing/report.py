"""What an import did: counts, and every reason for leaving a row out, named once with a few places."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import CorpusError
from index.readers.rows import RowError

MAX_REASONS = 300
MAX_EXAMPLES = 5
_OTHER = "other reasons"
_DIGITS = re.compile(r"\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_REASON_CHARACTERS = 200


@dataclass(slots=True)
class SkippedRows:
    """Rows that were left out, by reason; memory does not grow with their number."""

    _reasons: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)

    def add(self, error: CorpusError) -> None:
        """Count a row."""
        if isinstance(error, RowError):
            where, reason = error.where, error.reason
        else:
            where, _, reason = error.message.rpartition(": ")
        self.count(reason, where)

    def count(self, reason: str, where: str) -> None:
        """Count one place with a reason; numbers and quoted words in a reason make no difference."""
        kind = _QUOTED.sub("…", _DIGITS.sub("N", reason))[:_REASON_CHARACTERS]
        if kind not in self._reasons and len(self._reasons) >= MAX_REASONS:
            kind = _OTHER
        count, examples = self._reasons.setdefault(kind, ([0], []))
        count[0] += 1
        if len(examples) < MAX_EXAMPLES:
            examples.append(where)

    @property
    def total(self) -> int:
        """How many rows were left out."""
        return sum(count[0] for count, _ in self._reasons.values())

    def by_count(self) -> list[tuple[str, int, tuple[str, ...]]]:
        """(reason, rows, examples), the most frequent first."""
        rows = [(reason, count[0], tuple(places)) for reason, (count, places) in self._reasons.items()]
        return sorted(rows, key=lambda row: (-row[1], row[0]))


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        written: recipes in the new file.
        duplicates: recipes left out because the same dish with the same steps was there before.
        renamed: recipes that got a new id because another recipe had theirs.
        repaired: recipes whose texts were mended.
        languages: recipes by language.
        qualities: recipes by tens of quality, 0 to 100.
        skipped: rows that are no recipe.
        seconds: how long it took.
    """

    written: int = 0
    duplicates: int = 0
    renamed: int = 0
    repaired: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    qualities: Counter[int] = field(default_factory=Counter)
    skipped: SkippedRows = field(default_factory=SkippedRows)
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        """Rows read, good and bad."""
        return self.written + self.duplicates + self.skipped.total

    def to_dict(self) -> dict[str, Any]:
        """The form of the report file."""
        return {
            "rows": self.rows,
            "written": self.written,
            "duplicates": self.duplicates,
            "new_ids": self.renamed,
            "repaired": self.repaired,
            "languages": dict(self.languages.most_common()),
            "quality": {
                f"{tens * 10}-{tens * 10 + 9}": self.qualities[tens] for tens in sorted(self.qualities)
            },
            "skipped": [
                {"reason": reason, "rows": rows, "examples": list(examples)}
                for reason, rows, examples in self.skipped.by_count()
            ],
            "seconds": round(self.seconds, 1),
        }

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=2)
        path.write_bytes(text.encode("utf-8", "replace") + b"\n")
