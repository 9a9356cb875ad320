"""Building a segment stage by stage: recipes, forms, what recipes are made of, words and sounds, vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.errors import CorpusError
from core.ports import Embedder
from core.recipe import Recipe
from index import lexical, recipe_lookup
from index.building import Building
from index.embedding import embedded
from index.questions import question_of
from index.readers import Meter, read_corpus, size_of
from index.recipe_facts import facts_of, recipes_on
from index.recipe_file import lines_of
from index.segment import Segment, id_hash
from index.segment_writer import FormsWriter, RecipeWriter
from index.vector_stores.ports import Place, VectorStores
from index.workers import mapped, pieces_of, workers_for

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

ReportProgress = Callable[[str, int, int], None]
"""Called with (what is being done, done, total); total is 0 while it is unknown."""

RecipeSource = Callable[["BuildReport"], Iterator[Recipe]]
"""Yields the recipes of a segment, and tells the report what was left out."""

_PIECE = 1000
"""Recipes or forms that a process works on at a time."""
_REASONS_KEPT = 100
_TOLD_EVERY = 100


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class BuildReport:
    """What a build did: counts, and the rows that were left out with their reasons.

    Attributes:
        duplicates: recipes whose id had come before, or is in the index already.
        bad_rows: rows that could not be read.
        expected: while reading, how many rows there will be, judged by the bytes so far; 0 for unknown.
        skipped: the reasons of the first of them; half a million empty rows need no half a million lines.
    """

    recipes: int = 0
    forms: int = 0
    duplicates: int = 0
    bad_rows: int = 0
    expected: int = 0
    skipped: list[str] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Count a row that is left out."""
        self.bad_rows += 1
        if len(self.skipped) < _REASONS_KEPT:
            self.skipped.append(reason)


def recipes_of(corpora: Sequence[Path], *, skip_bad: bool) -> RecipeSource:
    """All recipes of `corpora`, in order.

    Iterating raises CorpusError when a row cannot be read and `skip_bad` is off.
    """

    def recipes(report: BuildReport) -> Iterator[Recipe]:
        meter, size = Meter(), sum(map(size_of, corpora))
        rows = (row for corpus in corpora for row in read_corpus(corpus, meter=meter))
        for number, row in enumerate(rows, 1):
            if number % _TOLD_EVERY == 0 and meter.bytes_read:
                report.expected = number * size // meter.bytes_read
            if isinstance(row, Recipe):
                yield row
            elif skip_bad:
                report.skip(row.message)
            else:
                raise CorpusError(
                    f"{row.message} (python -m index build --skip-bad leaves such rows out and goes on)"
                )

    return recipes


