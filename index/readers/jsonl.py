"""One JSON object a line: the part that every JSONL reader shares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import CorpusError
from core.recipe import Recipe

MAX_LINE_BYTES = 1_000_000
"""A longer line is a bad row: the longest recipe of XiaChuFang's 1.52 million is far below."""


def read_lines(
    path: Path, to_recipe: Callable[[Mapping[str, Any], int], Recipe]
) -> Iterator[Recipe | CorpusError]:
    """Yield `to_recipe(object, line_number)` for each line; a broken line yields its error instead."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                yield CorpusError(f"{path}:{number}: longer than {MAX_LINE_BYTES} bytes")
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE_BYTES)
                continue
            if not line.strip():
                continue
            yield _read_line(path, number, line, to_recipe)


def _read_line(
    path: Path, number: int, line: bytes, to_recipe: Callable[[Mapping[str, Any], int], Recipe]
) -> Recipe | CorpusError:
    try:
        record = json.loads(line.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as exc:
        return CorpusError(f"{path}:{number}: not UTF-8 at byte {exc.start}")
    except (ValueError, RecursionError) as exc:
        return CorpusError(f"{path}:{number}: not JSON ({exc})")
    if not isinstance(record, dict):
        return CorpusError(f"{path}:{number}: must be a JSON object")
    try:
        return to_recipe(record, number)
    except CorpusError as exc:
        return CorpusError(f"{path}:{number}: {exc.message}")
