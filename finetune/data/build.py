"""From sources to files: gather, choose, converse, shuffle, write. Every pass streams.

Memory is bounded by the buckets of `HashOrder`, by the recipes of one dish and by what is held out; the
order of the output depends on seed and content alone.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from core.errors import CorpusError, DiskFullError, SettingsError, StorageError
from core.recipe import Recipe
from finetune.data.choice import Choice, hash64
from finetune.data.choosing import chosen
from finetune.data.conversation import TrainingConversation
from finetune.data.dish import Dish
from finetune.data.formats import FORMATS, ConversationFile, Format, as_messages, json_line
from finetune.data.gather import Gathered, Progress, bytes_of, gather
from finetune.data.hash_order import HashOrder
from finetune.data.kinds import KINDS
from finetune.data.plan import DataPlan
from finetune.data.quotas import Quotas
from finetune.data.reading import conversation_of_record
from finetune.data.refused import refused_questions
from finetune.data.report import SPLITS, DataReport
from finetune.data.scene import Scene
from finetune.data.stages import Stages, purpose_of
from finetune.data.voice import Voice

REPORT_NAME = "report.json"
HELD_OUT_NAME = "dev.recipes.jsonl"
_SCRATCH = "scratch"
_MOST_OF_A_KIND = 2
"""Conversations of one kind about one recipe at most, so that no recipe pays a whole kind's debts."""
_GROWTH = 2
"""A recipe in our JSON, and a conversation about it, is up to twice as long as the recipe in its source."""
_NO_SPACE = 28


def build_data(
    sources: Sequence[Path],
    out: Path,
    plan: DataPlan,
    *,
    formats: Iterable[str] = tuple(FORMATS),
    skip_bad: bool = False,
    replace: bool = False,
    progress: Progress = lambda _what, _done, _total: None,
) -> DataReport:
    """Make training data of recipes.

    Writes, for each split and format, `train.messages.jsonl` and its like, the held-out recipes
    (`dev.recipes.jsonl`, in the cookbook's form) and `report.json`, which comes last: without it the data
    is not whole. A run that is stopped goes on after the last stage that was done, when it is begun again
    with the same plan and sources.

    Args:
        sources: files and folders that `index.readers` understands.
        out: folder; made when it is missing.
        plan: what is made.
        formats: names of `finetune.data.formats.FORMATS`.
        skip_bad: leave out rows that cannot be read, and report them.
        replace: overwrite earlier data in `out`.
        progress: told what is done, how much, and of how much (0 when nobody knows).

    Raises:
        SettingsError: `out` holds data already, or no recipe is left.
        CorpusError: a source or a row cannot be read; names file and line.
        DiskFullError: the disk is full.
        StorageError: the disk fails otherwise.
    """
    if (out / REPORT_NAME).exists() and not replace:
        raise SettingsError("out", f"{out} holds training data; give another folder or --replace")
    started = time.monotonic()
    report = DataReport(plan, [str(source) for source in sources])
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / REPORT_NAME).unlink(missing_ok=True)
        with closing(Stages(out / _SCRATCH, purpose_of(sources, plan, skip_bad=skip_bad))) as stages:
            orders = _orders(stages, sources, out, report, progress, skip_bad=skip_bad)
            for split in SPLITS:
                _write(orders[split], split, out, [FORMATS[name] for name in formats], report, progress)
            report.seconds = time.monotonic() - started
            summary = json.dumps(report.to_dict(), ensure_ascii=False, indent=2)
            (out / REPORT_NAME).write_text(f"{summary}\n", encoding="utf-8")
            stages.remove()
    except (CorpusError, SettingsError):  # the same sources and plan would fail alike
        shutil.rmtree(out / _SCRATCH, ignore_errors=True)
        raise
    except OSError as exc:
        if exc.errno == _NO_SPACE:
            raise DiskFullError(f"{out}: no room left to write; the same command goes on from here") from exc
        raise StorageError(f"{exc.filename or out}: cannot be written ({exc.strerror})") from exc
    return report


