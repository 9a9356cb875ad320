"""Search over ten thousand to 1.52 million generated recipes: quality, latency, memory, and what others take.

    python -m tests.benchmarks.recipe_scale --recipes 1520000 --work WORK/ --json scale-1520000.json
    python -m tests.benchmarks.recipe_scale --extrapolate 15000000 scale-*.json
    python -m tests.benchmarks.recipe_scale --plot docs/images/retrieval/scale.svg scale-*.json

Needs requirements-dev.txt (rank_bm25) and, at 1.52 million, 5 GB of disk, 8 GB of memory for what it compares
with, and a quiet machine. The index is kept in WORK/ and not built again. A hit counts when it is a recipe
of the dish that was asked for. Hybrid searches are measured with the query already encoded.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from index.benchmark import resident_megabytes
from index.questions import question_of
from index.recipe_file import lines_of
from index.retriever import HybridRetriever
from index.segment import Segment
from index.subjects import subjects_of
from tests.benchmarks import recipe_segment
from tests.benchmarks.recipe_names import KINDS, Question, RecipeNames, dish_number_of, dishes_for
from tests.benchmarks.recipe_scale_plot import draw_scale
from tests.benchmarks.recipe_segment import DIMENSION, GramEmbedder

_RANKS = 5
_WARM_UP = 50
_CONCURRENT = 8
_FUSED = 60
"""The constant of reciprocal rank fusion, as in LangChain's ensemble."""

Search = Callable[[str], list[int]]
"""From a question to the numbers of the best dishes, best first."""


def ours(retriever: HybridRetriever) -> Search:
    """Search as the bot does it."""

    def search(query: str) -> list[int]:
        hits = retriever.search_now(query, limit=_RANKS).hits
        return [dish_number_of(hit.recipe.source) for hit in hits]

    return search


def others(folder: Path, embedder: GramEmbedder) -> Search:
    """rank_bm25 over characters and exact vectors in FAISS, both ranks fused half and half."""
    segment = Segment(folder)
    forms = list(lines_of(folder / "forms.txt"))
    bm25 = importlib.import_module("rank_bm25").BM25Okapi([list(form) for form in forms])
    exact = faiss.IndexFlatIP(DIMENSION)
    for start in range(0, len(forms), 4096):
        exact.add(
            embedder.embed([question_of(form) for form in forms[start : start + 4096]], input_type="document")
        )

    def search(query: str) -> list[int]:
        scores = bm25.get_scores(list(query))
        by_words = np.argpartition(-scores, 50)[:50]
        by_words = by_words[np.argsort(-scores[by_words])]
        _, by_vectors = exact.search(embedder.embed([query], input_type="query"), 50)
        fused: dict[int, float] = {}
        for ranked in (by_words, by_vectors[0]):
            for rank, form in enumerate(ranked.tolist()):
                fused[form] = fused.get(form, 0.0) + 0.5 / (_FUSED + rank)
        best = sorted(fused, key=lambda form: -fused[form])[:_RANKS]
        return [dish_number_of(segment.recipe(int(segment.rows_of(form)[0])).source) for form in best]

    return search


def measured(search: Search, questions: Sequence[Question], concurrent: int = 1) -> dict[str, float]:
    """hit@1, hit@5 and milliseconds: of the clock, and of the processor when one searches at a time."""

    def ask(question: Question) -> tuple[int, float, float]:
        started, worked = time.perf_counter(), time.thread_time()
        found = search(question.query)
        worked, seconds = time.thread_time() - worked, time.perf_counter() - started
        rank = found.index(question.dish_number) + 1 if question.dish_number in found else 0
        return rank, seconds * 1000, worked * 1000

    with ThreadPoolExecutor(concurrent) as pool:
        asked = list(pool.map(ask, questions))
    ranks, clock, worked = (np.array(column) for column in zip(*asked, strict=True))
    return {
        "n": len(questions),
        "hit@1": round(float((ranks == 1).mean()), 4),
        "hit@5": round(float((ranks > 0).mean()), 4),
        "p50_ms": round(float(np.percentile(clock, 50)), 2),
        "p99_ms": round(float(np.percentile(clock, 99)), 2),
        "p50_cpu_ms": round(float(np.percentile(worked, 50)), 2),
        "p99_cpu_ms": round(float(np.percentile(worked, 99)), 2),
    }


