"""Records that are kept as they come, for work that is paid for once: one JSON object a line.

A line that a kill cut short is dropped when the journal is read again; what is no object is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_MAX_LINE_BYTES = 1_000_000


class Journal:
    """The records in a file, which is made with the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[dict[str, Any]]:
        """All records, oldest first; read to the end, it leaves the file with whole lines alone."""
        if not self._path.is_file():
            return
        whole, is_within = 0, False
        with self._path.open("r+b") as file:
            while line := file.readline(_MAX_LINE_BYTES):
                if not line.endswith(b"\n"):
                    is_within = True  # a line that is too long, or cut short at the end
                    continue
                whole = file.tell()
                record = None if is_within else _record(line)
                is_within = False
                if record is not None:
                    yield record
            if is_within:
                file.truncate(whole)

    def append(self, record: Mapping[str, Any]) -> None:
        """Keep a record."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(record, ensure_ascii=False)
        with self._path.open("ab") as file:
            file.write(line.encode("utf-8", "replace") + b"\n")

    def remove(self) -> None:
        """Forget everything."""
        self._path.unlink(missing_ok=True)


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