def _orders(
    stages: Stages,
    sources: Sequence[Path],
    out: Path,
    report: DataReport,
    progress: Progress,
    *,
    skip_bad: bool,
) -> dict[str, HashOrder]:
    """The conversations of each split, made by the stages that are still to do."""
    orders = stages.told(report)
    if orders is not None:
        return orders
    expected = _expected_bytes(sources, report.plan)
    gathered = stages.gathered(report)
    if gathered is None:
        order = stages.fresh("recipes", expected["recipes"])
        gathered = gather(sources, order, report, skip_bad=skip_bad, progress=progress)
        stages.finish_gathering(gathered, report)
    orders = {split: stages.fresh(split, expected[split]) for split in SPLITS}
    _converse(gathered, orders, out, report, progress)
    stages.finish_telling(gathered, orders, report)
    return orders


def _expected_bytes(sources: Sequence[Path], plan: DataPlan) -> dict[str, int]:
    """A guess at what goes through each `HashOrder`, from the size of the sources."""
    read = sum(map(bytes_of, sources))
    told = int(_GROWTH * read * plan.conversations_per_recipe)
    return {"recipes": _GROWTH * read, "train": told, "dev": int(told * plan.dev_share)}


def _converse(
    gathered: Gathered, orders: dict[str, HashOrder], out: Path, report: DataReport, progress: Progress
) -> None:
    """Make the conversations of every chosen recipe; they come out shuffled by the hash of their content."""
    plan = report.plan
    voice = Voice(plan.system, plan.context_tokens)
    questions = dict(zip(SPLITS, refused_questions(plan.seed, plan.dev_share), strict=True))
    scenes = {split: Scene(voice, questions[split]) for split in SPLITS}
    quotas = {split: Quotas(plan.per_recipe) for split in SPLITS}
    with (out / HELD_OUT_NAME).open("w", encoding="utf-8", newline="\n") as held_out:
        for done, (split, recipe) in enumerate(chosen(gathered, report)):
            if split == "dev":
                held_out.write(f"{json_line(recipe.to_dict())}\n")
            for conversation in _about(recipe, scenes[split], quotas[split], plan.seed):
                _keep(conversation, orders[split], report)
            if done % 200 == 0:
                progress("recipes told", done, gathered.order.count)
    progress("recipes told", gathered.order.count, gathered.order.count)
    for split in SPLITS:
        report.splits[split].short = quotas[split].short()


def _about(recipe: Recipe, scene: Scene, quotas: Quotas, seed: int) -> Iterable[TrainingConversation]:
    """The conversations that are due, as far as this recipe gives them."""
    dish = Dish.of(recipe)
    quotas.next_recipe()
    for kind, make in KINDS.items():
        if kind not in quotas:
            continue
        for number in range(min(quotas.owed(kind), _MOST_OF_A_KIND)):
            conversation = make(dish, scene, Choice(seed, kind, recipe.recipe_id, number))
            if conversation is None:
                break
            quotas.paid(kind)
            yield conversation
    scene.shelf.put(dish)


def _keep(conversation: TrainingConversation, order: HashOrder, report: DataReport) -> None:
    if conversation.characters > report.plan.max_characters:
        report.drop("conversation longer than max_characters", conversation.question)
        return
    line = json_line(as_messages(conversation))
    order.add(hash64(report.plan.seed, line), line)


def _write(
    order: HashOrder, split: str, out: Path, formats: list[Format], report: DataReport, progress: Progress
) -> None:
    """Write one split in every format; equal conversations, which come next to each other, once."""
    with ExitStack() as failed:
        files = []
        for written_as in formats:
            file = ConversationFile(out / f"{split}.{written_as.file_name}", written_as)
            failed.callback(file.abandon)
            files.append(file)
        before = ""
        for number, (_, line) in enumerate(order):
            if number % 1000 == 0:
                progress(f"{split} written", number, order.count)
            if line == before:
                report.drop("the same conversation again", split)
                continue
            before = line
            conversation = conversation_of_record(json.loads(line))
            report.take(split, conversation, line)
            for file in files:
                file.write(conversation)
        failed.pop_all()
    for file in files:
        file.close()
    named = zip(formats, files, strict=True)
    report.splits[split].left_out = {f.file_name: file.left_out for f, file in named if file.left_out}
    progress(f"{split} written", order.count, order.count)
