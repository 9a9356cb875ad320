"""`index search`: look something up in an index."""

from __future__ import annotations

import argparse
import json

from rich.console import Console
from rich.table import Table

from core.ports import Retrieval
from core.settings import Settings
from index.commands.common import Commands, add_index, opened


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parsers of these commands."""
    search = commands.add_parser("search", parents=[shared], help="search an index")
    search.add_argument("query")
    add_index(search)
    search.add_argument("--limit", type=int, default=5, metavar="N")
    search.add_argument("--json", action="store_true", help="print one JSON object")
    search.set_defaults(run=_search)


def _search(options: argparse.Namespace, settings: Settings) -> int:
    retriever = opened(options, settings)
    retrieval = retriever.search_now(options.query, limit=max(1, min(options.limit, 100)))
    if options.json:
        print(json.dumps(_as_json(retrieval), ensure_ascii=False))
        return 0
    table = Table(title="refused; nearest dishes" if retrieval.refused else None)
    for column in ("score", "name", "matched question", "source"):
        table.add_column(column)
    for hit in retrieval.hits:
        table.add_row(f"{hit.score:.3f}", hit.recipe.name, hit.matched_question, hit.recipe.source)
    Console().print(table)
    return 0


def _as_json(retrieval: Retrieval) -> dict[str, object]:
    return {
        "query": retrieval.query.encode("utf-8", "replace").decode("utf-8"),
        "refused": retrieval.refused,
        "hits": [
            {
                "name": hit.recipe.name,
                "score": round(hit.score, 4),
                "source": hit.recipe.source,
                "recipe_id": hit.recipe.recipe_id,
            }
            for hit in retrieval.hits
        ],
    }
