"""Moving the vectors of an index from one kind of store to another, while it is searched.

The new store is filled segment by segment beside the old one; only when all of it stands and was compared
does the manifest name it, and only then does the old one go. A killed move goes on with what is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import IndexCorruptError, IndexMismatchError
from core.ports import Embedder, Vectors
from index.index_folder import put_in_use
from index.manifest import Manifest, SegmentEntry, sum_of
from index.questions import question_of
from index.segment import Segment
from index.vector_stores.ports import Place, Precision, ReportProgress, VectorStores, no_progress
from index.writer_lock import writing

_MOVED_AT_ONCE = 1024
_EMBEDDED_AT_ONCE = 32
_COMPARED_ROWS = 50
_SAME_COSINE = 0.999
RowSource = Callable[[int, int], Vectors]
"""The vectors of rows start to stop - 1: float32 [n, dim], L2-normalised."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did.

    Attributes:
        segments: how many were moved.
        vectors: how many vectors they have together.
        precision: how exactly the old store gave them back; "float32" where they were computed anew.
    """

    segments: int
    vectors: int
    precision: Precision


def move_vectors(
    index: Path,
    source: VectorStores,
    target: VectorStores,
    *,
    embedder: Embedder | None = None,
    progress: ReportProgress = no_progress,
) -> Moved:
    """Move the vectors of the index at `index` from `source` to `target`.

    Args:
        index: folder of the index.
        source: the kind that the manifest names.
        target: another kind.
        embedder: computes the vectors anew instead of reading them from `source`.
        progress: told how far it is.

    Raises:
        IndexMismatchError: the index has no vectors, keeps them elsewhere, or had another embedder.
        IndexCorruptError: the old vectors are damaged, or the new ones came out different.
        IndexBusyError: somebody else is writing to the index.
        VectorStoreUnavailableError: a server does not answer; the same command goes on later.
    """
    with writing(index):
        manifest = Manifest.read(index)
        _check_kinds(manifest, source, target)
        if embedder is not None:
            manifest.check_embedder(embedder, index)
        places = [
            Place(index, manifest.index_id, entry.name, index / entry.name) for entry in manifest.segments
        ]
        precision: Precision = "float32"
        for place, entry in zip(places, manifest.segments, strict=True):
            old = None if embedder else source.open(place, dimension=manifest.dimension, total=entry.forms)
            try:
                rows = old.vectors if old else _embedded(Segment(place.folder), embedder)
                _move(place, entry, manifest.dimension, rows, target, progress)
                precision = old.precision if old and old.precision != "float32" else precision
            finally:
                if old:
                    old.close()
        entries = tuple(_entry(entry, index, source, target) for entry in manifest.segments)
        put_in_use(index, replace(manifest, vector_store=target.kind, segments=entries))
        for place in places:
            source.delete(place)
    return Moved(len(places), manifest.forms, precision)


def _check_kinds(manifest: Manifest, source: VectorStores, target: VectorStores) -> None:
    if not manifest.embedder:
        raise IndexMismatchError("the index has no vectors; build it with EMBEDDER")
    if manifest.vector_store != source.kind:
        raise IndexMismatchError(f"the index keeps its vectors in {manifest.vector_store}, not {source.kind}")
    if source.kind == target.kind:
        raise IndexMismatchError(f"the index keeps its vectors in {target.kind} already")


def _move(
    place: Place,
    entry: SegmentEntry,
    dimension: int,
    rows: RowSource,
    target: VectorStores,
    progress: ReportProgress,
) -> None:
    """Fill the new store of one segment, and compare it with the old one."""
    digest = hashlib.sha256(f"{place.index_id}\n{entry.name}\n{entry.forms}".encode()).hexdigest()
    what = f"移动向量 {entry.name}"
    with target.builder(place, dimension=dimension, total=entry.forms, content=digest) as builder:
        for start in range(builder.done, entry.forms, _MOVED_AT_ONCE):
            builder.append(rows(start, min(start + _MOVED_AT_ONCE, entry.forms)))
            progress(what, builder.done, entry.forms)
        builder.finish(progress)
    new = target.open(place, dimension=dimension, total=entry.forms)
    try:
        for row in np.unique(np.linspace(0, entry.forms - 1, _COMPARED_ROWS).astype(int)):
            before, after = rows(int(row), int(row) + 1), new.vectors(int(row), int(row) + 1)
            if len(after) != 1 or float(before[0] @ after[0]) < _SAME_COSINE:
                raise IndexCorruptError(f"{target.kind}: vector {row} of {entry.name} came out different")
    finally:
        new.close()


def _embedded(segment: Segment, embedder: Embedder | None) -> RowSource:
    """The vectors of a segment's questions, computed when they are asked for."""
    assert embedder is not None  # noqa: S101 — the caller opens the old store otherwise

    def rows(start: int, stop: int) -> Vectors:
        questions = [question_of(segment.form(number)) for number in range(start, stop)]
        parts = [
            embedder.embed(questions[first : first + _EMBEDDED_AT_ONCE], input_type="document")
            for first in range(0, len(questions), _EMBEDDED_AT_ONCE)
        ]
        return np.concatenate(parts)

    return rows


def _entry(entry: SegmentEntry, index: Path, source: VectorStores, target: VectorStores) -> SegmentEntry:
    """The entry without the files of the old store, with those that the new one keeps in the folder."""
    files = {name: known for name, known in entry.files.items() if name not in source.file_names}
    for path in (index / entry.name / name for name in target.file_names):
        if path.exists():
            files[path.name] = sum_of(path)
    return replace(entry, files=files)
