"""Changing an index in use: adding and taking out recipes, and merging its segments, each in one step.

Added recipes become a segment of their own; those taken out stay on the disk and are passed over until
`compact_index` writes what is left into one segment. Whoever searches meanwhile sees the index before or
after the change, never something between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import IndexMismatchError, RecipeIndexError
from core.ports import Embedder
from core.recipe import Recipe
from index.build import corpus_hash, entry_of, forget_vectors, purpose_of, segments_in_use, sources_of
from index.building import Building, clear_finished
from index.index_folder import disk_errors, put_in_use, remove_unlisted
from index.kept_vectors import KeptVectors
from index.manifest import Manifest, sum_of
from index.recipe_file import lines_of
from index.segment import Removed, Segment, id_hash
from index.segment_build import BuildReport, ReportProgress, SegmentBuild, no_progress, recipes_of
from index.segments import open_segments, removed_rows, write_removed
from index.text import plain_key_of, simplify
from index.vector_stores.ports import VectorStores
from index.writer_lock import writing


@dataclass(slots=True)
class RemoveReport:
    """What was taken out: the recipes' names with how many bore each, and what was asked for in vain."""

    removed: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def recipes(self) -> int:
        """How many recipes were taken out."""
        return sum(self.removed.values())


def add_to_index(
    index: Path,
    corpora: Sequence[Path],
    embedder: Embedder | None,
    stores: VectorStores,
    *,
    skip_bad: bool = False,
    progress: ReportProgress = no_progress,
) -> BuildReport:
    """Add the recipes of `corpora` that the index does not have yet; without any it stays as it is.

    Args:
        index: folder of the index.
        corpora: files or folders that `index.readers` understands.
        embedder: the one that the index was built with; not needed for an index without vectors.
        stores: what keeps the vectors of the index.
        skip_bad: go on after a row that cannot be read, and report it.
        progress: told how far it is.

    Raises:
        RecipeIndexError: there is no index, it was built with another embedder, a row cannot be read, or
            another process writes to the index.
        DiskFullError: there is no room; the index is as it was.
    """
    with disk_errors(index), writing(index, make=False):
        manifest = _fitting(index, embedder)
        segments = open_segments(index, manifest)
        model = embedder if manifest.embedder else None
        sources = f"{sources_of(corpora)} {manifest.index_id} {manifest.corpus_hash}"
        building = Building(index, purpose_of("add", sources, model, stores, skip_bad))
        source, is_known = recipes_of(corpora, skip_bad=skip_bad), _known(segments)
        report = SegmentBuild(building, source, model, stores, is_known, progress).run()
        if not report.recipes:
            building.remove()
            return report
        with building.in_place() as folder:
            hashes = [*map(_live_hashes, segments), Segment(folder).ids["hash"]]
            changed = replace(
                manifest,
                corpus_hash=corpus_hash(hashes),
                next_number=building.number + 1,
                segments=(*manifest.segments, entry_of(folder)),
            )
            put_in_use(index, changed)
    return report


def remove_from_index(index: Path, wanted: Sequence[str], *, sources: Sequence[str] = ()) -> RemoveReport:
    """Take recipes out: those whose id or name is in `wanted`, and those of `sources`.

    Names are compared by their letters and characters alone; a recipe of another name for the dish stays.

    Raises:
        RecipeIndexError: there is no index, no recipe would be left, or another process writes to the index.
        DiskFullError: there is no room; the index is as it was.
    """
    with disk_errors(index), writing(index, make=False):
        manifest = Manifest.read(index)
        segments, report = open_segments(index, manifest), RemoveReport()
        removed = {segment.name: mask.copy() for segment, mask in _masks(index, manifest, segments)}
        found = set[str]()
        for segment in segments:
            for row, reason in _matching(segment, wanted, sources):
                found.add(reason)
                if not removed[segment.name][row]:
                    removed[segment.name][row] = True
                    name = segment.recipe(row).name
                    report.removed[name] = report.removed.get(name, 0) + 1
        report.missing = [asked for asked in (*wanted, *sources) if asked not in found]
        if report.recipes == manifest.recipes:
            raise RecipeIndexError(f"{index}: that would leave no recipe; delete the folder instead")
        if report.recipes:
            put_in_use(index, _without(index, manifest, segments, removed))
    return report


def compact_index(
    index: Path, stores: VectorStores, *, progress: ReportProgress = no_progress
) -> BuildReport | None:
    """Write all recipes that are left into one segment; vectors are taken over, not computed again.

    Returns:
        What the new segment holds; None when there was nothing to merge.

    Raises:
        RecipeIndexError: there is no index, it is damaged, or another process writes to it.
        DiskFullError: there is no room; the index is as it was.
    """
    with disk_errors(index), writing(index, make=False):
        manifest = Manifest.read(index)
        manifest.check_files(index)
        if len(manifest.segments) == 1 and not manifest.removed:
            clear_finished(index, manifest)  # what one that was killed at its very end did not come to
            remove_unlisted(index, manifest)
            return None
        segments = open_segments(index, manifest)
        vectors = KeptVectors(index, manifest, segments, stores) if manifest.embedder else None
        contents = f"{manifest.index_id} {manifest.corpus_hash} {[entry.name for entry in manifest.segments]}"
        building = Building(index, purpose_of("compact", contents, vectors, stores, skip_bad=False))
        source, before = _left(segments), segments_in_use(index)
        report = SegmentBuild(building, source, vectors, stores, lambda _hashed: False, progress).run()
        with building.in_place() as folder:
            changed = replace(
                manifest,
                next_number=building.number + 1,
                segments=(entry_of(folder),),
                removed=0,
                removed_files={},
            )
            put_in_use(index, changed)
        forget_vectors(index, before, stores)
    return report


