"""What the commands share: the kinds of argument, the models of the settings, notes on standard error."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from core.language_models.choice import shelf_of
from core.settings import Settings
from index.embedder_choice import SearchModels, search_models_for
from index.opening import opened_index
from index.retriever import HybridRetriever
from index.second_stage import SecondStage

ERRORS = Console(stderr=True)
_RERANK_SECONDS = 600.0
"""Here nobody waits in a chat: what is printed should not depend on how busy the machine is."""

Commands = argparse._SubParsersAction  # noqa: SLF001 — argparse has no public name for it


def add_index(parser: argparse.ArgumentParser) -> None:
    """The option `--index DIR`."""
    parser.add_argument("--index", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")


def add_queries(parser: argparse.ArgumentParser) -> None:
    """The options of what measures with labelled queries."""
    add_index(parser)
    parser.add_argument("--queries", type=Path, action="append", nargs="+", required=True, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def index_of(options: argparse.Namespace, settings: Settings) -> Path:
    """The folder that `--index` or the settings name."""
    folder: Path | None = options.index
    return folder or settings.effective_index_dir


def models_of(settings: Settings) -> SearchModels:
    """The models for searching; nothing is loaded yet."""
    return search_models_for(settings, shelf_of(settings), report=note)


def opened(options: argparse.Namespace, settings: Settings) -> HybridRetriever:
    """The index, opened for searching with everything that the settings name."""
    models = models_of(settings)
    return opened_index(index_of(options, settings), settings, models.embedder, second_stage_of(models))


def second_stage_of(models: SearchModels) -> SecondStage | None:
    """The second stage of search, where a reranker is configured."""
    return SecondStage(models.reranker, seconds=_RERANK_SECONDS) if models.reranker else None


def note(text: str) -> None:
    """Tell something on standard error."""
    ERRORS.print(text, highlight=False)


def warn(what: str, text: str) -> None:
    """Tell on standard error that something is not as it should be."""
    ERRORS.print(f"[yellow]{what}[/] {escape(text)}", highlight=False, soft_wrap=True)
