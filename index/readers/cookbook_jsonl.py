"""Our own format: `core.recipe.Recipe` as one JSON object a line, as in `index/cookbook/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers.jsonl import read_lines


def read(path: Path) -> Iterator[Recipe | CorpusError]:
    """Read recipes of our own JSONL."""
    return read_lines(path, lambda record, _line: Recipe.from_dict(record))
