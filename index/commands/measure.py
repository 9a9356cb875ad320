"""`index evaluate` and `index benchmark`: how well and how fast an index finds."""

from __future__ import annotations

import argparse
import json

from rich.console import Console
from rich.table import Table

from core.settings import Settings
from index.benchmark import compare, resident_megabytes, systems
from index.commands.common import Commands, add_queries, index_of, models_of, opened
from index.evaluate import evaluate, read_queries
from index.retriever import HybridRetriever


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parsers of these commands."""
    measure = commands.add_parser("evaluate", parents=[shared], help="measure an index with labelled queries")
    add_queries(measure)
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
    results = {path.stem: evaluate(retriever, read_queries(path)) for path in files}
    if options.json:
        print(json.dumps(results, ensure_ascii=False))
        return 0
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
    return 0


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
