"""Sorts any number of records by a hash, in bounded memory: a shuffle that every machine repeats.

Records go to the bucket files of their hash's range. Then one bucket after the other is read, sorted and
handed on. The order depends on the hashes alone, not on the order of arrival or the number of buckets; and
equal records come out next to each other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

BUCKET_BYTES = 32_000_000
"""What one bucket should hold; sorting it takes about three times as much."""
MAX_BUCKETS = 200
"""All are open at once; systems allow 1,024 open files by default, some 256 (macOS)."""
_BUFFER_BYTES = 1 << 16


class HashOrder:
    """Records in the order of their hashes.

    Args:
        folder: where the buckets go; made by this, and removed by `close`.
        expected_bytes: of all records, roughly; a wrong guess costs memory or open files, never order.
        sealed: how many records are in the folder already, where `seal` was called on them before.

    Raises:
        OSError: from every method, when the disk fails.
    """

    def __init__(self, folder: Path, expected_bytes: int = 0, *, sealed: int | None = None) -> None:
        self._folder = folder
        self.count = sealed or 0
        if sealed is None:
            folder.mkdir(parents=True)
            buckets = min(MAX_BUCKETS, 1 + expected_bytes // BUCKET_BYTES)
            self._paths = [folder / f"{number:03}" for number in range(buckets)]
            self._files = [path.open("wb", buffering=_BUFFER_BYTES) for path in self._paths]
        else:
            self._paths, self._files = sorted(folder.iterdir()), []

    def seal(self) -> None:
        """All records are there; they are on the disk afterwards."""
        for file in self._files:
            file.flush()
            os.fsync(file.fileno())
        self.let_go()

    def let_go(self) -> None:
        """Close the buckets and leave them where they are."""
        for file in self._files:
            file.close()

    def add(self, key: int, record: str) -> None:
        """Take a record of one line; `key` is from 0 to 2**64 - 1."""
        bucket = key * len(self._files) >> 64
        self._files[bucket].write(f"{key:016x}{record}\n".encode("utf-8", "replace"))
        self.count += 1

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield key and record in ascending order; equal keys by record. Nothing may be added after."""
        self.let_go()
        for path in self._paths:
            with path.open("rb") as bucket:
                lines = bucket.readlines()
            lines.sort()
            for line in lines:
                yield int(line[:16], 16), line[16:-1].decode("utf-8")

    def close(self) -> None:
        """Remove the buckets."""
        self.let_go()
        for path in self._paths:
            path.unlink(missing_ok=True)
        self._folder.rmdir()
