"""The manifest of an index: what it was built from and with, its segments, and the sums of their files.

Writing it is what puts an index in use: everything that it lists is complete by then, and one rename
replaces the manifest before it. Loading compares it with the running program and with the files on disk;
every mismatch is an error that says how to rebuild.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import IndexCorruptError, IndexMismatchError, IndexMissingError
from core.ports import Embedder

FORMAT_VERSION = 2
FILE_NAME = "manifest.json"
_NEEDED = frozenset({"recipes.jsonl", "forms.txt", "forms.starts", "forms.rows", "traits.npy", "ids.npy"})
_HASHED_BYTES = 64_000_000
"""Files up to this size are compared by hash when an index is opened, larger ones by size alone."""
_SEGMENT_NAME = re.compile(r"segment-[1-9][0-9]{0,8}")
_REMOVED_NAME = re.compile(r"removed-[1-9][0-9]{0,8}\.npy")

Files = dict[str, tuple[int, str]]
"""Path → (size in bytes, SHA-256 or "" for a large file)."""


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """A segment of an index: its folder's name, what is in it, and its files by their path within it."""

    name: str
    recipes: int
    forms: int
    files: Files

    @property
    def number(self) -> int:
        """The number in its name."""
        return int(self.name.partition("-")[2])


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index is.

    Attributes:
        embedder: name of the embedder, "" for a lexical index.
        metric: how vectors are compared.
        vector_store: what keeps the vectors, "" for a lexical index.
        corpus_hash: SHA-256 over the ids of all recipes, whatever their order.
        sources_hash: `sources_hash` of the corpora; tells cheaply whether they have changed since.
        index_id: a random name given by `index build`; a changed index keeps it.
        next_number: the number of the next segment, or file of removed recipes; none is used twice.
        segments: its parts, in the order of their making.
        removed: how many recipes of the segments have been taken out.
        removed_files: the file that says which, none when `removed` is 0.
    """

    format_version: int
    embedder: str
    embedder_revision: str
    dimension: int
    metric: str
    vector_store: str
    corpus_hash: str
    sources_hash: str
    index_id: str
    next_number: int
    segments: tuple[SegmentEntry, ...]
    removed: int
    removed_files: Files

    @property
    def recipes(self) -> int:
        """Number of recipes that can be found."""
        return sum(segment.recipes for segment in self.segments) - self.removed

    @property
    def forms(self) -> int:
        """Number of forms; one that several segments have counts in each."""
        return sum(segment.forms for segment in self.segments)

    @property
    def removed_file(self) -> str:
        """Name of the file of recipes that have been taken out, or ""."""
        return next(iter(self.removed_files), "")

    def write(self, folder: Path) -> None:
        """Put the manifest into `folder` in one step: it is there as a whole, or the one before it is."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        fresh = folder / f"{FILE_NAME}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / FILE_NAME)

    @staticmethod
    def read(folder: Path) -> Manifest:
        """Read the manifest of `folder`.

        Raises:
            IndexMissingError: there is no index.
            IndexMismatchError: the index has another format.
            IndexCorruptError: the manifest is damaged.
        """
        path = folder / FILE_NAME
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError) as exc:
            raise IndexMissingError(f"{folder}: no index here; {_rebuild(folder)}") from exc
        except (OSError, ValueError, RecursionError) as exc:
            raise IndexCorruptError(f"{path}: damaged; {_rebuild(folder)}") from exc
        version = fields.get("format_version") if isinstance(fields, dict) else None
        if version != FORMAT_VERSION:
            raise IndexMismatchError(
                f"{folder}: index format {version!r}, this program reads {FORMAT_VERSION}; {_rebuild(folder)}"
            )
        return _from_fields(fields, path)

    def check_embedder(self, embedder: Embedder | None, folder: Path) -> None:
        """Hold the index against the embedder that is to search it; a lexical index fits any.

        Raises:
            IndexMismatchError: it was built with another embedder, revision or dimension.
        """
        if not self.embedder or embedder is None:
            return
        for what, built, running in (
            ("embedder", self.embedder, embedder.name),
            ("embedder revision", self.embedder_revision, embedder.revision),
            ("dimension", self.dimension, embedder.dimension),
        ):
            if built != running:
                raise IndexMismatchError(
                    f"{folder}: built with {what} {built}, running {running}; {_rebuild(folder)}"
                )

    def check_files(self, folder: Path) -> None:
        """Hold the files on disk against the manifest.

        Raises:
            IndexCorruptError: a file is missing or altered; the message names it.
        """
        for segment in self.segments:
            for name in sorted(_NEEDED - segment.files.keys()):
                raise IndexCorruptError(
                    f"{folder / FILE_NAME}: does not list {segment.name}/{name}; {_rebuild(folder)}"
                )
            _check_files(folder / segment.name, segment.files, folder)
        _check_files(folder, self.removed_files, folder)


