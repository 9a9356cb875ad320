"""What BCE's two models cost, at their real shape with random weights: time does not depend on the numbers.

    python -m tests.benchmarks.bce                 # torch on a GPU; without one, ONNX as well
    python -m tests.benchmarks.bce --device cpu
    python -m tests.benchmarks.bce --keep FOLDER   # keep what was exported, and use it again

Needs `make setup-models`, 5 GB of memory and 5 GB of disk. The tokenizer is a tiny one: a question has some
more tokens than with BCE's own.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.devices import GIGABYTE, placement_of
from core.embedders.bce_embedder import BceEmbedder
from core.embedders.bce_export import export
from core.embedders.bce_model import BcePlaces
from core.model_shelf import ModelShelf
from core.rerankers.bce_reranker import BceReranker
from tests.fakes.tiny_bce import TinyBce

QUESTION = "番茄炒蛋怎么做"
PASSAGES = [
    f"{name}：五花肉、冰糖、生抽、老抽、料酒" for name in ("红烧肉", "东坡肉", "回锅肉", "扣肉", "炖肉")
] * 2
WHOLE_RECIPES = [passage + "切块，冷水下锅焯水，小火炖四十分钟。" * 14 for passage in PASSAGES]
MANY = [f"{QUESTION}{number}" for number in range(20_000)]


def real_shape(*, reranker: bool) -> TinyBce:
    """bce-embedding-base_v1 or bce-reranker-base_v1."""
    return TinyBce(
        reranker, hidden=768, layers=12, heads=12, intermediate=3072, vocabulary=250_002, spread=0.02
    )


def milliseconds(call: Callable[[], object], times: int) -> tuple[float, float]:
    """Median and fastest, after two calls that warm up."""
    call(), call()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken), min(taken)


def folders(root: Path, *, with_onnx: bool) -> dict[str, tuple[Path, Path]]:
    """Name → folders of embedder and reranker; made where they are not there."""
    made = {}
    sources = []
    for reranker in (False, True):
        source = root / ("bce-reranker-base" if reranker else "bce-embedding-base")
        if not source.exists():
            real_shape(reranker=reranker).write(source)
        sources.append(source)
    made["torch"] = (sources[0], sources[1])
    for int8 in (False, True) if with_onnx else ():
        name = f"onnx {'int8' if int8 else 'float32'}"
        outs = [root / f"{source.name}-{name.replace(' ', '-')}" for source in sources]
        for source, out in zip(sources, outs, strict=True):
            if not out.exists():
                result = export(source, out, int8=int8, report=lambda _text: None)
                print(f"{out.name}: {result.size_bytes / 1e6:.0f} MB, deviation {result.deviation:.2g}")
        made[name] = (outs[0], outs[1])
    return made


def measure(name: str, embedding: Path, reranking: Path, device: str) -> None:
    shelf = ModelShelf(100 * GIGABYTE)
    places = BcePlaces(shelf, shelf, device)
    embedder, reranker = BceEmbedder(embedding, places), BceReranker(reranking, places)
    calls: list[tuple[str, Callable[[], object]]] = [
        ("1 question embedded", lambda: embedder.embed([QUESTION], input_type="query")),
        ("32 questions embedded", lambda: embedder.embed(MANY[:32], input_type="document")),
        ("10 short candidates reranked", lambda: reranker.rerank(QUESTION, PASSAGES)),
    ]
    if device != "cpu":
        calls.append(("20,000 questions embedded", lambda: embedder.embed(MANY, input_type="document")))
        calls.append(("1,000 short candidates reranked", lambda: reranker.rerank(QUESTION, PASSAGES * 100)))
    calls.append(("10 whole recipes reranked", lambda: reranker.rerank(QUESTION, WHOLE_RECIPES)))
    for what, call in calls:
        median, fastest = milliseconds(call, 5 if "000" in what or "whole" in what else 20)
        print(f"{name:14} {what:32} median {median:8.1f} ms, fastest {fastest:8.1f} ms", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    device = placement_of(options.device, "auto").device
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        root.mkdir(parents=True, exist_ok=True)
        for name, (embedding, reranking) in folders(root, with_onnx=device == "cpu").items():
            measure(name, embedding, reranking, device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
