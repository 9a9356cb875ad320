"""An embedder without a model: equal texts have equal vectors, shared characters bring texts nearer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from core.ports import Vectors


class HashingEmbedder:
    """`core.ports.Embedder` over hashed characters and bigrams.

    Attributes:
        batches: the texts of every call, in order.
        failure: raised by every call.
    """

    def __init__(self, *, name: str = "fake/hashing", revision: str = "1", dimension: int = 32) -> None:
        self.name = name
        self.revision = revision
        self.dimension = dimension
        self.batches: list[tuple[str, ...]] = []
        self.failure: Exception | None = None

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        self.batches.append(tuple(texts))
        if self.failure is not None:
            raise self.failure
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for piece in (*text, *(text[i : i + 2] for i in range(len(text) - 1)), "\n"):
                digest = hashlib.sha256(piece.encode("utf-8", "surrogatepass")).digest()
                vectors[row, digest[0] % self.dimension] += 1 if digest[1] & 1 else -1
            vectors[row, 0] += 0.5  # never the zero vector
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def check(self) -> str:
        return self.name
