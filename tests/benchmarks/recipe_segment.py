"""The index that the scale benchmark searches: one segment of generated recipes, each stage timed.

Made of the parts of `index.segment_build`, without the readers (the recipes are generated, not read) and
without search by structure, which the questions of the benchmark do not use. Vectors are not a model's: a
text's vector is the sum of fixed random vectors of its characters and pairs, so that texts are near each
other when they share words, as with a model; encoding millions with a real one takes hours on a processor.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np

from core.ports import Vectors
from core.recipe import Recipe
from index import lexical
from index.calibration import load_calibration
from index.lexical import LexicalIndex
from index.questions import question_of
from index.readers.fields import recipe_from_lines
from index.recall import Part
from index.recipe_facts import facts_of
from index.recipe_file import lines_of
from index.retriever import HybridRetriever
from index.segment import Segment, id_hash
from index.segment_build import words_of
from index.segment_writer import FormsWriter, RecipeWriter
from index.structured_search import StructuredSearch
from index.vector_stores.faiss_store import FaissVectorStores
from index.vector_stores.ports import Place
from index.workers import mapped, pieces_of, workers_for
from tests.benchmarks.recipe_names import RecipeNames, dishes_for

DIMENSION = 384
_GRAMS = 1 << 15
_PIECE = 4096


class GramEmbedder:
    """`core.ports.Embedder` without a model: sums of random vectors of characters and pairs of them."""

    name, revision, dimension = "benchmark/grams", "1", DIMENSION

    def __init__(self) -> None:
        self._table = np.random.default_rng(5).standard_normal((_GRAMS, DIMENSION), dtype=np.float32)
        self._known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str], *, input_type: Literal["query", "document"]) -> Vectors:
        """Vectors of `texts`; those that were `remember`ed take no time."""
        if len(texts) == 1 and texts[0] in self._known:
            return self._known[texts[0]]
        grams = [
            [_number(text[i : i + n]) for n in (1, 2) for i in range(len(text) - n + 1)] for text in texts
        ]
        starts = np.cumsum([0, *(len(numbers) for numbers in grams)])[:-1]
        summed = np.add.reduceat(self._table[np.concatenate(grams)], starts, axis=0)
        return np.asarray(summed / np.linalg.norm(summed, axis=1, keepdims=True), dtype=np.float32)

    def remember(self, text: str) -> None:
        """Encode a question beforehand, so that a search is measured without it."""
        self._known[text] = self.embed([text], input_type="query")

    def check(self) -> str:
        """Nothing that could fail."""
        return self.name


def _number(gram: str) -> int:
    return zlib.crc32(gram.encode("utf-8", "replace")) % _GRAMS


def build(folder: Path, recipes: int, *, with_vectors: bool, say: Callable[[str], None]) -> dict[str, float]:
    """Make the segment at `folder`, unless it is there; returns the seconds of each stage."""
    report = folder.with_suffix(".json")
    if report.exists():
        seconds: dict[str, float] = json.loads(report.read_text(encoding="utf-8"))
    else:
        folder.mkdir(parents=True)
        seconds = {}
        with _timed(seconds, "recipes", say):
            _write_recipes(folder, recipes)
        with _timed(seconds, "forms", say):
            forms = _write_forms(folder, recipes)
        with _timed(seconds, "lexical", say):
            (folder / "lexical").mkdir()
            pieces = pieces_of(lines_of(folder / "forms.txt"), _PIECE)
            worked = mapped(words_of, pieces, workers_for(forms // _PIECE))
            lexical.write(folder / "lexical", (document for piece in worked for document in piece))
    if with_vectors and "vectors" not in seconds:
        with _timed(seconds, "vectors", say):
            _write_vectors(folder)
    report.write_text(json.dumps(seconds), encoding="utf-8")
    return seconds


def opened(folder: Path, embedder: GramEmbedder | None) -> HybridRetriever:
    """The retriever over the segment at `folder`; None for words and sounds alone."""
    segment = Segment(folder)
    vectors = None
    if embedder is not None:
        vectors = FaissVectorStores().open(place_of(folder), dimension=DIMENSION, total=segment.form_count)
    part = Part(segment, LexicalIndex(folder / "lexical"), vectors)
    return HybridRetriever([part], StructuredSearch([]), embedder, load_calibration())


def place_of(folder: Path) -> Place:
    """Where the vectors belong."""
    return Place(folder.parent, "benchmark", folder.name, folder)


@contextmanager
def _timed(seconds: dict[str, float], stage: str, say: Callable[[str], None]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - started, 1)
    say(f"{stage}: {seconds[stage]} s")


def _write_recipes(folder: Path, count: int) -> None:
    writer = RecipeWriter(folder)
    for row in RecipeNames(dishes_for(count)).rows(count):
        recipe = _recipe(row)
        line = json.dumps(recipe.to_dict(), ensure_ascii=False, separators=(",", ":"))
        writer.add(id_hash(recipe.recipe_id), line.encode())
    writer.close()


def _recipe(row: dict[str, object]) -> Recipe:
    """A generated row as `index.readers.xiachufang` reads it."""
    name, dish = str(row["name"]), str(row["dish"])
    ingredients, steps, keywords = (
        row[key] for key in ("recipeIngredient", "recipeInstructions", "keywords")
    )
    assert isinstance(ingredients, list)
    assert isinstance(steps, list)
    assert isinstance(keywords, list)
    return recipe_from_lines(
        name=name,
        ingredients=ingredients,
        steps=steps,
        source=f"下厨房 · {row['author']}",
        aliases=(dish,) if dish not in {"Unknown", name} else (),
        keywords=tuple(keywords),
    )


def _write_forms(folder: Path, recipes: int) -> int:
    writer = FormsWriter(folder)
    pieces = pieces_of(lines_of(folder / "recipes.jsonl"), _PIECE)
    for facts in mapped(facts_of, pieces, workers_for(recipes // _PIECE)):
        writer.add(facts)
    return writer.finish()


def _write_vectors(folder: Path) -> None:
    embedder = GramEmbedder()
    total = Segment(folder).form_count
    with FaissVectorStores().builder(
        place_of(folder), dimension=DIMENSION, total=total, content="grams"
    ) as builder:
        for piece in pieces_of(map(question_of, lines_of(folder / "forms.txt")), _PIECE):
            builder.append(embedder.embed(piece, input_type="document"))
        builder.finish()
