"""Building an index: corpora → recipes, forms, lexical index, vectors, manifest.

Everything is written to a folder beside the target, which then takes the target's place: a build that
fails or is killed leaves the index in use untouched, and the vectors that it had to the next one
(`index.vector_journal`).
"""

from __future__ import annotations

import errno
import glob
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.errors import CorpusError, DiskFullError, RecipeIndexError
from core.ports import Embedder, Vectors
from core.recipe import Recipe
from index import faiss_store, lexical
from index.manifest import FILE_NAME as MANIFEST_NAME
from index.manifest import FORMAT_VERSION, Manifest, corpus_hash, files_of, sources_hash
from index.questions import forms_of, question_of
from index.readers import read_corpus
from index.recipe_file import LineWriter, write_rows
from index.vector_journal import VectorJournal

COOKBOOK_DIR = Path(__file__).parent / "cookbook"
_EMBED_BATCH = 32

ReportProgress = Callable[[str, int, int], None]
"""Called with (what is being done, done, total); total is 0 while it is unknown."""


def _no_progress(_what: str, _done: int, _total: int) -> None:
    pass


@dataclass(slots=True)
class BuildReport:
    """What a build did: counts, and the rows that were left out with their reasons."""

    recipes: int = 0
    forms: int = 0
    duplicates: int = 0
    skipped: list[str] = field(default_factory=list)


def build_index(
    corpora: Sequence[Path],
    out: Path,
    embedder: Embedder | None,
    *,
    skip_bad: bool = False,
    progress: ReportProgress = _no_progress,
) -> BuildReport:
    """Build the index of `corpora` at `out`, replacing what is there.

    Args:
        corpora: files or folders that `index.readers` understands.
        out: folder of the index.
        embedder: encodes the hypothetical questions; None makes a lexical index.
        skip_bad: go on after a row that cannot be read, and report it.
        progress: told how far it is.

    Raises:
        CorpusError: a row cannot be read and `skip_bad` is off, or there is no recipe at all.
        RecipeIndexError: `out` holds something that is not an index.
        DiskFullError: there is no room; the old index is still in place.
    """
    if not _may_be_replaced(out):
        raise RecipeIndexError(f"{out}: is not empty and not an index; choose another folder")
    work = out.with_name(f"{out.name}.building-{os.getpid()}")
    with _disk_errors(out), _removed_on_failure(work):
        clear_leftovers(out)
        work.mkdir(parents=True)
        written = _write_recipes(corpora, work, skip_bad, progress)
        (work / "lexical").mkdir()
        report, forms, journal = written.report, written.forms, None
        lexical.build(work / "lexical", forms, written.ingredients)
        if embedder is not None:
            vectors, journal = _embed(forms, embedder, out, progress)
            faiss_store.build(work, vectors)
        Manifest(
            format_version=FORMAT_VERSION,
            embedder=embedder.name if embedder else "",
            embedder_revision=embedder.revision if embedder else "",
            dimension=embedder.dimension if embedder else 0,
            metric="inner_product" if embedder else "",
            recipes=report.recipes,
            forms=report.forms,
            corpus_hash=corpus_hash(written.recipe_ids),
            sources_hash=sources_hash(corpora),
            files=files_of(work),
        ).write(work)
        _switch(work, out)
        if journal is not None:
            journal.remove()
    return report


def read_recipes(corpora: Sequence[Path], *, skip_bad: bool, skipped: list[str]) -> Iterator[Recipe]:
    """All recipes of `corpora`, in order, each once.

    Raises:
        CorpusError: a row cannot be read and `skip_bad` is off.
    """
    for corpus in corpora:
        for row in read_corpus(corpus):
            if isinstance(row, Recipe):
                yield row
            elif skip_bad:
                skipped.append(row.message)
            else:
                raise CorpusError(
                    f"{row.message} (python -m index build --skip-bad leaves such rows out and goes on)"
                )


def is_current(folder: Path, corpora: Sequence[Path], embedder: Embedder | None) -> bool:
    """Whether `folder` holds an index of `corpora` as they are now, made with `embedder`.

    Raises:
        CorpusError: a corpus is not there.
    """
    for corpus in corpora:
        if not corpus.exists():
            raise CorpusError(f"{corpus}: no such file or folder")
    try:
        manifest = Manifest.read(folder)
        manifest.check_embedder(embedder, folder)
        manifest.check_files(folder)
    except RecipeIndexError:
        return False
    return bool(manifest.embedder) == (embedder is not None) and manifest.sources_hash == sources_hash(
        corpora
    )


