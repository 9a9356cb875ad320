"""The records of a JSON file, one at a time: lines, or the items of one list; broken ones in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import CorpusError
from index.encodings import beginning_of
from index.readers.json_array import read_values
from index.readers.jsonl import read_objects
from index.readers.rows import RowError


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file.

    Attributes:
        place: the line from 1, or the position in the list from 0 in brackets: `17`, `[16]`.
        data: what the JSON says, or the error that it is not JSON.
    """

    place: str
    data: Any


def records_of(path: Path) -> Iterator[Record]:
    """Read the records of a file of JSON lines or of one JSON list, told by its first character.

    Raises:
        CorpusError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.peek()
            is_list = beginning_of(head).lstrip().startswith("[")
            rows = read_values(stream, head, "") if is_list else read_objects(stream, head, "")
            for row in rows:
                yield _record(row, is_list=is_list)
    except OSError as exc:
        raise CorpusError(f"{path}: cannot be read ({exc.strerror})") from exc


def _record(row: tuple[int, Any] | RowError, *, is_list: bool) -> Record:
    if isinstance(row, RowError):
        return Record(row.where.removeprefix(":").strip(), CorpusError(row.reason))
    number, data = row
    return Record(f"[{number}]" if is_list else str(number), data)
