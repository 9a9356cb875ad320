"""BCE's reranker (bce-reranker-base_v1): a cross-encoder that reads question and passage together.

https://github.com/netease-youdao/BCEmbedding (Apache-2.0). A passage that is longer than an input is read
in windows, and is as good as its best one, as in BCEmbedding's own `RerankerModel.rerank`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.embedders.bce_model import BceModel, BcePlaces
from core.embedders.bce_tokens import BceTokens
from core.ports import Scores


class BceReranker:
    """Implements `core.ports.Reranker`; loads on first use.

    Args:
        folder: of the model, as published or exported.
        places: where it is held and computed.

    Raises:
        SettingsError: as `BceModel`.
    """

    def __init__(self, folder: Path, places: BcePlaces) -> None:
        self._model = BceModel(folder, "reranker", "RERANKER_MODEL", places)

    @property
    def name(self) -> str:
        """Backend and model."""
        return "bce"

    @property
    def revision(self) -> str:
        """Digest of the weights; see `BceFolder.revision`."""
        return self._model.folder.revision

    def rerank(self, query: str, passages: Sequence[str]) -> Scores:
        """How well each passage answers `query`: float32 [len(passages)] in [0, 1]. Blocking.

        Its makers take 0.35 to 0.4 for the border of what is relevant; an empty passage has 0.

        Raises:
            ModelError: as `BceModel.run`.
        """
        owners: list[int] = []

        def rows_of(tokens: BceTokens) -> list[list[int]]:
            owners.clear()  # out of memory, it is called again
            rows: list[list[int]] = []
            for number, passage in enumerate(passages):
                pairs = tokens.pairs(query, passage)
                owners.extend([number] * len(pairs))
                rows += pairs
            return rows

        results = self._model.run(rows_of)
        scores = np.zeros(len(passages), dtype=np.float32)
        np.maximum.at(scores, owners, results)
        return scores

    def check(self) -> str:
        """Load the model, score one pair, and say what answered. Blocking."""
        return f"bce: {self._model.check(lambda: self.rerank('番茄炒蛋怎么做', ['番茄炒蛋：番茄、鸡蛋']))}"
