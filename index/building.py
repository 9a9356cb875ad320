"""Work under way: the stages of a segment that are done, so that a killed build goes on after them.

INDEX/building/
state.json    what is being built, the segment's number, and the stages that are done
segment/      the segment as far as it is
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import IndexCorruptError, IndexMismatchError, IndexMissingError
from core.whole_file import whole_file
from index.index_folder import BUILDING, next_number, remove, sync_files
from index.manifest import Manifest


class Building:
    """The work under way in an index's folder. Only who holds the index's lock may have one.

    Args:
        index: folder of the index.
        purpose: says what is being built; work under way for something else is thrown away.

    Attributes:
        index: folder of the index.
        number: of the segment, once it is in its place.
        index_id: of the index that it is for: that of the index in use, or a new one.
        resumed: whether an earlier attempt had done something.
    """

    def __init__(self, index: Path, purpose: str) -> None:
        self.index = index
        self._purpose = purpose
        self.folder = index / BUILDING
        self.segment = self.folder / "segment"
        state = self._found()
        self.resumed = bool(state)
        if not state:
            self.remove()
            state = {"number": next_number(index), "index_id": _index_id(index), "stages": {}}
        self.number: int = state["number"]
        self.index_id: str = state["index_id"]
        self._stages: dict[str, dict[str, Any]] = state["stages"]
        self.segment.mkdir(parents=True, exist_ok=True)
        self._write()

    @property
    def name(self) -> str:
        """What the segment will be called."""
        return f"segment-{self.number}"

    def done(self, stage: str) -> dict[str, Any] | None:
        """What `finish` was told about a stage; None if it is still to do."""
        return self._stages.get(stage)

    def finish(self, stage: str, **found: Any) -> None:
        """A stage's files are complete."""
        sync_files(self.segment)
        self._stages[stage] = found
        self._write()

    def fresh_folder(self, name: str) -> Path:
        """An empty folder in the segment, for a stage that has to begin anew."""
        folder = self.segment / name
        remove(folder)
        folder.mkdir()
        return folder

    @contextmanager
    def in_place(self) -> Iterator[Path]:
        """The finished segment, moved to its place; it comes back if the block fails.

        A kill leaves it in its place without a manifest that lists it; the next attempt fetches it.
        """
        place = self.index / self.name
        self.segment.rename(place)
        try:
            yield place
        except BaseException:
            self._fetch(place)
            raise
        self.remove()

    def remove(self) -> None:
        """Throw everything away."""
        remove(self.folder)

    def _write(self) -> None:
        state = {"purpose": self._purpose, "number": self.number, "index_id": self.index_id}
        with whole_file(self.folder / "state.json") as unfinished:
            unfinished.write_text(json.dumps({**state, "stages": self._stages}), encoding="utf-8")

    def _found(self) -> dict[str, Any]:
        """What an earlier attempt at the same left; empty for nothing that can be used."""
        try:
            state = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
            if state["purpose"] != self._purpose or not isinstance(state["index_id"], str):
                return {}
            self._fetch(self.index / f"segment-{int(state['number'])}")
            is_usable = self.segment.is_dir() and isinstance(state["stages"], dict) and state["stages"]
            return dict(state) if is_usable else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _fetch(self, place: Path) -> None:
        """Take the segment back from its place, unless the manifest lists it."""
        if self.segment.is_dir() or not place.is_dir():
            return
        with suppress(IndexMissingError, IndexMismatchError, IndexCorruptError):
            if any(segment.name == place.name for segment in Manifest.read(self.index).segments):
                return
        place.rename(self.segment)


def clear_finished(index: Path, manifest: Manifest) -> None:
    """Remove what a change left that was killed when its segment was in use already."""
    try:
        state = json.loads((index / BUILDING / "state.json").read_text(encoding="utf-8"))
        name = f"segment-{int(state['number'])}"
    except (OSError, ValueError, KeyError, TypeError):
        return
    if any(segment.name == name for segment in manifest.segments):
        remove(index / BUILDING)


def _index_id(index: Path) -> str:
    with suppress(IndexMissingError, IndexMismatchError, IndexCorruptError):
        return Manifest.read(index).index_id
    return uuid.uuid4().hex
