"""The vectors that an index has already, in the place of an embedder: for merging its segments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from core.errors import IndexCorruptError
from core.ports import Vectors
from index.manifest import Manifest
from index.questions import form_of
from index.recipe_facts import form_hash
from index.recipe_file import lines_of
from index.segment import Segment
from index.segments import open_vectors
from index.vector_stores.ports import VectorStores


class KeptVectors:
    """Answers for questions of `segments` as the embedder did that they were made with.

    Memory: 16 bytes a form. Implements `core.ports.Embedder`.
    """

    def __init__(
        self, index: Path, manifest: Manifest, segments: Sequence[Segment], stores: VectorStores
    ) -> None:
        self.name = manifest.embedder
        self.revision = manifest.embedder_revision
        self.dimension = manifest.dimension
        self._stores = [open_vectors(index, manifest, segment, stores) for segment in segments]
        hashes = [_form_hashes(segment) for segment in segments]
        self._starts = np.cumsum([0, *map(len, hashes)])
        together = np.concatenate(hashes)
        self._order = np.argsort(together, kind="stable")
        self._hashes = together[self._order]

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        """The kept vectors of these questions: float32 [len(texts), dimension].

        Raises:
            IndexCorruptError: one is not there.
        """
        del input_type
        wanted = np.array(
            [form_hash(form_of(text).encode("utf-8", "replace")) for text in texts], dtype="<u8"
        )
        places = np.minimum(np.searchsorted(self._hashes, wanted), len(self._hashes) - 1)
        if (self._hashes[places] != wanted).any():
            raise IndexCorruptError("a question of the index has no vector")
        return np.stack([self._vector(int(number)) for number in self._order[places]])

    def check(self) -> str:
        """Where they come from."""
        return f"{self.name} {self.revision}, {self.dimension} dimensions, kept"

    def _vector(self, number: int) -> Vectors:
        segment = int(np.searchsorted(self._starts, number, side="right")) - 1
        row = number - int(self._starts[segment])
        vector: Vectors = self._stores[segment].vectors(row, row + 1)[0]
        return vector


def _form_hashes(segment: Segment) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    lines = lines_of(segment.folder / "forms.txt")
    return np.fromiter((form_hash(line.encode()) for line in lines), dtype="<u8", count=segment.form_count)
