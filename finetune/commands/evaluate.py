"""`python -m finetune evaluate`: models on held-out recipes, before and after.

Run as:
    python -m finetune evaluate data/training models/internlm2-chat-1_8b runs/first/adapter --out eval
    python -m finetune evaluate data/training models/shishen --server qwen3:8b --judge qwen3:8b --out eval

The models answer the same held-out conversations of `python -m finetune data`. --out gets evaluation.json,
evaluation.html (answers side by side) and the answers themselves: run again, it goes on where it stopped.
--server and --judge ask the server of LLM_BASE_URL and LLM_API_KEY. docs/finetune.md tells what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.errors import ModelRejectedError, SettingsError
from core.language_models.choice import language_model_of, shelf_of
from core.language_models.internlm2_language_model import InternLm2LanguageModel, LocalModelOptions
from core.model_shelf import ModelShelf
from core.ports import LanguageModel, Sampling
from core.settings import Settings, load_settings
from core.whole_file import whole_file
from finetune.data.splits import require_apart
from finetune.evaluate.answers import answered
from finetune.evaluate.evaluation import Evaluation
from finetune.evaluate.judge import judged
from finetune.evaluate.page import MEASURES, best_of, page_of
from finetune.evaluate.samples import AnswerJournal, Sample, dev_file, read_samples
from index.progress import BuildProgressBar

HELP = "measure models on held-out recipes, before and after"
_MOST = 6
_UNSAFE = re.compile(r"[^\w.-]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("data", type=Path, help="folder of `python -m finetune data`, or a conversation file")
    parser.add_argument("models", type=Path, nargs="*", metavar="FOLDER", help="models and adapters")
    parser.add_argument("--server", action="append", default=[], metavar="MODEL", help="of LLM_BASE_URL")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--train", type=Path, metavar="FILE", help="refuse what shares dishes with this file")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="samples, spread over all")
    parser.add_argument("--at-once", type=int, default=8, metavar="N", help="questions at the same time")
    parser.add_argument("--judge", metavar="MODEL", help="let this model of LLM_BASE_URL mark the answers")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    parser.add_argument("--dtype", default="auto", choices=["auto", "bfloat16", "float16", "float32"])
    parser.add_argument("--quantization", default="none", choices=["none", "int8", "nf4"])
    parser.add_argument("--temperature", type=float, default=0.0, help="0: the likeliest words")
    parser.add_argument("--repetition-penalty", type=float, help="default: as recommended for its size")
    parser.add_argument("--max-tokens", type=int, default=800, help="of one answer")
    parser.add_argument("--models-dir", type=Path, default=Path("data/models"), help="for converted bases")


def run(options: argparse.Namespace) -> int:
    """Evaluate all, print and write what came of it."""
    if not 1 <= len(options.models) + len(options.server) <= _MOST:
        raise SettingsError("FOLDER", f"name 1 to {_MOST} models, folders or --server MODEL")
    if options.train is not None:
        require_apart(options.train, dev_file(options.data))
    samples = read_samples(options.data, options.limit)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        evaluations = asyncio.run(_evaluate(options, samples))
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    records = [evaluation.as_record() for evaluation in evaluations]
    _write(options.out / "evaluation.json", json.dumps(records, ensure_ascii=False, indent=1) + "\n")
    _write(options.out / "evaluation.html", page_of(evaluations))
    Console().print(_table(evaluations))
    print(f"{options.out / 'evaluation.html'}: {len(samples)} questions, answers side by side")
    return 0


async def _evaluate(options: argparse.Namespace, samples: Sequence[Sample]) -> list[Evaluation]:
    """One model after the other, so that only one is in memory."""
    named: list[tuple[str, Callable[[], LanguageModel]]] = [
        *((folder.name, partial(_local, options, folder)) for folder in options.models),
        *((served, partial(_served, served)) for served in options.server),
    ]
    with BuildProgressBar() as bar:
        return [await _one(options, samples, name, make, bar) for name, make in named]


async def _one(
    options: argparse.Namespace,
    samples: Sequence[Sample],
    name: str,
    make: Callable[[], LanguageModel],
    bar: BuildProgressBar,
) -> Evaluation:
    """What one model answers, and what the judge says of it."""
    journal = AnswerJournal(options.out / f"answers-{_UNSAFE.sub('_', name)}.jsonl")
    sampling = Sampling(
        temperature=options.temperature,
        max_output_tokens=options.max_tokens,
        repetition_penalty=options.repetition_penalty,
    )
    async with _closing(make()) as model:
        answers = await answered(
            samples, model, journal, sampling, at_once=options.at_once, progress=partial(bar.show, name)
        )
    if not options.judge:
        return Evaluation.of(name, samples, answers)
    async with _closing(_served(options.judge)) as judge:
        progress = partial(bar.show, f"{name} 评分")
        marks = await judged(samples, answers, judge, at_once=options.at_once, progress=progress)
    return Evaluation.of(name, samples, answers, marks)


@asynccontextmanager
async def _closing(model: LanguageModel) -> AsyncIterator[LanguageModel]:
    """Let go of the model at the end."""
    try:
        yield model
    finally:
        await model.close()


def _local(options: argparse.Namespace, folder: Path) -> LanguageModel:
    held = LocalModelOptions(options.device, options.dtype, options.quantization, requests=options.at_once)
    return InternLm2LanguageModel(folder, options.models_dir, ModelShelf(1 << 60), held)


def _served(model: str) -> LanguageModel:
    settings: Settings = load_settings(llm_backend="openai", llm_model=model)
    served = language_model_of(settings, shelf_of(settings))
    if served is None:
        raise SettingsError("LLM_BASE_URL", "no server is set")
    return served


def _table(evaluations: Sequence[Evaluation]) -> Table:
    rows = [evaluation.means() for evaluation in evaluations]
    table = Table("", *(evaluation.name for evaluation in evaluations))
    for name, words in MEASURES.items():
        values = [row.get(name) for row in rows]
        if any(value is not None for value in values):
            best = best_of(name, rows)
            cells = ["–" if v is None else f"[bold]{v:.3f}[/]" if v == best else f"{v:.3f}" for v in values]
            table.add_row(words, *cells)
    return table


def _write(path: Path, text: str) -> None:
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
