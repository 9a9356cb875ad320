"""The manifest of an index: what it was built from and with, and the sums of its files.

It is written last. Loading compares it with the running program and with the files on disk; every
mismatch is an error that says how to rebuild.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import IndexCorruptError, IndexMismatchError, IndexMissingError
from core.ports import Embedder

FORMAT_VERSION = 1
FILE_NAME = "manifest.json"
_NEEDED = frozenset({"recipes.jsonl", "forms.txt", "forms.rows"})
_HASHED_BYTES = 64_000_000
"""Files up to this size are compared by hash when an index is opened, larger ones by size alone."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index is.

    Attributes:
        embedder: name of the embedder, "" for a lexical index.
        metric: how vectors are compared.
        corpus_hash: SHA-256 over the ids of all recipes, in order.
        sources_hash: `sources_hash` of the corpora; tells cheaply whether they have changed since.
        files: path within the index → (size in bytes, SHA-256 or "" for a large file).
    """

    format_version: int
    embedder: str
    embedder_revision: str
    dimension: int
    metric: str
    recipes: int
    forms: int
    corpus_hash: str
    sources_hash: str
    files: dict[str, tuple[int, str]]

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        (folder / FILE_NAME).write_text(text, encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Manifest:
        """Read the manifest of `folder`.

        Raises:
            IndexMissingError: there is no index.
            IndexMismatchError: the index has another format.
            IndexCorruptError: the manifest is damaged.
        """
        path = folder / FILE_NAME
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as exc:
            raise IndexMissingError(f"{folder}: no index here; {_rebuild(folder)}") from exc
        except (OSError, ValueError, RecursionError) as exc:
            raise IndexCorruptError(f"{path}: damaged; {_rebuild(folder)}") from exc
        version = fields.get("format_version") if isinstance(fields, dict) else None
        if version != FORMAT_VERSION:
            raise IndexMismatchError(
                f"{folder}: index format {version!r}, this program reads {FORMAT_VERSION}; {_rebuild(folder)}"
            )
        return _from_fields(fields, path)

    def check_embedder(self, embedder: Embedder | None, folder: Path) -> None:
        """Hold the index against the embedder that is to search it; a lexical index fits any.

        Raises:
            IndexMismatchError: it was built with another embedder, revision or dimension.
        """
        if not self.embedder or embedder is None:
            return
        for what, built, running in (
            ("embedder", self.embedder, embedder.name),
            ("embedder revision", self.embedder_revision, embedder.revision),
            ("dimension", self.dimension, embedder.dimension),
        ):
            if built != running:
                raise IndexMismatchError(
                    f"{folder}: built with {what} {built}, running {running}; {_rebuild(folder)}"
                )

    def check_files(self, folder: Path) -> None:
        """Hold the files on disk against the manifest.

        Raises:
            IndexCorruptError: a file is missing or altered; the message names it.
        """
        for name in sorted(_NEEDED - self.files.keys()):
            raise IndexCorruptError(f"{folder / FILE_NAME}: does not list {name}; {_rebuild(folder)}")
        for name, (size, digest) in self.files.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size:
                raise IndexCorruptError(f"{path}: missing or of the wrong size; {_rebuild(folder)}")
            if digest and _sha256(path) != digest:
                raise IndexCorruptError(f"{path}: altered since the build; {_rebuild(folder)}")


def files_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Sizes and sums of every file below `folder`."""
    found: dict[str, tuple[int, str]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        size = path.stat().st_size
        found[path.relative_to(folder).as_posix()] = (size, _sha256(path) if size <= _HASHED_BYTES else "")
    return found


def corpus_hash(recipe_ids: Iterable[str]) -> str:
    """SHA-256 over recipe ids in order."""
    digest = hashlib.sha256()
    for recipe_id in recipe_ids:
        digest.update(recipe_id.encode() + b"\n")
    return digest.hexdigest()


def sources_hash(corpora: Sequence[Path]) -> str:
    """SHA-256 over the names and contents of all files of `corpora`; large ones by size and time."""
    digest = hashlib.sha256()
    for corpus in corpora:
        files = sorted(p for p in corpus.rglob("*") if p.is_file()) if corpus.is_dir() else [corpus]
        for path in files:
            stat = path.stat()
            content = _sha256(path) if stat.st_size <= _HASHED_BYTES else str(stat.st_mtime_ns)
            name = path.relative_to(corpus).as_posix() if corpus.is_dir() else path.name
            digest.update(f"{name}\0{stat.st_size}\0{content}\n".encode())
    return digest.hexdigest()


def _from_fields(fields: dict[str, Any], path: Path) -> Manifest:
    try:
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in fields.pop("files").items()}
        manifest = Manifest(**fields, files=files)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise IndexCorruptError(f"{path}: damaged; {_rebuild(path.parent)}") from exc
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in manifest.files):
        raise IndexCorruptError(f"{path}: names files outside the index; {_rebuild(path.parent)}")
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rebuild(folder: Path) -> str:
    return f"rebuild it with: python -m index build --out {folder}"
