"""Opening an index as the settings say: its vectors from the store that its manifest names."""

from __future__ import annotations

from pathlib import Path

from core.ports import Embedder
from core.settings import Settings
from index.manifest import Manifest
from index.retriever import HybridRetriever
from index.second_stage import SecondStage
from index.vector_stores.choice import stores_for


def opened_index(
    folder: Path, settings: Settings, embedder: Embedder | None, second_stage: SecondStage | None
) -> HybridRetriever:
    """The index that is at `folder` now.

    Raises:
        SettingsError: what its vector store needs is not installed.
        RecipeIndexError: it cannot be opened.
    """
    kind = Manifest.read(folder).vector_store
    stores = stores_for(settings, kind) if kind else None
    threshold = settings.search_threshold
    return HybridRetriever.open(
        folder, embedder, stores=stores, second_stage=second_stage, threshold=threshold
    )
