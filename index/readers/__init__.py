"""Readers of recipe corpora, one source format a file, and the choice between them.

A reader yields `Row`s: a recipe, or the `CorpusError` that names file and line. It never shifts rows,
never evaluates anything, and holds one record at a time where the format allows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePath
from typing import Protocol

from core.errors import CorpusError
from index.encodings import beginning_of
from index.readers import archives, csv_table, document_headings, howtocook_markdown, pages, records
from index.readers.rows import Meter, Place, Row, RowError, StreamReader, opened

__all__ = [
    "Meter",
    "Place",
    "Reader",
    "Row",
    "RowError",
    "is_document",
    "parts_of",
    "read_corpus",
    "reader_for",
    "size_of",
]

_HEAD_BYTES = 200_000
_STREAM_READERS: dict[str, StreamReader] = {
    ".json": records.read,
    ".jsonl": records.read,
    ".ndjson": records.read,
    ".jsonld": records.read,
    ".csv": csv_table.read,
    ".tsv": csv_table.read,
    ".cook": pages.read_cooklang,
    ".md": pages.read_markdown,
    ".html": pages.read_web_page,
    ".htm": pages.read_web_page,
}
_ARCHIVES = {".gz", ".tgz", ".bz2", ".tar", ".zip"}
_NO_DISHES = {"readme", "license", "changelog", "contributing", "code_of_conduct", "requirements"}
_KNOWN = (
    "JSON or JSONL of recipes (our own, XiaChuFang, XTuner, schema.org), CSV, Cooklang, Markdown, HTML, PDF, "
    "Word, text, or an archive of them"
)


class Reader(Protocol):
    """Reads all recipes of one source."""

    def __call__(self, path: Path, /, *, meter: Meter | None = None) -> Iterator[Row]:
        """Yield its rows in order; `meter` is told how far it is."""


def reader_for(path: Path) -> Reader:
    """The reader that understands `path`, told by its first bytes where they tell, else by its name.

    Raises:
        CorpusError: there is nothing at `path`, or nothing known.
    """
    if path.is_dir():
        return _read_folder
    if not path.is_file():
        raise CorpusError(f"{path}: no such file or folder")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as exc:
        raise CorpusError(f"{path}: cannot be read ({exc.strerror})") from exc
    reader = _document_reader(path, head) or _file_reader(path, head)
    if reader is None:
        raise CorpusError(f"{path}: unknown format; expected {_KNOWN}")
    return reader


def _document_reader(path: Path, head: bytes) -> Reader | None:
    """For what may be a document: PDF, Word, text, and Markdown or HTML without data of its own."""
    suffix = path.suffix.lower()
    if head.startswith(b"%PDF-"):
        return document_headings.read
    if suffix in {".html", ".htm"} and _has_json_ld(path):
        return partial(_read_stream, pages.read_web_page)
    if suffix in {".md", ".markdown"} and _is_howtocook(head):
        return partial(_read_stream, pages.read_markdown)
    if suffix == ".txt" and records.looks_like_json(head):
        return partial(_read_stream, records.read)
    return document_headings.read if suffix in document_headings.SUFFIXES else None


def _file_reader(path: Path, head: bytes) -> Reader | None:
    """For archives, tables and JSON."""
    if archives.is_archive(head):
        return _read_archive
    stream_reader = _STREAM_READERS.get(path.suffix.lower())
    if stream_reader is None and records.looks_like_json(head):
        stream_reader = records.read
    return partial(_read_stream, stream_reader) if stream_reader else None


def read_corpus(path: Path, *, meter: Meter | None = None) -> Iterator[Row]:
    """Read every recipe under `path`, in file order.

    Raises:
        CorpusError: nothing known is at `path`, or it cannot be read.
    """
    try:
        yield from reader_for(path)(path, meter=meter)
    except OSError as exc:
        raise CorpusError(f"{exc.filename or path}: cannot be read ({exc.strerror})") from exc


def size_of(path: Path) -> int:
    """Bytes that `meter` will have counted when all of `path` is read; 0 for what is not there."""
    files = _files_of(path) if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _read_stream(
    reader: StreamReader,
    path: Path,
    *,
    meter: Meter | None = None,
    inner: PurePath | None = None,
) -> Iterator[Row]:
    with opened(path) as file:
        if meter is not None:
            meter.watch(file)
        yield from reader(file, Place(str(path), inner or PurePath(path.name)))
    if meter is not None:
        meter.finish(path.stat().st_size)


def _read_archive(path: Path, /, *, meter: Meter | None = None) -> Iterator[Row]:
    return archives.read(path, _member_reader, meter)


def _member_reader(place: Place) -> StreamReader | None:
    """What reads a file within an archive; documents are not read there."""
    suffix = place.inner.suffix.lower()
    hidden = any(part.startswith((".", "__MACOSX")) for part in place.inner.parts)
    if hidden or place.inner.stem.lower() in _NO_DISHES:
        return None
    if suffix in document_headings.SUFFIXES - _STREAM_READERS.keys() or suffix in _ARCHIVES:
        return _left_out
    return _STREAM_READERS.get(suffix)


def _left_out(_stream: object, place: Place) -> Iterator[Row]:
    yield RowError(place.shown, f"a {place.inner.suffix} inside an archive is not read; unpack it first")


def _read_folder(folder: Path, /, *, meter: Meter | None = None) -> Iterator[Row]:
    for file, reader in parts_of(folder):
        yield from reader(file, meter=meter)


def parts_of(path: Path) -> Iterator[tuple[Path, Reader]]:
    """The files that `path` stands for, each with its reader: of a folder all that may hold recipes, sorted.

    Of a HowToCook checkout only the dishes are read.

    Raises:
        CorpusError: there is nothing at `path`, nothing known, or the folder holds no file of recipes.
    """
    if not path.is_dir():
        yield path, reader_for(path)
        return
    files = _files_of(path)
    if not files:
        raise CorpusError(f"{path}: holds no file of recipes; expected {_KNOWN}")
    for file in files:
        try:
            reader = reader_for(file)
        except CorpusError as exc:
            yield file, partial(_unknown, exc)
            continue
        inner = file.relative_to(path)
        yield file, partial(reader, inner=inner) if isinstance(reader, partial) else reader


def is_document(reader: Reader) -> bool:
    """Whether what it reads are not recipes one by one, so that a language model may do better."""
    return reader is document_headings.read


def _unknown(error: CorpusError, _path: Path, *, meter: Meter | None = None) -> Iterator[Row]:  # noqa: ARG001
    yield error


def _files_of(folder: Path) -> list[Path]:
    dishes = folder / "dishes"
    root = dishes if dishes.is_dir() and (folder / "README.md").is_file() else folder
    known = _STREAM_READERS.keys() | document_headings.SUFFIXES | _ARCHIVES
    return sorted(
        file
        for file in root.rglob("*")
        if file.suffix.lower() in known
        and file.stem.lower() not in _NO_DISHES
        and not any(part.startswith(".") or part == "template" for part in file.relative_to(root).parts)
        and file.is_file()
        and not file.is_symlink()
    )


def _has_json_ld(path: Path) -> bool:
    with path.open("rb") as file:
        return b"ld+json" in file.read(pages.MAX_WEB_PAGE_BYTES)


def _is_howtocook(head: bytes) -> bool:
    return howtocook_markdown.is_howtocook(beginning_of(head))
