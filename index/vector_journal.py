"""Vectors as they are computed, so that a build that was killed goes on where it was.

`vectors.f32` holds rows of float32 in the order of the questions, and `vectors.json` says of which model
and which questions they are.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.ports import Embedder, Vectors

_FORMAT = 2


class VectorJournal:
    """The vectors of one build.

    Args:
        folder: where the work under way is kept; only one process may write there.
        embedder: computes them.
        questions: what is embedded, in order.
    """

    def __init__(self, folder: Path, embedder: Embedder, questions: Iterable[str]) -> None:
        self._rows = folder / "vectors.f32"
        self._note = folder / "vectors.json"
        self._dimension = embedder.dimension
        digest = hashlib.sha256(
            f"{_FORMAT}\n{embedder.name}\n{embedder.revision}\n{embedder.dimension}".encode()
        )
        self.count = 0
        for question in questions:
            digest.update(f"\n{question}".encode("utf-8", "surrogatepass"))
            self.count += 1
        self._digest = digest.hexdigest()
        self.done = self._found()

    def append(self, vectors: Vectors) -> None:
        """Keep the next rows."""
        with self._rows.open("ab") as file:
            file.write(np.ascontiguousarray(vectors, dtype=np.float32).tobytes())
        self.done += len(vectors)

    def vectors(self) -> Vectors:
        """The rows so far: float32 [done, dimension], read from the disk as they are looked at."""
        if not self.done:
            return np.empty((0, self._dimension), dtype=np.float32)
        return np.memmap(self._rows, dtype=np.float32, mode="r", shape=(self.done, self._dimension))

    def remove(self) -> None:
        """Nothing of it is needed any more."""
        self._rows.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _found(self) -> int:
        """How many rows an earlier attempt left."""
        done = 0
        if self._read_note().get("digest") == self._digest and self._rows.exists():
            row_bytes = self._dimension * 4
            done = min(self._rows.stat().st_size // row_bytes, self.count)
            os.truncate(self._rows, done * row_bytes)  # a kill may have cut a row short
        else:
            self._rows.write_bytes(b"")
        self._note.write_text(json.dumps({"digest": self._digest}), encoding="utf-8")
        return done

    def _read_note(self) -> dict[str, object]:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}
