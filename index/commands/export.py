"""`index export`: a faster form of a search model."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.settings import Settings
from index.commands.common import Commands, note


def add(commands: Commands[argparse.ArgumentParser], _shared: argparse.ArgumentParser) -> None:
    """Add the parsers of these commands."""
    export = commands.add_parser("export", help="make a model of BCE's faster on a processor (ONNX)")
    export.add_argument("folder", type=Path, help="of bce-embedding-base_v1 or bce-reranker-base_v1")
    export.add_argument("out", type=Path, help="folder to write; EMBEDDER_MODEL or RERANKER_MODEL then")
    export.add_argument("--int8", action="store_true", help="8-bit weights: a quarter of the size, faster")
    export.set_defaults(run=_export, embedder=None)


def _export(options: argparse.Namespace, _settings: Settings) -> int:
    from core.embedders.bce_export import export

    result = export(options.folder, options.out, int8=options.int8, report=note)
    measure = "1 - cosine" if result.head == "embedding" else "score"
    print(
        f"{options.out}: {result.head}, {result.size_bytes / 1e6:.0f} MB; "
        f"{measure} at most {result.deviation:.2g} off torch on sample texts"
    )
    return 0
