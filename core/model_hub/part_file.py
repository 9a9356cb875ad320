"""A file that is still arriving.

It is called `NAME.DIGEST.part`: the digest ties it to the content that the hub promises, so what is there
already is never continued with something else (which is what the header If-Range is for).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.model_hub.listing import HubFile

SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class PartFile:
    """What has arrived of a file. Every method raises OSError when the file system refuses.

    Attributes:
        path: where it grows.
        target: what it will be called.
    """

    path: Path
    target: Path

    @classmethod
    def of(cls, file: HubFile, folder: Path) -> PartFile:
        """The part of a file of a model's folder."""
        target = folder / file.path
        return cls(target.with_name(f"{target.name}.{file.digest[:16] or 'new'}{SUFFIX}"), target)

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def begin(self, *, anew: bool) -> None:
        """Make sure that it is there; `anew`: and empty."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if anew:
            self.discard()
        self.path.touch()

    @contextmanager
    def written_from(self, start: int) -> Iterator[BinaryIO]:
        """Write from a position on; whatever stood behind it is gone."""
        with self.path.open("r+b") as output:
            output.truncate(start)
            output.seek(start)
            yield output

    def discard(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give it its name, once its bytes are on the disk."""
        with self.path.open("rb+") as written:
            os.fsync(written.fileno())
        self.path.replace(self.target)
