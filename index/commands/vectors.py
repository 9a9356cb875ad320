"""`index vectors`: where the vectors of an index are kept, and moving them to another store."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.errors import SettingsError
from core.settings import Settings
from index.commands.common import Commands, add_index, index_of, models_of, note
from index.manifest import Manifest
from index.progress import BuildProgressBar
from index.vector_stores.choice import stores_for
from index.vector_stores.migrate import move_vectors
from index.vector_stores.ports import Place


def add(commands: Commands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Add the parser of this command."""
    vectors = commands.add_parser(
        "vectors", parents=[shared], help="where the vectors are kept, and moving them to another store"
    )
    add_index(vectors)
    vectors.add_argument(
        "--to",
        choices=("faiss", "chroma", "qdrant"),
        help="move them there; qdrant is the server QDRANT_URL if it is set, else inside the bot",
    )
    vectors.add_argument(
        "--embed", action="store_true", help="compute the vectors anew instead of reading the old store"
    )
    vectors.set_defaults(run=_vectors)


def _vectors(options: argparse.Namespace, settings: Settings) -> int:
    folder = index_of(options, settings)
    if options.to is None:
        return _show(folder, settings)
    manifest = Manifest.read(folder)
    source, target = stores_for(settings, manifest.vector_store), stores_for(settings, options.to)
    embedder = models_of(settings).embedder if options.embed else None
    if options.embed and embedder is None:
        raise SettingsError("EMBEDDER", "--embed needs the model that the index was built with")
    with BuildProgressBar() as bar:
        moved = move_vectors(folder, source, target, embedder=embedder, progress=bar.show)
    print(f"{folder}: {moved.vectors} vectors of {moved.segments} segments moved to {target.kind}")
    if moved.precision != "float32":
        note(f"they came from {source.kind}, which keeps {moved.precision}; --embed would compute them anew")
    if options.to != settings.vector_store:
        note(f"set VECTOR_STORE={options.to}, or the next index is built for {settings.vector_store} again")
    return 0


def _show(folder: Path, settings: Settings) -> int:
    manifest = Manifest.read(folder)
    if not manifest.embedder:
        print(f"{folder}: no vectors, search is by words and sounds alone")
        return 0
    stores = stores_for(settings, manifest.vector_store)
    for entry in manifest.segments:
        place = Place(folder, manifest.index_id, entry.name, folder / entry.name)
        store = stores.open(place, dimension=manifest.dimension, total=entry.forms)
        print(f"{entry.name}: {len(store)} vectors of {store.dimension}, {store.describe()}")
        store.close()
    return 0