def _fitting(index: Path, embedder: Embedder | None) -> Manifest:
    manifest = Manifest.read(index)
    manifest.check_files(index)
    if manifest.embedder and embedder is None:
        raise IndexMismatchError(
            f"{index}: built with embedder {manifest.embedder}; adding to it needs that one (EMBEDDER)"
        )
    manifest.check_embedder(embedder, index)
    return manifest


def _known(segments: Sequence[Segment]) -> Callable[[int], bool]:
    """Whether a recipe with that `id_hash` can be found in `segments`."""

    def is_known(hashed: int) -> bool:
        rows = ((segment, segment.row_with_id(hashed)) for segment in segments)
        return any(row is not None and not segment.is_removed(row) for segment, row in rows)

    return is_known


def _live_hashes(segment: Segment) -> NDArray[np.uint64]:
    hashes: NDArray[np.uint64] = np.asarray(segment.ids["hash"])[segment.live_rows()[segment.ids["row"]]]
    return hashes


def _left(segments: Sequence[Segment]) -> Callable[[BuildReport], Iterator[Recipe]]:
    def recipes(_report: BuildReport) -> Iterator[Recipe]:
        for segment in segments:
            for row in np.flatnonzero(segment.live_rows()).tolist():
                yield segment.recipe(row)

    return recipes


def _masks(index: Path, manifest: Manifest, segments: Sequence[Segment]) -> Iterator[tuple[Segment, Removed]]:
    removed = removed_rows(index, manifest)
    for segment in segments:
        yield segment, removed.get(segment.name, np.zeros(segment.recipe_count, dtype=np.bool_))


def _matching(segment: Segment, wanted: Sequence[str], sources: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Rows that are asked for and have not been taken out, each with what asks for it."""
    found = chain(_by_id(segment, wanted), _by_name(segment, wanted), _by_source(segment, sources))
    return ((row, text) for row, text in found if not segment.is_removed(row))


def _by_id(segment: Segment, wanted: Sequence[str]) -> Iterator[tuple[int, str]]:
    for text in wanted:
        row = segment.row_with_id(id_hash(text))
        if row is not None and segment.recipe(row).recipe_id == text:
            yield row, text


def _by_name(segment: Segment, wanted: Sequence[str]) -> Iterator[tuple[int, str]]:
    """A name is the first form of its recipe; so only recipes that hang on that form are read."""
    asked: dict[str, list[str]] = {}
    for text in wanted:
        for form in {plain_key_of(text), simplify(text).strip()} - {""}:
            asked.setdefault(form, []).append(text)
    if not asked:
        return
    for number, form in enumerate(lines_of(segment.folder / "forms.txt")):
        for text in asked.get(form, ()):
            for row in segment.rows_of(number).tolist():
                if _same_name(segment.recipe(row).name, text):
                    yield row, text


def _same_name(name: str, text: str) -> bool:
    return name == text or (plain_key_of(name) == plain_key_of(text) != "")


def _by_source(segment: Segment, sources: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Recipes whose source is the text, or begins with it and goes on with a page or place."""
    asked = {text: json.dumps(text, ensure_ascii=False)[1:-1] for text in sources}
    if not asked:
        return
    for row, line in enumerate(lines_of(segment.folder / "recipes.jsonl")):
        for text, quoted in asked.items():
            if quoted in line and _is_of(segment.recipe(row).source, text):
                yield row, text


def _is_of(source: str, text: str) -> bool:
    rest = source.removeprefix(text)
    return source == text or (rest != source and (rest[0] == "第" or not rest[0].isalnum()))


def _without(
    index: Path, manifest: Manifest, segments: Sequence[Segment], removed: dict[str, Removed]
) -> Manifest:
    """The manifest after `removed`; segments of which nothing is left go, too."""
    left = [segment for segment in segments if not removed[segment.name].all()]
    entries = tuple(entry for entry in manifest.segments if entry.name in {segment.name for segment in left})
    masks = {entry.number: removed[entry.name] for entry in entries if removed[entry.name].any()}
    path = index / f"removed-{manifest.next_number}.npy"
    count = write_removed(path, masks) if masks else 0
    hashes = [Segment(segment.folder, removed[segment.name]) for segment in left]
    return replace(
        manifest,
        corpus_hash=corpus_hash(map(_live_hashes, hashes)),
        next_number=manifest.next_number + 1,
        segments=entries,
        removed=count,
        removed_files={path.name: sum_of(path)} if masks else {},
    )
