"""Vectors to fill stores with."""

from __future__ import annotations

import numpy as np

from core.ports import Vectors
from index.vector_stores.ports import Place, VectorStores

DIMENSION = 16


def unit_vectors(count: int, dimension: int = DIMENSION, seed: int = 1) -> Vectors:
    """Directions at random: float32 [count, dimension], L2-normalised."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def fill(stores: VectorStores, place: Place, vectors: Vectors, content: str = "digest") -> None:
    """Build a finished store."""
    with stores.builder(place, dimension=vectors.shape[1], total=len(vectors), content=content) as builder:
        for start in range(builder.done, len(vectors), 64):
            builder.append(vectors[start : start + 64])
        builder.finish()
