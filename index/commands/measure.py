"""`index evaluate` and `index benchmark`: how well and how fast an index finds."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from rich.console import Console
from rich.table import Table

from core.errors import SettingsError
from core.language_models.choice import language_model_of, shelf_of
from core.settings import Settings
from index.benchmark import compare, resident_megabytes, systems
from index.commands.common import Commands, add_queries, index_of, models_of, opened
from index.evaluate import Search, evaluate, read_queries, search_of
from index.hyde import HydeRetriever
from index.retriever import HybridRetriever


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parsers of these commands."""
    measure = commands.add_parser("evaluate", parents=[shared], help="measure an index with labelled queries")
    add_queries(measure)
    measure.add_argument(
        "--hyde", action="store_true", help="let the language model imagine dishes for what is refused"
    )
    measure.set_defaults(run=_evaluate)

    race = commands.add_parser(
        "benchmark", parents=[shared], help="compare with BM25 and with vectors alone (requirements-dev.txt)"
    )
    add_queries(race)
    race.set_defaults(run=_benchmark)


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    retriever = opened(options, settings)
    retriever.search_now("番茄炒蛋怎么做")  # models load on first use; that is not a query's latency
    files = [path for group in options.queries for path in group]
    with _hyde(retriever, settings) if options.hyde else nullcontext(search_of(retriever)) as search:
        results = {path.stem: evaluate(search, read_queries(path)) for path in files}
    if options.json:
        print(json.dumps(results, ensure_ascii=False))
        return 0
    _print_figures(results)
    return 0


@contextmanager
def _hyde(retriever: HybridRetriever, settings: Settings) -> Iterator[Search]:
    """The search of the bot with SEARCH_HYDE, call after call."""
    model = language_model_of(settings, shelf_of(settings))
    if model is None:
        raise SettingsError("LLM_BACKEND", "--hyde needs a language model; the composer is none")
    imagining = HydeRetriever(retriever, model.stream)
    with asyncio.Runner() as runner:
        yield lambda query, limit: runner.run(imagining.search(query, limit=limit))
        runner.run(model.close())


def _print_figures(results: dict[str, dict[str, Any]]) -> None:
    table = Table()
    for column in (
        "file",
        "n",
        "hit@1",
        "hit@5",
        "mrr",
        "refusal_recall",
        "wrongly_refused",
        "p50 ms",
        "p99 ms",
    ):
        table.add_column(column)
    for name, result in results.items():
        latency = result["latency_ms"]
        counts = [result[key] for key in ("n", "hit@1", "hit@5", "mrr", "refusal_recall", "wrongly_refused")]
        table.add_row(
            name, *("–" if v is None else str(v) for v in (*counts, latency["p50"], latency["p99"]))
        )
    Console().print(table)


def _benchmark(options: argparse.Namespace, settings: Settings) -> int:
    folder = index_of(options, settings)
    embedder = models_of(settings).embedder
    retriever = HybridRetriever.open(folder, embedder)
    retriever.search_now("番茄炒蛋怎么做")  # models load on first use; that is not a query's latency
    resident = resident_megabytes()
    files = {path.stem: read_queries(path) for group in options.queries for path in group}
    results = compare(systems(folder, retriever, embedder), files)
    if options.json:
        print(json.dumps({"resident_mb": resident, "results": results}, ensure_ascii=False))
        return 0
    columns = ("hit@1", "hit@5", "p50_ms", "p99_ms", "hit@1_of_ours", "p50_of_ours")
    table = Table("file", "system", *columns, title=f"resident before the comparison: {resident} MB")
    for stem, row in results.items():
        for name, figures in row.items():
            table.add_row(stem, name, *(str(figures[column]) for column in columns))
    Console().print(table)
    return 0
