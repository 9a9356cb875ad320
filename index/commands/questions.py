"""`index questions`: let a language model write what people ask when a recipe is the answer."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import BotError, CorpusError, SettingsError
from core.language_models.choice import language_model_of, shelf_of
from core.ports import LanguageModel
from core.recipe import Recipe
from core.settings import Settings
from index.build import COOKBOOK_DIR
from index.commands.common import ERRORS, Commands, note, warn
from index.progress import BuildProgressBar
from index.question_prompt import MAX_QUESTIONS
from index.question_writing import Estimate, QuestionJournal, WritingReport, estimate, with_questions
from index.readers import read_corpus


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parser of this command."""
    parser = commands.add_parser(
        "questions", parents=[shared], help="let the language model write questions for recipes (HyQE)"
    )
    parser.add_argument("--corpus", type=Path, nargs="+", metavar="PATH", help="default: the cookbook")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSONL for `build --corpus`")
    parser.add_argument("--count", type=int, default=5, help=f"questions a recipe, 1 to {MAX_QUESTIONS}")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N recipes")
    parser.add_argument("--at-once", type=int, default=4, metavar="N", help="calls at the same time")
    parser.add_argument(
        "--prices",
        type=float,
        nargs=2,
        metavar=("IN", "OUT"),
        help="of a million tokens, to estimate what it costs",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before calling the model")
    parser.set_defaults(run=_questions)


def _questions(options: argparse.Namespace, settings: Settings) -> int:
    model = language_model_of(settings, shelf_of(settings))
    if model is None:
        raise SettingsError("LLM_BACKEND", "questions are written by a language model; the composer is none")
    count = max(1, min(options.count, MAX_QUESTIONS))
    corpora: list[Path] = options.corpus or [COOKBOOK_DIR]
    journal = QuestionJournal(options.out.with_name(f"{options.out.name}.journal"), f"{model.name}\n{count}")
    expected = estimate(_recipes(corpora, options.limit), journal, count)
    note(_in_words(expected, options.prices))
    if expected.recipes and not options.yes and not _agreed():
        note("nothing was asked")
        return 1
    report = asyncio.run(_write(options, model, journal, corpora, count, expected))
    for recipe_id in report.unread[:20]:
        warn("without questions", f"{recipe_id}: the model's answer could not be read, twice")
    print(
        f"{options.out}: {report.written} recipes asked about, {report.kept} taken from the journal,"
        f" {len(report.unread)} left without questions"
    )
    return 0


def _recipes(corpora: Sequence[Path], limit: int) -> Iterator[Recipe]:
    """The recipes of `corpora`; unreadable rows are left for `build` to name."""
    read = 0
    for corpus in corpora:
        for row in read_corpus(corpus):
            if isinstance(row, CorpusError):
                continue
            yield row
            read += 1
            if read == limit:
                return


def _in_words(expected: Estimate, prices: Sequence[float] | None) -> str:
    text = (
        f"{expected.recipes} recipes to ask about ({expected.kept} kept from before): about "
        f"{expected.tokens_sent:,} tokens to send, at most {expected.tokens_received:,} to receive"
    )
    return f"{text}, {expected.cost(*prices):.2f} in the currency of the prices" if prices else text


def _agreed() -> bool:
    try:
        return input("ask the model now? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        raise BotError("nobody to ask: give --yes to go on without") from None


async def _write(
    options: argparse.Namespace,
    model: LanguageModel,
    journal: QuestionJournal,
    corpora: Sequence[Path],
    count: int,
    expected: Estimate,
) -> WritingReport:
    """Write the corpus with its questions beside the target, and put it there when it is whole."""
    report = WritingReport()
    total = expected.recipes + expected.kept
    unfinished = options.out.with_name(f"{options.out.name}.part-{os.getpid()}")
    recipes = _recipes(corpora, options.limit)
    at_once = max(1, min(options.at_once, 64))
    try:
        with unfinished.open("w", encoding="utf-8") as file, BuildProgressBar(ERRORS) as bar:
            done = 0
            async for recipe in with_questions(recipes, model, journal, count, report, at_once=at_once):
                file.write(json.dumps(recipe.to_dict(), ensure_ascii=False) + "\n")
                done += 1
                bar.show("写问题", done, total)
        unfinished.replace(options.out)
    finally:
        unfinished.unlink(missing_ok=True)
        await model.close()
    return report
