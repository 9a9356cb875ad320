"""Vectors as they are computed, so that a build that was killed goes on where it was.

Beside the index, `NAME.vectors` holds rows of float32 in the order of the questions, and `NAME.vectors.json`
says of which model and which questions they are. Both go when the index stands.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from core.ports import Embedder, Vectors

_FORMAT = 1


class VectorJournal:
    """The vectors of one build.

    Args:
        out: folder of the index that is built.
        embedder: computes them.
        questions: what is embedded, in order.
        is_running: whether the process of that number is another one and alive.
    """

    def __init__(
        self, out: Path, embedder: Embedder, questions: Sequence[str], is_running: Callable[[int], bool]
    ) -> None:
        self._rows = out.with_name(f"{out.name}.vectors")
        self._note = out.with_name(f"{out.name}.vectors.json")
        self._dimension = embedder.dimension
        self._count = len(questions)
        digest = hashlib.sha256(
            f"{_FORMAT}\n{embedder.name}\n{embedder.revision}\n{embedder.dimension}".encode()
        )
        for question in questions:
            digest.update(f"\n{question}".encode("utf-8", "surrogatepass"))
        self._digest = digest.hexdigest()
        self._is_shared = self._belongs_to_another(is_running)
        self.done = 0 if self._is_shared else self._found()

    def append(self, vectors: Vectors) -> None:
        """Keep the next rows."""
        if not self._is_shared:
            with self._rows.open("ab") as file:
                file.write(np.ascontiguousarray(vectors, dtype=np.float32).tobytes())
        self.done += len(vectors)

    def kept(self) -> Vectors:
        """The rows of an earlier attempt: float32 [done, dimension]."""
        if not self.done:
            return np.empty((0, self._dimension), dtype=np.float32)
        return np.fromfile(self._rows, dtype=np.float32, count=self.done * self._dimension).reshape(
            self.done, self._dimension
        )

    def remove(self) -> None:
        """The index stands: nothing of it is needed any more."""
        if not self._is_shared:
            self._rows.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def _belongs_to_another(self, is_running: Callable[[int], bool]) -> bool:
        """Whether another build of the same index writes to it now; this one keeps none then."""
        pid = self._read_note().get("pid")
        return isinstance(pid, int) and is_running(pid)

    def _found(self) -> int:
        """How many rows an earlier attempt left; from now on the journal is this process's."""
        done = 0
        if self._read_note().get("digest") == self._digest and self._rows.exists():
            row_bytes = self._dimension * 4
            done = min(self._rows.stat().st_size // row_bytes, self._count)
            os.truncate(self._rows, done * row_bytes)  # a kill may have cut a row short
        else:
            self._rows.parent.mkdir(parents=True, exist_ok=True)
            self._rows.write_bytes(b"")
        self._note.write_text(json.dumps({"digest": self._digest, "pid": os.getpid()}), encoding="utf-8")
        return done

    def _read_note(self) -> dict[str, object]:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}
