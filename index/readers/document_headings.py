"""Documents without a language model: recipes by their headings (`index.documents` has the way with one)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.errors import CorpusError
from index.readers.rows import Meter, Row

SUFFIXES = frozenset({".pdf", ".docx", ".doc", ".txt", ".md", ".markdown", ".html", ".htm"})


def read(path: Path, *, meter: Meter | None = None) -> Iterator[Row]:
    """Read the recipes of a document whose parts stand under headings."""
    from index.documents.pages import pages_of
    from index.documents.reading import by_headings

    try:
        yield from by_headings(path, pages_of(path), path.stem)
    except CorpusError as exc:
        yield exc
    if meter is not None:
        meter.finish(path.stat().st_size)
