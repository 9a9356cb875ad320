"""Archives of corpora, read as a stream: .tar, .tar.gz/.bz2, .zip, and single files packed with gzip.

Nothing is ever unpacked to disk. Entries that are links or devices or that point outside are refused, and an
archive that is larger inside than any corpus, or packed a hundred times tighter than text can be, is left.
"""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from index.readers.rows import Meter, Place, Row, RowError, StreamReader, opened

MAX_ENTRIES = 200_000
MAX_UNPACKED_BYTES = 64 * 2**30
"""XiaChuFang's 1.52 million recipes unpack to some 3 GB."""
MAX_RATIO = 300
"""Unpacked to packed: XiaChuFang's rows are 4 : 1 under gzip; a bomb of zeros is 1,000 : 1 and more."""
RATIO_COUNTS_FROM_BYTES = 16 * 2**20
_MAX_HEADER_BYTES = 1_000_000
_OPENERS: dict[bytes, Callable[[io.BufferedReader], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.BZ2File,
}
"""Not xz and no LZMA in zips: a header of theirs can ask for 4 GB of memory."""
_ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_DAMAGED = (
    OSError,
    EOFError,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,
    RecursionError,
)

_Member = tuple[Place, io.BufferedReader]


def is_archive(head: bytes) -> bool:
    """Whether a file that begins with `head` is an archive of files or one packed file."""
    return _is_tar(head) or head.startswith((*_OPENERS, b"PK\x03\x04", b"PK\x05\x06"))


def read(
    path: Path, reader_of: Callable[[Place], StreamReader | None], meter: Meter | None = None
) -> Iterator[Row]:
    """Read the recipes of all files within an archive.

    Args:
        path: the archive.
        reader_of: what reads a file, told by its place; None passes over it.
        meter: told how far it is.
    """
    try:
        with opened(path) as file:
            if meter is not None:
                meter.watch(file)
            for member in _members(path, file):
                if isinstance(member, RowError):
                    yield member
                elif (reader := reader_of(member[0])) is not None:
                    yield from reader(member[1], member[0])
    except _TooLarge as exc:
        yield RowError(str(path), str(exc))
    except _DAMAGED as exc:
        yield RowError(str(path), f"damaged archive ({type(exc).__name__})")
    finally:
        if meter is not None:
            meter.finish(path.stat().st_size)


def _members(path: Path, file: io.BufferedReader) -> Iterator[_Member | RowError]:
    """Each file of an archive, or why it is left out; a stream ends when the next is asked for."""
    head = file.read(512)
    file.seek(0)
    return _zip_members(path, file) if head.startswith(b"PK") else _stream_members(path, file, head)


class _TooLarge(Exception):  # noqa: N818  # never leaves this module
    """The archive holds more than it may."""


class _Bounded(io.RawIOBase):
    """A stream that stops when more comes out of it than may."""

    def __init__(self, stream: IO[bytes], packed_bytes: int, budget: list[int]) -> None:
        self._stream, self._packed_bytes, self._budget = stream, packed_bytes, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self._budget[0] += len(data)
        _check_size(self._budget[0], self._packed_bytes)
        return len(data)


def _check_size(unpacked: int, packed: int) -> None:
    """Stop a bomb."""
    if unpacked > MAX_UNPACKED_BYTES:
        raise _TooLarge(f"unpacks to more than {MAX_UNPACKED_BYTES} bytes; left out from there on")
    if unpacked > max(RATIO_COUNTS_FROM_BYTES, MAX_RATIO * packed):
        raise _TooLarge(f"unpacks to more than {MAX_RATIO} times its size; left out from there on")


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _stream_members(path: Path, file: io.BufferedReader, head: bytes) -> Iterator[_Member | RowError]:
    """Members of a tar file, or the one file within a packed one."""
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    inner: IO[bytes] = opener(file) if opener else file
    stream = io.BufferedReader(_Bounded(inner, path.stat().st_size, [0]), 1 << 16)
    if not _is_tar(stream.peek(512)[:512]):
        place = Place(str(path), PurePosixPath(path.name.removesuffix(path.suffix)))
        yield place, stream  # type: ignore[misc]  # a BufferedReader over a stream of ours
        return
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_BoundedTarInfo) as archive:
        for number in itertools.count():
            entry = archive.next()
            if entry is None:
                return
            if number >= MAX_ENTRIES:
                raise _TooLarge(f"holds more than {MAX_ENTRIES} entries; left out from there on")
            if entry.isdir():
                continue
            plain = entry.isreg() and not entry.issparse()
            reason = None if plain else "is a link, a device or a file with holes"
            if (refused := _refused(path, entry.name, reason)) is not None:
                yield refused
            elif (content := archive.extractfile(entry)) is not None:
                yield _place(path, entry.name), content  # type: ignore[misc]  # a reader of bytes


class _BoundedTarInfo(tarfile.TarInfo):
    """A header whose own extent is bounded: tarfile reads long names and pax headers whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _BoundedTarInfo:
        header = super().frombuf(buf, encoding, errors)
        if not header.isreg() and header.size > _MAX_HEADER_BYTES:
            raise tarfile.ReadError("a header is too large")
        return header


def _zip_members(path: Path, file: io.BufferedReader) -> Iterator[_Member | RowError]:
    packed, budget = path.stat().st_size, [0]
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _TooLarge(f"holds more than {MAX_ENTRIES} entries; left out")
        _check_size(sum(entry.file_size for entry in entries), packed)
        for entry in entries:
            if entry.is_dir():
                continue
            is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
            reason = "is a link" if is_link else "has a password" if entry.flag_bits & 1 else None
            if entry.compress_type not in _ZIP_METHODS:
                reason = "is packed in a way that is not read"
            if (refused := _refused(path, entry.filename, reason)) is not None:
                yield refused
                continue
            with archive.open(entry) as content:
                yield _place(path, entry.filename), io.BufferedReader(_Bounded(content, packed, budget))


def _refused(path: Path, name: str, reason: str | None) -> RowError | None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name.partition("/")[0]:
        reason = "points outside the archive"
    return RowError(f"{path}!{_printable(name)}", reason) if reason else None


def _place(path: Path, name: str) -> Place:
    return Place(f"{path}!{_printable(name)}", PurePosixPath(_printable(name)))


def _printable(name: str) -> str:
    """A name from an archive, short and without signs that a terminal would act upon."""
    return "".join(c if c.isprintable() else "?" for c in name[-200:])
