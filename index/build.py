"""Building an index: corpora → one segment → a manifest that lists it and nothing else.

The segment is made in `building/` beside those in use; replacing the manifest puts it in use in one step.
A build that fails or is killed leaves the index as it was, and what it has done to the next one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CorpusError, RecipeIndexError
from core.ports import Embedder
from index.building import Building
from index.index_folder import disk_errors, may_be_replaced, put_in_use
from index.manifest import FORMAT_VERSION, Manifest, SegmentEntry, files_of, sources_hash
from index.segment import Segment
from index.segment_build import BuildReport, ReportProgress, SegmentBuild, no_progress, recipes_of
from index.vector_stores.faiss_store import FaissVectorStores
from index.vector_stores.ports import Place, VectorStores
from index.writer_lock import writing

COOKBOOK_DIR = Path(__file__).parent / "cookbook"


def build_index(
    corpora: Sequence[Path],
    out: Path,
    embedder: Embedder | None,
    *,
    stores: VectorStores | None = None,
    skip_bad: bool = False,
    progress: ReportProgress = no_progress,
) -> BuildReport:
    """Build the index of `corpora` at `out`, replacing what is there.

    Args:
        corpora: files or folders that `index.readers` understands.
        out: folder of the index.
        embedder: encodes the hypothetical questions; None makes a lexical index.
        stores: keeps their vectors; None for FAISS.
        skip_bad: go on after a row that cannot be read, and report it.
        progress: told how far it is.

    Raises:
        CorpusError: a row cannot be read and `skip_bad` is off, or there is no recipe at all.
        RecipeIndexError: `out` holds something that is not an index, or another process writes to it.
        DiskFullError: there is no room; the old index is still in place.
    """
    if not may_be_replaced(out):
        raise RecipeIndexError(f"{out}: is not empty and not an index; choose another folder")
    kept = stores or FaissVectorStores()
    with disk_errors(out), writing(out):
        sources = sources_of(corpora)
        building = Building(out, purpose_of("build", sources, embedder, kept, skip_bad))
        source = recipes_of(corpora, skip_bad=skip_bad)
        report = SegmentBuild(building, source, embedder, kept, lambda _hashed: False, progress).run()
        if not report.recipes:
            building.remove()
            raise CorpusError(f"{', '.join(map(str, corpora))}: no recipe could be read")
        before = segments_in_use(out)
        with building.in_place() as folder:
            manifest = Manifest(
                format_version=FORMAT_VERSION,
                embedder=embedder.name if embedder else "",
                embedder_revision=embedder.revision if embedder else "",
                dimension=embedder.dimension if embedder else 0,
                metric="inner_product" if embedder else "",
                vector_store=kept.kind if embedder else "",
                corpus_hash=corpus_hash([Segment(folder).ids["hash"]]),
                sources_hash=sources,
                index_id=building.index_id,
                next_number=building.number + 1,
                segments=(entry_of(folder),),
                removed=0,
                removed_files={},
            )
            put_in_use(out, manifest)
        forget_vectors(out, before, kept)
    return report


def purpose_of(
    command: str, sources: str, embedder: Embedder | None, stores: VectorStores, skip_bad: bool
) -> str:
    """What makes work under way fit to be gone on with: the same command on the same data and model."""
    model = [embedder.name, embedder.revision, embedder.dimension, stores.kind] if embedder else []
    return json.dumps([FORMAT_VERSION, command, sources, model, skip_bad])


def segments_in_use(index: Path) -> list[Place]:
    """Where the vectors of the segments belong that the manifest lists now; none without a manifest."""
    try:
        manifest = Manifest.read(index)
    except RecipeIndexError:
        return []
    return [
        Place(index, manifest.index_id, entry.name, index / entry.name)
        for entry in manifest.segments
        if manifest.embedder
    ]


def forget_vectors(index: Path, before: Iterable[Place], stores: VectorStores) -> None:
    """Remove from a database what it keeps of the segments of `before` that are no longer in use."""
    in_use = {place.segment for place in segments_in_use(index)}
    for place in before:
        if place.segment not in in_use:
            stores.delete(place)


def entry_of(folder: Path) -> SegmentEntry:
    """What the manifest has to list of the segment at `folder`."""
    segment = Segment(folder)
    return SegmentEntry(folder.name, segment.recipe_count, segment.form_count, files_of(folder))


def corpus_hash(hashes: Iterable[NDArray[Any]]) -> str:
    """SHA-256 over the `id_hash`es of all recipes of an index, sorted: the same recipes, the same hash."""
    together = np.sort(np.concatenate([np.asarray(some, dtype="<u8") for some in hashes]))
    return hashlib.sha256(together.tobytes()).hexdigest()


def is_current(folder: Path, corpora: Sequence[Path], embedder: Embedder | None) -> bool:
    """Whether `folder` holds an index of `corpora` as they are now, made with `embedder`.

    Raises:
        CorpusError: a corpus is not there.
    """
    sources = sources_of(corpora)
    try:
        manifest = Manifest.read(folder)
        manifest.check_embedder(embedder, folder)
        manifest.check_files(folder)
    except RecipeIndexError:
        return False
    return bool(manifest.embedder) == (embedder is not None) and manifest.sources_hash == sources


def sources_of(corpora: Sequence[Path]) -> str:
    """`sources_hash` of corpora that are all there.

    Raises:
        CorpusError: one is not.
    """
    for corpus in corpora:
        if not corpus.exists():
            raise CorpusError(f"{corpus}: no such file or folder")
    return sources_hash(corpora)
