"""`index evaluate` and `index benchmark`: how well and how fast an index finds."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from core.errors import SettingsError
from core.language_models.choice import language_model_of, shelf_of
from core.settings import Settings
from index.benchmark import SECTIONS, run
from index.benchmarking.dialogues import Search
from index.benchmarking.made_queries import made_queries
from index.benchmarking.plots import draw
from index.benchmarking.tables import sheets, summary
from index.commands.common import Commands, add_queries, index_of, models_of, note, opened, second_stage_of
from index.evaluate import evaluate, read_queries, search_of
from index.hyde import HydeRetriever
from index.manifest import Manifest
from index.retriever import HybridRetriever
from index.segments import open_segments


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parsers of these commands."""
    measure = commands.add_parser("evaluate", parents=[shared], help="measure an index with labelled queries")
    add_queries(measure)
    measure.add_argument(
        "--hyde", action="store_true", help="let the language model imagine dishes for what is refused"
    )
    measure.set_defaults(run=_evaluate)

    race = commands.add_parser(
        "benchmark",
        parents=[shared],
        help="quality, calibration, rivals side by side, ablation (requirements-dev.txt)",
    )
    add_queries(race)
    race.add_argument(
        "--sections",
        nargs="+",
        choices=SECTIONS,
        default=SECTIONS,
        help="what to measure (default: everything)",
    )
    race.add_argument(
        "--made", type=int, default=0, metavar="N", help="at most N more queries a kind, made from the index"
    )
    race.add_argument("--plots", type=Path, metavar="DIR", help="draw SVG there (matplotlib)")
    race.add_argument("--markdown", action="store_true", help="print tables as Markdown")
    race.set_defaults(run=_benchmark)


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    retriever = opened(options, settings)
    retriever.warm_up()  # models load on first use; that is not a query's latency
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
        yield lambda query, limit, exclude=frozenset(): runner.run(
            imagining.search(query, limit=limit, exclude=exclude)
        )
        runner.run(model.close())


def _print_figures(results: dict[str, dict[str, Any]]) -> None:
    table = Table()
    for column in (
        "file",
        "n",
        "hit@1",
        "hit@5",
        "mrr",
        "all@5",
        "refusal_recall",
        "wrongly_refused",
        "p50 ms",
        "p99 ms",
    ):
        table.add_column(column)
    for name, result in results.items():
        latency = result["latency_ms"]
        counts = [
            result[key]
            for key in ("n", "hit@1", "hit@5", "mrr", "all@5", "refusal_recall", "wrongly_refused")
        ]
        table.add_row(
            name, *("–" if v is None else str(v) for v in (*counts, latency["p50"], latency["p99"]))
        )
    Console().print(table)


def _benchmark(options: argparse.Namespace, settings: Settings) -> int:
    folder = index_of(options, settings)
    models = models_of(settings)
    second_stage = second_stage_of(models)
    files = {path.stem: read_queries(path) for group in options.queries for path in group}
    if options.made:
        files |= made_queries(open_segments(folder, Manifest.read(folder))[0], options.made)
    results = run(folder, files, models.embedder, second_stage, options.sections)
    if options.plots is not None:
        for path in draw(results, options.plots):
            note(f"{path} drawn")
    if options.json:
        print(json.dumps(results, ensure_ascii=False))
        return 0
    _print_results(results, as_markdown=options.markdown)
    return 0


def _print_results(results: dict[str, Any], *, as_markdown: bool) -> None:
    for line in summary(results):
        print(line)
    for sheet in sheets(results):
        if as_markdown:
            print(f"\n{sheet.markdown()}")
            continue
        table = Table(*sheet.columns, title=sheet.title)
        for row in sheet.rows:
            table.add_row(*row)
        Console().print(table)