def all_measured(search: Search, asked: dict[str, list[Question]]) -> dict[str, Any]:
    """Every kind one after the other, and all together by eight at once."""
    together = [question for questions in zip(*asked.values(), strict=True) for question in questions]
    for question in together[:_WARM_UP]:
        search(question.query)
    result: dict[str, Any] = {kind: measured(search, questions) for kind, questions in asked.items()}
    result["all"] = measured(search, together)
    result[f"all, {_CONCURRENT} at once"] = measured(search, together, _CONCURRENT)
    return result


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark at one size."""
    folder = options.work / f"scale-{options.recipes}"
    seconds = recipe_segment.build(folder, options.recipes, with_vectors=options.vectors, say=_say)
    names = RecipeNames(dishes_for(options.recipes))
    asked = {kind: names.questions(kind, options.questions, seed=options.seed) for kind in KINDS}
    embedder = GramEmbedder()
    result: dict[str, Any] = {
        "recipes": options.recipes,
        "forms": Segment(folder).form_count,
        "cores": os.cpu_count(),
        "build_seconds": seconds,
        "bytes": _bytes_of(folder),
    }
    retriever = recipe_segment.opened(folder, None)
    result["lexical"] = all_measured(ours(retriever), asked)
    result["resident_mb_lexical"] = resident_megabytes()
    _say(json.dumps(result["lexical"]["all"]))
    if options.vectors:
        for question in (question for questions in asked.values() for question in questions):
            embedder.remember(question_of(subjects_of(question.query)[0]))
        del retriever  # what is in memory shall be one opened index
        gc.collect()
        retriever = recipe_segment.opened(folder, embedder)
        result["hybrid"] = all_measured(ours(retriever), asked)
        result["resident_mb_hybrid"] = resident_megabytes()
        _say(json.dumps(result["hybrid"]["all"]))
    if options.baseline:
        result["others"] = _compared(folder, embedder, asked, options.baseline, retriever)
    return result


def _compared(
    folder: Path,
    embedder: GramEmbedder,
    asked: dict[str, list[Question]],
    count: int,
    retriever: HybridRetriever,
) -> dict[str, Any]:
    """The others and ours (with vectors, if there are any) on the same few questions of each kind.

    Either answers as many other questions first: what building the others took has emptied all caches.
    """
    some = [question for questions in asked.values() for question in questions[:count]]
    before = [question for questions in asked.values() for question in questions[count : 2 * count]]

    def warm(search: Search) -> Search:
        for question in before:
            search(question.query)
        return search

    theirs, mine = measured(warm(others(folder, embedder)), some), measured(warm(ours(retriever)), some)
    return {"theirs": theirs, "ours": mine, "times_faster": round(theirs["p50_ms"] / mine["p50_ms"], 1)}


def extrapolated(size: int, results: Sequence[dict[str, Any]]) -> dict[str, float]:
    """What `size` recipes would take, from a straight line through the two largest measured sizes."""
    small, large = sorted(results, key=lambda result: int(result["recipes"]))[-2:]
    figures: dict[str, Callable[[dict[str, Any]], float]] = {
        "disk_gb": lambda result: sum(result["bytes"].values()) / 1e9,
        "resident_gb": lambda result: result.get("resident_mb_hybrid", result["resident_mb_lexical"]) / 1e3,
        "build_minutes": lambda result: sum(result["build_seconds"].values()) / 60,
        "lexical_p99_cpu_ms": lambda result: result["lexical"]["all"]["p99_cpu_ms"],
    }
    span = (size - large["recipes"]) / (large["recipes"] - small["recipes"])
    return {name: round(of(large) + span * (of(large) - of(small)), 2) for name, of in figures.items()}


def _bytes_of(folder: Path) -> dict[str, int]:
    """Bytes on disk by what they hold."""
    found: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            part = path.relative_to(folder).parts[0].split(".")[0]
            found[part] = found.get(part, 0) + path.stat().st_size
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description="search at scale")
    parser.add_argument("results", type=Path, nargs="*", help="results of earlier runs")
    parser.add_argument("--recipes", type=int, default=100_000)
    parser.add_argument("--work", type=Path, default=Path("scale"))
    parser.add_argument("--questions", type=int, default=300, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="other questions for another number")
    parser.add_argument(
        "--baseline", type=int, default=5, help="questions of each kind for the others; 0: none"
    )
    parser.add_argument("--no-vectors", dest="vectors", action="store_false")
    parser.add_argument("--json", type=Path, help="where the figures go; else they are printed")
    parser.add_argument("--plot", type=Path, metavar="SVG", help="draw the results (matplotlib)")
    parser.add_argument("--extrapolate", type=int, metavar="RECIPES", help="what that many would take")
    options = parser.parse_args()
    earlier = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    if options.plot:
        print(draw_scale(earlier, options.plot))
        return
    if options.extrapolate:
        result: dict[str, Any] = extrapolated(options.extrapolate, earlier)
    else:
        result = run(options)
    text = json.dumps(result, ensure_ascii=False, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
