"""An embedder that remembers, so that searches are timed with the query already encoded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

import numpy as np

from core.ports import Embedder, Vectors


class RememberingEmbedder:
    """`embedder`, asked once for each text.

    Attributes:
        milliseconds: what each text took that was asked for alone.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[tuple[str, str], Vectors] = {}
        self.milliseconds: list[float] = []

    @property
    def name(self) -> str:
        """Backend and model."""
        return self._embedder.name

    @property
    def revision(self) -> str:
        """Version of the weights."""
        return self._embedder.revision

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def check(self) -> str:
        """Say in a line what answers."""
        return self._embedder.check()

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        """Embed `texts`: float32 [len(texts), dimension], L2-normalised."""
        new = [text for text in dict.fromkeys(texts) if (text, input_type) not in self._known]
        if new:
            started = time.perf_counter()
            vectors = self._embedder.embed(new, input_type=input_type)
            if len(new) == 1:
                self.milliseconds.append((time.perf_counter() - started) * 1000)
            for text, vector in zip(new, vectors, strict=True):
                self._known[text, input_type] = vector
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[text, input_type] for text in texts])
