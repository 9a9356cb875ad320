"""Building a segment stage by stage: recipes and forms, ingredients, words and sounds, vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from core.errors import CorpusError
from core.ports import Embedder
from core.recipe import Recipe
from index import faiss_store, ingredient_index, lexical
from index.building import Building
from index.questions import question_of
from index.readers import read_corpus
from index.recipe_file import lines_of
from index.segment import Segment, id_hash
from index.segment_writer import SegmentWriter
from index.vector_journal import VectorJournal

ReportProgress = Callable[[str, int, int], None]
"""Called with (what is being done, done, total); total is 0 while it is unknown."""

_Item = TypeVar("_Item")
_EMBED_BATCH = 32
_REASONS_KEPT = 100


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class BuildReport:
    """What a build did: counts, and the rows that were left out with their reasons.

    Attributes:
        duplicates: recipes whose id had come before.
        bad_rows: rows that could not be read.
        skipped: the reasons of the first of them; half a million empty rows need no half a million lines.
    """

    recipes: int = 0
    forms: int = 0
    duplicates: int = 0
    bad_rows: int = 0
    skipped: list[str] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Count a row that is left out."""
        self.bad_rows += 1
        if len(self.skipped) < _REASONS_KEPT:
            self.skipped.append(reason)


def read_recipes(corpora: Sequence[Path], report: BuildReport, *, skip_bad: bool) -> Iterator[Recipe]:
    """All recipes of `corpora`, in order; rows that are left out are told to `report`.

    Raises:
        CorpusError: a row cannot be read and `skip_bad` is off.
    """
    for corpus in corpora:
        for row in read_corpus(corpus):
            if isinstance(row, Recipe):
                yield row
            elif skip_bad:
                report.skip(row.message)
            else:
                raise CorpusError(f"{row.message} (--skip-bad leaves such rows out and goes on)")


@dataclass(frozen=True, slots=True)
class SegmentBuild:
    """Builds one segment in `building`.

    Attributes:
        corpora: files or folders that `index.readers` understands.
        embedder: encodes the hypothetical questions; None makes a segment without vectors.
        skip_bad: go on after a row that cannot be read, and report it.
        is_known: whether the index has a recipe of that `id_hash` already.
        progress: told how far it is.
    """

    building: Building
    corpora: Sequence[Path]
    embedder: Embedder | None
    skip_bad: bool
    is_known: Callable[[int], bool]
    progress: ReportProgress

    def run(self) -> BuildReport:
        """Do what is still to do; the segment is complete afterwards, unless there was no recipe for it.

        Raises:
            CorpusError: a row cannot be read and `skip_bad` is off.
        """
        report = self._recipes()
        if report.recipes:
            self._ingredients()
            self._words()
            if self.embedder is not None:
                self._vectors(self.embedder)
        return report

    def _recipes(self) -> BuildReport:
        if (found := self.building.done("recipes")) is not None:
            return BuildReport(**found)
        report, seen = BuildReport(), set[int]()
        writer = SegmentWriter(self.building.segment)
        try:
            for recipe in read_recipes(self.corpora, report, skip_bad=self.skip_bad):
                hashed = id_hash(recipe.recipe_id)
                if hashed in seen or self.is_known(hashed):
                    report.duplicates += 1
                    continue
                seen.add(hashed)
                writer.add(recipe)
                if len(writer) % 100 == 0:
                    self.progress("读取菜谱", len(writer), 0)
            report.recipes = len(writer)
            report.forms = writer.finish() if report.recipes else 0
        except BaseException:
            self.building.remove()
            raise
        finally:
            writer.close()
        self.progress("读取菜谱", report.recipes, report.recipes)
        self.building.finish("recipes", **asdict(report))
        return report

    def _ingredients(self) -> None:
        if self.building.done("ingredients") is None:
            segment = Segment(self.building.segment)
            recipes = (segment.recipe(row) for row in range(segment.recipe_count))
            counted = self._counted("登记食材", recipes, segment.recipe_count)
            ingredient_index.build(self.building.fresh_folder("recipes"), counted)
            self.building.finish("ingredients")

    def _words(self) -> None:
        if self.building.done("words") is None:
            forms = lines_of(self.building.segment / "forms.txt")
            counted = self._counted("登记字音", forms, Segment(self.building.segment).form_count)
            lexical.build(self.building.fresh_folder("lexical"), counted)
            self.building.finish("words")

    def _vectors(self, embedder: Embedder) -> None:
        if self.building.done("vectors") is not None:
            return
        journal = VectorJournal(self.building.folder, embedder, self._questions())
        remaining = islice(self._questions(), journal.done, None)
        while batch := list(islice(remaining, _EMBED_BATCH)):
            journal.append(embedder.embed(batch, input_type="document"))
            self.progress("计算向量", journal.done, journal.count)
        faiss_store.build(self.building.segment, journal.vectors())
        self.building.finish("vectors")
        journal.remove()

    def _questions(self) -> Iterator[str]:
        return map(question_of, lines_of(self.building.segment / "forms.txt"))

    def _counted(self, what: str, items: Iterator[_Item], total: int) -> Iterator[_Item]:
        """`items`, telling how many have been taken."""
        for number, item in enumerate(items, 1):
            yield item
            if number % 100 == 0 or number == total:
                self.progress(what, number, total)