@dataclass(slots=True)
class _Written:
    """What was written of the recipes, for the indexes that are built on them."""

    report: BuildReport = field(default_factory=BuildReport)
    recipe_ids: dict[str, None] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    ingredients: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, recipe: Recipe) -> tuple[str, ...]:
        """Take a recipe in; returns its forms."""
        forms = forms_of(recipe)
        self.ingredients[len(self.forms)] = tuple(ingredient.name for ingredient in recipe.ingredients)
        self.rows += [len(self.recipe_ids)] * len(forms)
        self.forms += forms
        self.recipe_ids[recipe.recipe_id] = None
        return forms


def _write_recipes(corpora: Sequence[Path], work: Path, skip_bad: bool, progress: ReportProgress) -> _Written:
    written = _Written()
    report = written.report
    recipes, form_lines = LineWriter(work, "recipes.jsonl"), LineWriter(work, "forms.txt")
    try:
        for recipe in read_recipes(corpora, skip_bad=skip_bad, skipped=report.skipped):
            if recipe.recipe_id in written.recipe_ids:
                report.duplicates += 1
                continue
            recipes.append(json.dumps(recipe.to_dict(), ensure_ascii=False, separators=(",", ":")))
            for form in written.add(recipe):
                form_lines.append(form)
            if len(written.recipe_ids) % 100 == 0:
                progress("读取菜谱", len(written.recipe_ids), 0)
    finally:
        recipes.close()
        form_lines.close()
    if not written.recipe_ids:
        raise CorpusError(f"{', '.join(map(str, corpora))}: no recipe could be read")
    write_rows(work, written.rows)
    report.recipes, report.forms = len(written.recipe_ids), len(written.forms)
    progress("读取菜谱", report.recipes, report.recipes)
    return written


def _embed(
    forms: Sequence[str], embedder: Embedder, out: Path, progress: ReportProgress
) -> tuple[Vectors, VectorJournal]:
    """Vectors of all questions, those of a killed build taken over; equal forms are embedded once."""
    unique = list(dict.fromkeys(forms))
    questions = [question_of(form) for form in unique]
    journal = VectorJournal(out, embedder, questions, _is_another_process)
    vectors = np.empty((len(unique), embedder.dimension), dtype=np.float32)
    vectors[: journal.done] = journal.kept()
    for start in range(journal.done, len(unique), _EMBED_BATCH):
        batch = questions[start : start + _EMBED_BATCH]
        vectors[start : start + len(batch)] = embedder.embed(batch, input_type="document")
        journal.append(vectors[start : start + len(batch)])
        progress("计算向量", start + len(batch), len(unique))
    place = {form: position for position, form in enumerate(unique)}
    return vectors[[place[form] for form in forms]], journal


def clear_leftovers(out: Path) -> None:
    """Remove what killed builds of `out` left beside it; an index that one had put aside comes back."""
    for leftover in sorted(out.parent.glob(f"{glob.escape(out.name)}.*-*")):
        kind, _, pid = leftover.name.removeprefix(f"{out.name}.").partition("-")
        if kind not in {"building", "old"} or not pid.isdecimal() or _is_another_process(int(pid)):
            continue
        if kind == "old" and not out.exists():
            leftover.rename(out)
        else:
            shutil.rmtree(leftover, ignore_errors=True)


def _is_another_process(pid: int) -> bool:
    if pid == os.getpid():  # in a container every build has the same number
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _may_be_replaced(out: Path) -> bool:
    """Whether `out` is free, or an index, be it a damaged one."""
    if not out.exists():
        return True
    if not out.is_dir():
        return False
    names = {path.name for path in out.iterdir()}
    return not names or (MANIFEST_NAME in names and bool(names & {"recipes.jsonl", "forms.txt", "lexical"}))


def _switch(work: Path, out: Path) -> None:
    """Put `work` in the place of `out`."""
    old = out.with_name(f"{out.name}.old-{os.getpid()}")
    if out.exists():
        out.rename(old)
    try:
        work.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    if old.exists():
        shutil.rmtree(old)


@contextmanager
def _removed_on_failure(work: Path) -> Iterator[None]:
    try:
        yield
    finally:
        if work.exists():
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _disk_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFullError(f"{out}: no room on the disk; the index in use is unchanged") from exc
        raise RecipeIndexError(f"{out}: cannot be written ({exc.strerror})") from exc
