"""Work under way: the stages of a segment that are done, so that a killed build goes on after them.

INDEX/building/
state.json    what is being built, and the stages that are done with what they found
segment/      the segment as far as it is
vectors.*     `index.vector_journal`
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import IndexCorruptError, IndexMismatchError, IndexMissingError
from index.index_folder import BUILDING, remove, sync_files
from index.manifest import Manifest, is_segment_name

_MOVED = "moved"


class Building:
    """The work under way in an index's folder. Only who holds the index's lock may have one.

    Args:
        index: folder of the index.
        purpose: says what is being built; work under way for something else is thrown away.
    """

    def __init__(self, index: Path, purpose: str) -> None:
        self._index = index
        self._purpose = purpose
        self.folder = index / BUILDING
        self.segment = self.folder / "segment"
        self._stages = self._found()
        if not self._stages:
            self.remove()
        self.segment.mkdir(parents=True, exist_ok=True)

    def done(self, stage: str) -> dict[str, Any] | None:
        """What `finish` was told about a stage; None if it is still to do."""
        return self._stages.get(stage)

    def finish(self, stage: str, **found: Any) -> None:
        """A stage's files are complete."""
        sync_files(self.segment)
        self._stages[stage] = found
        fresh = self.folder / "state.json.new"
        fresh.write_text(json.dumps({"purpose": self._purpose, "stages": self._stages}), encoding="utf-8")
        fresh.replace(self.folder / "state.json")

    def fresh_folder(self, name: str) -> Path:
        """An empty folder in the segment, for a stage that has to begin anew."""
        folder = self.segment / name
        remove(folder)
        folder.mkdir()
        return folder

    @contextmanager
    def in_place(self, number: int) -> Iterator[Path]:
        """The finished segment, moved to its place as number `number`; it comes back if the block fails.

        A kill leaves it in its place without a manifest that lists it; the next attempt fetches it.
        """
        place = self._index / f"segment-{number}"
        self.finish(_MOVED, name=place.name)
        self.segment.rename(place)
        try:
            yield place
        except BaseException:
            self._fetch(place.name)
            raise
        self.remove()

    def remove(self) -> None:
        """Throw everything away."""
        remove(self.folder)

    def _found(self) -> dict[str, dict[str, Any]]:
        try:
            state = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
            if state["purpose"] != self._purpose:
                return {}
            stages = dict(state["stages"])
            self._fetch(stages.pop(_MOVED, {}).get("name", ""))
            return stages if self.segment.is_dir() else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _fetch(self, name: str) -> None:
        """Take a segment back from its place, unless the manifest lists it."""
        if self.segment.is_dir() or not is_segment_name(name):
            return
        with suppress(IndexMissingError, IndexMismatchError, IndexCorruptError):
            if any(segment.name == name for segment in Manifest.read(self._index).segments):
                return
        (self._index / name).rename(self.segment)
