"""BCE's embedding model (bce-embedding-base_v1): Chinese and English, and across the two.

https://github.com/netease-youdao/BCEmbedding (Apache-2.0). It wants no instruction before a query, and
texts are compared by the dot product of their normalised first states.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from core.embedders.bce_model import BceModel, BcePlaces
from core.errors import ModelResponseError
from core.ports import Vectors


class BceEmbedder:
    """Implements `core.ports.Embedder`; loads on first use.

    Args:
        folder: of the model, as published or exported.
        places: where it is held and computed.

    Raises:
        SettingsError: as `BceModel`.
    """

    def __init__(self, folder: Path, places: BcePlaces) -> None:
        self._model = BceModel(folder, "embedding", "EMBEDDER_MODEL", places)

    @property
    def name(self) -> str:
        """The same for every folder: an index does not depend on where the model lies."""
        return "bce"

    @property
    def revision(self) -> str:
        """Digest of the weights; see `BceFolder.revision`."""
        return self._model.folder.revision

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.folder.dimension

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        """Embed `texts`: float32 [len(texts), dimension], L2-normalised. Blocking.

        Raises:
            ModelError: as `BceModel.run`.
        """
        del input_type  # the model is symmetric
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._model.run(lambda tokens: [tokens.text(text) for text in texts])
        if vectors.shape != (len(texts), self.dimension):
            raise ModelResponseError(f"bce gave vectors of shape {vectors.shape} for {len(texts)} texts")
        return vectors

    def check(self) -> str:
        """Load the model, embed one question, and say what answered. Blocking."""
        told = self._model.check(lambda: self.embed(["番茄炒蛋怎么做"], input_type="query"))
        return f"bce: {told}, {self.dimension} dimensions"
