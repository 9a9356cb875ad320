"""Rows of all sources → repaired, each once, rated → one JSONL file that `index build --corpus` reads.

One recipe is in memory at a time, and 16 bytes of each that went before. The file takes its place when it is
whole; an import that fails or is killed leaves what was there.
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from core.errors import CorpusError, DiskFullError
from core.recipe import Recipe, recipe_id_of
from index.importing.duplicates import DigestSet, content_digest, digest_of
from index.importing.language import language_of
from index.importing.repair import repaired
from index.importing.report import ImportReport
from index.quality import quality_of
from index.readers import Meter, Reader, Row, is_document, parts_of, size_of

_PROGRESS_ROWS = 500

ImportProgress = Callable[[int, int, int], None]
"""Called with (rows read, bytes read, bytes in all)."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How sources are read.

    Attributes:
        min_quality: recipes below it are left out (`index.quality`, 0 to 100).
        document_reader: reads documents that are not recipes one by one, by a language model; None reads
            them by their headings.
    """

    min_quality: int = 0
    document_reader: Reader | None = None


def import_sources(
    sources: Sequence[Path],
    out: Path,
    options: ImportOptions | None = None,
    progress: ImportProgress | None = None,
) -> ImportReport:
    """Read `sources` into the file `out`; the report is written beside it as `OUT.report.json`.

    Raises:
        CorpusError: a source is not there or unknown, or there is no recipe in all of them.
        DiskFullError: there is no room; what was at `out` is still there.
        ModelError: the model of the document reader does not answer.
    """
    chosen = options or ImportOptions()
    started = time.monotonic()
    report = ImportReport()
    with _written_whole(out) as file:
        for recipe in _once(_rows(sources, chosen, report, progress), report):
            quality = quality_of(recipe)
            if quality < chosen.min_quality:
                report.skipped.count(f"quality below {chosen.min_quality}", recipe.name)
                continue
            line = json.dumps(recipe.to_dict(), ensure_ascii=False, separators=(",", ":"))
            file.write(line.encode("utf-8", "replace") + b"\n")
            report.written += 1
            report.languages[language_of(recipe)] += 1
            report.qualities[quality // 10] += 1
        report.seconds = time.monotonic() - started
        report.write(out.with_name(f"{out.name}.report.json"))
        if not report.written:
            raise CorpusError(
                f"{', '.join(map(str, sources))}: no recipe could be read{_first_reason(report)}"
            )
    return report


def _first_reason(report: ImportReport) -> str:
    reasons = report.skipped.by_count()
    return f" ({reasons[0][2][0]}: {reasons[0][0]})" if reasons else ""


def _rows(
    sources: Sequence[Path], options: ImportOptions, report: ImportReport, progress: ImportProgress | None
) -> Iterator[Recipe]:
    """The recipes of all sources, repaired; other rows are counted in the report."""
    meter, total, number = Meter(), sum(map(size_of, sources)), 0
    for row in _all_rows(sources, options, meter):
        number += 1
        if progress is not None and number % _PROGRESS_ROWS == 0:
            progress(number, meter.bytes_read, total)
        if isinstance(row, CorpusError):
            report.skipped.add(row)
            continue
        try:
            recipe = repaired(row)
        except CorpusError as exc:
            report.skipped.count(exc.message, row.source)
            continue
        report.repaired += recipe is not row
        yield recipe
    if progress is not None:
        progress(number, total, total)


def _all_rows(sources: Sequence[Path], options: ImportOptions, meter: Meter) -> Iterator[Row]:
    for source in sources:
        for path, reader in parts_of(source):
            by_model = options.document_reader if is_document(reader) else None
            try:
                yield from (by_model or reader)(path, meter=meter)
            except OSError as exc:
                yield CorpusError(f"{path}: cannot be read ({exc.strerror})")


def _once(recipes: Iterator[Recipe], report: ImportReport) -> Iterator[Recipe]:
    """Each recipe once, and each id once: a second recipe with the same id gets one from its content."""
    contents, ids = DigestSet(), DigestSet()
    for recipe in recipes:
        if not contents.add(content_digest(recipe)):
            report.duplicates += 1
            continue
        if ids.add(digest_of(recipe.recipe_id)):
            yield recipe
            continue
        lines = tuple(f"{item.name} {item.amount}" for item in recipe.ingredients)
        new_id = recipe_id_of(recipe.source, recipe.name, lines, recipe.steps)
        if ids.add(digest_of(new_id)):
            report.renamed += 1
            yield replace(recipe, recipe_id=new_id)
        else:
            report.duplicates += 1


@contextmanager
def _written_whole(out: Path) -> Iterator[IO[bytes]]:
    """A file beside `out` that takes its place when everything went well."""
    unfinished = out.with_name(f"{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb", buffering=1 << 20) as file:
            yield file
        unfinished.replace(out)
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFullError(f"{out}: no room on the disk; what was there is unchanged") from exc
        raise CorpusError(f"{out}: cannot be written ({exc.strerror})") from exc
    finally:
        unfinished.unlink(missing_ok=True)
