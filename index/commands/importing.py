"""`index import`: foreign recipes of any known form into one file for `index build --corpus`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from core.errors import BotError, CorpusError
from core.language_models.choice import language_model_of, shelf_of
from core.ports import LanguageModel
from core.settings import Settings
from index.commands.common import ERRORS, Commands, note, warn
from index.documents.pages import pages_of
from index.documents.reading import DocumentOptions, Estimate, estimate, read_document
from index.importing.pipeline import ImportOptions, import_sources
from index.importing.report import ImportReport
from index.readers import Meter, Row, is_document, parts_of

_REQUEST_TOKENS = 500
_ANSWER_SHARE = 1.2
"""Tokens of an answer for each character of its excerpt, the signs of JSON included."""


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parser of this command."""
    parser = commands.add_parser("import", parents=[shared], help="read foreign recipes into our JSONL")
    parser.add_argument("sources", type=Path, nargs="+", metavar="SOURCE", help="file, archive or folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSONL for `build --corpus`")
    parser.add_argument(
        "--min-quality", type=int, default=0, metavar="N", help="leave out recipes below N, 0 to 100"
    )
    parser.add_argument(
        "--headings", action="store_true", help="read documents by their headings, without the language model"
    )
    parser.add_argument("--password", default="", help="of a PDF that needs one")
    parser.add_argument(
        "--prices", type=float, nargs=2, metavar=("IN", "OUT"), help="of a million tokens, for the estimate"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before calling the language model")
    parser.set_defaults(run=_import)


def _import(options: argparse.Namespace, settings: Settings) -> int:
    model = None if options.headings else language_model_of(settings, shelf_of(settings))
    journal = options.out.with_name(f"{options.out.name}.journal")
    reading = options_for(settings.llm_context_tokens, options.password, journal)
    documents = [
        path for source in options.sources for path, reader in parts_of(source) if is_document(reader)
    ]
    if documents and model is None and not options.headings:
        note("LLM_BACKEND names no language model: documents are read by their headings (用料, 做法)")
    if documents and model is not None and not _agreed_to_cost(documents, reading, model.name, options):
        note("nothing was asked, nothing was written")
        return 1
    with asyncio.Runner() as runner, _Bar() as bar:
        reader = _DocumentReader(runner, model, reading)
        chosen = ImportOptions(min_quality=options.min_quality, document_reader=reader)
        report = import_sources(options.sources, options.out, chosen, bar.show)
        if model is not None:
            runner.run(model.close())
    journal.unlink(missing_ok=True)
    _tell(report, options.out)
    return 0


def options_for(context_tokens: int, password: str, journal: Path) -> DocumentOptions:
    """Excerpts so large that they, the request and an answer that copies all of them fit into the context."""
    room = max(800, context_tokens - _REQUEST_TOKENS)
    excerpt = int(room / (1 + _ANSWER_SHARE))
    return DocumentOptions(
        password=password, journal=journal, excerpt_characters=excerpt, answer_tokens=room - excerpt
    )


class _DocumentReader:
    """An `index.readers.Reader` that asks the model page by page."""

    def __init__(self, runner: asyncio.Runner, model: LanguageModel | None, options: DocumentOptions) -> None:
        self._runner, self._model, self._options = runner, model, options

    def __call__(self, path: Path, /, *, meter: Meter | None = None) -> Iterator[Row]:
        def told(done: int, total: int) -> None:
            note(f"{path.name}: {done} of {total} excerpts")

        rows = read_document(path, self._model, self._options, told)
        try:
            while True:
                yield self._runner.run(anext(rows))
        except StopAsyncIteration:
            pass
        except CorpusError as exc:
            yield exc
        finally:
            self._runner.run(rows.aclose())
        if meter is not None:
            meter.finish(path.stat().st_size)


def _agreed_to_cost(
    documents: Sequence[Path], reading: DocumentOptions, model_name: str, options: argparse.Namespace
) -> bool:
    """Say what the model will be asked, and ask whether to go on."""
    cost = Estimate(0, 0, 0)
    for path in documents:
        try:
            pages = pages_of(path, password=reading.password)
        except CorpusError as exc:
            warn("unreadable", exc.message)
            continue
        cost += estimate(pages, reading, model_name)
    text = (
        f"{len(documents)} documents: {cost.calls} calls of {model_name}, at most {cost.prompt_tokens:,} "
        f"tokens to send and {cost.answer_tokens:,} to receive"
    )
    if options.prices:
        price = (cost.prompt_tokens * options.prices[0] + cost.answer_tokens * options.prices[1]) / 1e6
        text += f", {price:.2f} in the currency of the prices"
    note(text)
    if options.yes or not cost.calls:
        return True
    try:
        return input("ask the model now? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        raise BotError("nobody to ask: give --yes to go on without") from None


def _tell(report: ImportReport, out: Path) -> None:
    """What was done, and a table of what was left out."""
    if report.skipped.total:
        table = Table("rows", "left out because", "for example", title="not imported")
        for reason, rows, examples in report.skipped.by_count()[:20]:
            table.add_row(str(rows), reason, examples[0])
        ERRORS.print(table, markup=False)
    rate = report.rows / max(report.seconds, 0.001)
    print(
        f"{out}: {report.written} recipes of {report.rows} rows, {report.duplicates} duplicates and "
        f"{report.skipped.total} bad rows left out, {report.repaired} repaired; {rate:.0f} rows/s; "
        f"details in {out.name}.report.json"
    )


class _Bar:
    """Bytes read of the sources, rows a second and the time left, on standard error."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("导入"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]} 行，{task.fields[rate]:.0f} 行/秒"),
            TimeRemainingColumn(),
            console=ERRORS,
        )
        self._task = self._progress.add_task("", total=None, rows=0, rate=0.0)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, rows: int, done: int, total: int) -> None:
        """Move the bar; an `index.importing.pipeline.ImportProgress`."""
        elapsed = self._progress.tasks[0].elapsed or 0.001
        self._progress.update(
            self._task, completed=done, total=total or None, rows=rows, rate=rows / max(elapsed, 0.001)
        )