@dataclass(frozen=True, slots=True)
class SegmentBuild:
    """Builds one segment in `building`.

    Attributes:
        source: the recipes.
        embedder: encodes the hypothetical questions; None makes a segment without vectors.
        stores: keeps the vectors.
        is_known: whether the index has a recipe of that `id_hash` already.
        progress: told how far it is.
    """

    building: Building
    source: RecipeSource
    embedder: Embedder | None
    stores: VectorStores
    is_known: Callable[[int], bool]
    progress: ReportProgress

    def run(self) -> BuildReport:
        """Do what is still to do; the segment is complete afterwards, unless there was no recipe for it.

        Raises:
            CorpusError: a row cannot be read.
        """
        report = self._recipes()
        if report.recipes:
            report.forms = self._forms(report.recipes)
            self._structure(report.recipes)
            self._words(report.forms)
            if self.embedder is not None:
                self._vectors(self.embedder, report.forms)
        return report

    @property
    def _folder(self) -> Path:
        return self.building.segment

    def _recipes(self) -> BuildReport:
        if (found := self.building.done("recipes")) is not None:
            return BuildReport(**found)
        try:
            report = self._write_recipes()
        except BaseException:
            self.building.remove()
            raise
        self.progress("读取菜谱", report.recipes, report.recipes)
        self.building.finish("recipes", **asdict(report))
        return report

    def _write_recipes(self) -> BuildReport:
        report, seen, writer = BuildReport(), set[int](), RecipeWriter(self._folder)
        try:
            for recipe in self.source(report):
                hashed = id_hash(recipe.recipe_id)
                if hashed in seen or self.is_known(hashed):
                    report.duplicates += 1
                    continue
                seen.add(hashed)
                line = json.dumps(recipe.to_dict(), ensure_ascii=False, separators=(",", ":"))
                writer.add(hashed, line.encode("utf-8", "replace"))
                if len(writer) % _TOLD_EVERY == 0:
                    self.progress("读取菜谱", len(writer), report.expected)
        finally:
            writer.close()
        report.recipes = len(writer)
        return report

    def _forms(self, recipes: int) -> int:
        if (found := self.building.done("forms")) is not None:
            return int(found["forms"])
        writer = FormsWriter(self._folder)
        try:
            for facts in self._worked(facts_of, self._lines(), recipes, "归纳菜名"):
                writer.add(facts)
            forms = writer.finish()
        finally:
            writer.close()
        self.building.finish("forms", forms=forms)
        return forms

    def _structure(self, recipes: int) -> None:
        if self.building.done("structure") is None:
            dishes = Segment(self._folder).traits["dish"]
            namesakes = np.bincount(dishes)[dishes].tolist()
            lines = zip(self._lines(), namesakes, strict=True)
            pieces = self._worked(structure_of, lines, recipes, "登记食材")
            recipe_lookup.write(self.building.fresh_folder("recipes"), chain.from_iterable(pieces))
            self.building.finish("structure")

    def _words(self, forms: int) -> None:
        if self.building.done("words") is None:
            pieces = self._worked(words_of, lines_of(self._folder / "forms.txt"), forms, "登记字音")
            lexical.write(self.building.fresh_folder("lexical"), chain.from_iterable(pieces))
            self.building.finish("words")

    def _vectors(self, embedder: Embedder, forms: int) -> None:
        if self.building.done("vectors") is not None:
            return
        content = self._content(embedder)
        building = self.building
        place = Place(building.index, building.index_id, building.name, building.segment)
        with self.stores.builder(
            place, dimension=embedder.dimension, total=forms, content=content
        ) as builder:
            questions = islice(self._questions(), builder.done, None)
            for vectors in embedded(embedder, questions, forms - builder.done):
                builder.append(vectors)
                self.progress("计算向量", builder.done, forms)
            builder.finish(self.progress)
        self.building.finish("vectors")

    def _content(self, embedder: Embedder) -> str:
        """Digest of the embedder and all that it embeds."""
        digest = hashlib.sha256(f"{embedder.name}\n{embedder.revision}\n{embedder.dimension}".encode())
        for question in self._questions():
            digest.update(f"\n{question}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def _lines(self) -> Iterator[str]:
        return lines_of(self._folder / "recipes.jsonl")

    def _questions(self) -> Iterator[str]:
        return map(question_of, lines_of(self._folder / "forms.txt"))

    def _worked(
        self, function: Callable[[list[_Item]], _Result], items: Iterable[_Item], total: int, what: str
    ) -> Iterator[_Result]:
        """The results of `function` for pieces of `items`, on all cores if there are many."""
        done = 0
        for result in mapped(function, pieces_of(items, _PIECE), workers_for(total // _PIECE)):
            yield result
            done = min(done + _PIECE, total)
            self.progress(what, done, total)


def structure_of(lines: list[tuple[str, int]]) -> list[tuple[dict[str, str | int], int]]:
    """For lines of `recipes.jsonl` and how many recipes share their dish: `recipe_lookup`'s documents."""
    recipes = zip(recipes_on([line for line, _ in lines]), (count for _, count in lines), strict=True)
    return [
        (recipe_lookup.document_of(recipe), recipe_lookup.rank_of(recipe, count)) for recipe, count in recipes
    ]


def words_of(forms: list[str]) -> list[tuple[str, ...]]:
    """The documents of some forms for the lexical index."""
    return [lexical.document_of(form) for form in forms]