def is_segment_name(name: str) -> bool:
    """Whether a segment may be called so."""
    return _SEGMENT_NAME.fullmatch(name) is not None


def files_of(folder: Path) -> Files:
    """Sizes and sums of every file below `folder`."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {path.relative_to(folder).as_posix(): sum_of(path) for path in paths}


def sum_of(path: Path) -> tuple[int, str]:
    """Size and sum of one file, as the manifest lists them."""
    size = path.stat().st_size
    return size, _sha256(path) if size <= _HASHED_BYTES else ""


def sources_hash(corpora: Sequence[Path]) -> str:
    """SHA-256 over the names and contents of all files of `corpora`; large ones by size and time."""
    digest = hashlib.sha256()
    for corpus in corpora:
        files = sorted(p for p in corpus.rglob("*") if p.is_file()) if corpus.is_dir() else [corpus]
        for path in files:
            stat = path.stat()
            content = _sha256(path) if stat.st_size <= _HASHED_BYTES else str(stat.st_mtime_ns)
            name = path.relative_to(corpus).as_posix() if corpus.is_dir() else path.name
            digest.update(f"{name}\0{stat.st_size}\0{content}\n".encode())
    return digest.hexdigest()


def _check_files(base: Path, files: Files, folder: Path) -> None:
    for name, (size, digest) in files.items():
        path = base / name
        if not path.is_file() or path.stat().st_size != size:
            raise IndexCorruptError(f"{path}: missing or of the wrong size; {_rebuild(folder)}")
        if digest and _sha256(path) != digest:
            raise IndexCorruptError(f"{path}: altered since the build; {_rebuild(folder)}")


def _from_fields(fields: dict[str, Any], path: Path) -> Manifest:
    try:
        segments = tuple(
            SegmentEntry(**{**entry, "files": _files_from(entry["files"])})
            for entry in fields.pop("segments")
        )
        removed_files = _files_from(fields.pop("removed_files"))
        manifest = Manifest(**fields, segments=segments, removed_files=removed_files)
        _check_names(manifest, path)
        if not manifest.segments or manifest.recipes < 0 or manifest.next_number < 1:
            raise ValueError("impossible numbers")
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise IndexCorruptError(f"{path}: damaged; {_rebuild(path.parent)}") from exc
    return manifest


def _files_from(value: Any) -> Files:
    return {str(name): (int(size), str(digest)) for name, (size, digest) in value.items()}


def _check_names(manifest: Manifest, path: Path) -> None:
    names = [name for segment in manifest.segments for name in segment.files]
    is_fine = (
        all(is_segment_name(segment.name) for segment in manifest.segments)
        and len({segment.name for segment in manifest.segments}) == len(manifest.segments)
        and len(manifest.removed_files) <= 1
        and all(_REMOVED_NAME.fullmatch(name) for name in manifest.removed_files)
        and not any(Path(name).is_absolute() or ".." in Path(name).parts for name in names)
    )
    if not is_fine:
        raise IndexCorruptError(f"{path}: names files outside the index; {_rebuild(path.parent)}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rebuild(folder: Path) -> str:
    return f"rebuild it with: python -m index build --out {folder}"
