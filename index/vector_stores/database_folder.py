"""The folder of an embedded database: which content it holds, and whether it is whole.

`INDEX/vectors-KIND/COLLECTION/` holds the database in `data/` and `note.json`, which is written last. It is
not among the files of the segment, as SQLite changes its file when it is opened; the note lists the sizes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from core.errors import BotError, IndexCorruptError, RecipeIndexError
from core.whole_file import whole_file
from index.vector_stores.ports import Place, VectorStore

_PROBES = 5
_SELF_COSINE = 0.98


class DatabaseFolder:
    """The folder that one segment's database is kept in."""

    def __init__(self, kind: str, place: Place) -> None:
        self.path = place.index_dir / f"vectors-{kind}" / place.collection
        self.data = self.path / "data"
        self._note = self.path / "note.json"

    def begin(self, *, dimension: int, content: str) -> bool:
        """Make the folder for rows of `content`; False where it was there already with the same."""
        note = self._read()
        if (note.get("content"), note.get("dimension")) == (content, dimension):
            return False
        shutil.rmtree(self.path, ignore_errors=True)
        self.data.mkdir(parents=True)
        self._write({"content": content, "dimension": dimension})
        return True

    @property
    def is_finished(self) -> bool:
        """Whether the note lists the files of a whole database."""
        return "files" in self._read()

    def finish(self, total: int) -> None:
        """The database is whole and closed."""
        files = {path.relative_to(self.data).as_posix(): path.stat().st_size for path in self._files()}
        self._write({**self._read(), "total": total, "files": files})

    def check(self, *, dimension: int, total: int) -> None:
        """Hold the folder against its note and what the manifest says.

        Raises:
            IndexCorruptError: it is missing, unfinished, of another size, or files are missing or too short.
        """
        note = self._read()
        files = note.get("files")
        if not isinstance(files, dict):
            raise IndexCorruptError(f"{self.path}: missing, damaged, or its vectors were never finished")
        if (note.get("dimension"), note.get("total")) != (dimension, total):
            raise IndexCorruptError(f"{self.path}: does not hold {total} vectors of dimension {dimension}")
        for name, size in files.items():
            path = self.data / name
            if not path.is_file() or path.stat().st_size < size:
                raise IndexCorruptError(f"{path}: missing or cut short")

    def remove(self) -> None:
        """Delete everything; nothing there is no error."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):  # other segments keep theirs there
            self.path.parent.rmdir()

    def _files(self) -> list[Path]:
        return sorted(path for path in self.data.rglob("*") if path.is_file())

    def _read(self) -> dict[str, object]:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return note if isinstance(note, dict) else {}

    def _write(self, note: dict[str, object]) -> None:
        with whole_file(self._note) as unfinished:
            unfinished.write_text(json.dumps(note), encoding="utf-8")


def damage_named(path: Path) -> AbstractContextManager[None]:
    """Whatever an embedded database raises while it is read means that its files are damaged.

    Raises:
        IndexCorruptError: it raised.
    """
    return _errors_as(lambda name: IndexCorruptError(f"{path}: damaged ({name})"))


def write_failure_named(path: Path) -> AbstractContextManager[None]:
    """Whatever an embedded database raises while it is written.

    Raises:
        RecipeIndexError: it raised.
    """
    return _errors_as(lambda name: RecipeIndexError(f"{path}: cannot be written ({name}); is the disk full?"))


@contextmanager
def _errors_as(error_for: Callable[[str], RecipeIndexError]) -> Iterator[None]:
    try:
        yield
    except (BotError, OSError):
        raise
    except Exception as exc:
        raise error_for(type(exc).__name__) from exc
    except BaseException as exc:  # a panic of a database's Rust part is no `Exception`
        if type(exc).__name__ != "PanicException":
            raise
        raise error_for("panic") from exc


def check_by_searching(store: VectorStore, path: Path) -> None:
    """Look a few stored vectors up: each must find itself.

    Raises:
        IndexCorruptError: one does not.
    """
    for row in sorted({len(store) * step // _PROBES for step in range(_PROBES)}) if len(store) else ():
        vector = store.vectors(row, row + 1)
        found = store.search(vector[0], 1) if len(vector) == 1 else []
        if not found or found[0][1] < _SELF_COSINE:
            raise IndexCorruptError(f"{path}: damaged, vector {row} does not find itself")
