"""Folders of tiny BCE models, as published and as exported, each made when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.embedders.bce_export import export
from core.embedders.bce_model import BcePlaces
from core.model_shelf import ModelShelf
from tests.fakes.tiny_bce import TinyBce


@dataclass(frozen=True)
class BceFolders:
    """Below `root`; needs requirements-models.txt."""

    root: Path

    def published(self, *, reranker: bool = False, pickled: bool = False) -> Path:
        folder = self.root / f"{_role(reranker)}{'-pickled' if pickled else ''}"
        return folder if folder.exists() else TinyBce(reranker).write(folder, pickled=pickled)

    def exported(self, *, reranker: bool = False, int8: bool = False) -> Path:
        folder = self.root / f"{_role(reranker)}-onnx{'-int8' if int8 else ''}"
        if not folder.exists():
            export(self.published(reranker=reranker), folder, int8=int8, report=lambda _text: None)
        return folder


def _role(reranker: bool) -> str:
    return "bce-reranker-base_v1" if reranker else "bce-embedding-base_v1"


def on_the_processor() -> BcePlaces:
    shelf = ModelShelf(4_000_000_000)
    return BcePlaces(shelf, shelf, device="cpu")
