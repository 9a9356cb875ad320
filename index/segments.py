"""The segments of an index, opened as its manifest lists them, and which recipes have been taken out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import IndexCorruptError
from index.manifest import Manifest
from index.segment import Removed, Segment
from index.vector_stores.ports import Place, VectorStore, VectorStores

REMOVED = np.dtype([("segment", "<u4"), ("row", "<u4")])
"""A recipe that has been taken out: the number of its segment, and its row there."""


def open_segments(folder: Path, manifest: Manifest) -> tuple[Segment, ...]:
    """The segments of the index at `folder`, in order.

    Raises:
        IndexCorruptError: their files do not fit each other.
    """
    removed = removed_rows(folder, manifest)
    return tuple(Segment(folder / entry.name, removed.get(entry.name)) for entry in manifest.segments)


def place_of(folder: Path, manifest: Manifest, segment: Segment) -> Place:
    """Where the vectors of `segment` belong."""
    return Place(folder, manifest.index_id, segment.name, segment.folder)


def open_vectors(folder: Path, manifest: Manifest, segment: Segment, stores: VectorStores) -> VectorStore:
    """The vectors of `segment`, one a form; only an index with an embedder has any.

    Raises:
        IndexCorruptError: they are missing or damaged.
        VectorStoreUnavailableError: the server does not answer.
    """
    place = place_of(folder, manifest, segment)
    return stores.open(place, dimension=manifest.dimension, total=segment.form_count)


def removed_rows(folder: Path, manifest: Manifest) -> dict[str, Removed]:
    """Segment's name → which of its rows have been taken out; segments that are whole are left out.

    Raises:
        IndexCorruptError: the file does not fit the manifest.
    """
    if not manifest.removed_file:
        return {}
    path = folder / manifest.removed_file
    try:
        pairs: NDArray[Any] = np.load(path, allow_pickle=False)
        if pairs.dtype != REMOVED or len(pairs) != manifest.removed:
            raise ValueError("not a list of removed recipes")
        found: dict[str, Removed] = {}
        for entry in manifest.segments:
            rows = pairs["row"][pairs["segment"] == entry.number]
            if len(rows):
                found[entry.name] = np.zeros(entry.recipes, dtype=np.bool_)
                found[entry.name][rows] = True
    except (OSError, ValueError, EOFError, IndexError) as exc:
        raise IndexCorruptError(f"{path}: cannot be read") from exc
    return found


def write_removed(path: Path, removed: Mapping[int, Removed]) -> int:
    """Write which rows of which segment (by number) have been taken out; returns how many."""
    parts = []
    for number, mask in sorted(removed.items()):
        part = np.zeros(int(mask.sum()), dtype=REMOVED)
        part["segment"], part["row"] = number, np.flatnonzero(mask)
        parts.append(part)
    pairs = np.concatenate(parts)
    np.save(path, pairs)
    return len(pairs)
