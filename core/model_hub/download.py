"""Fetches a model's files: goes on where it stopped, checks every file, writes the manifest last."""

from __future__ import annotations

import asyncio
import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx2

from core.errors import DiskFullError, ModelResponseError, SettingsError
from core.model_hub.catalogue_model import CatalogueModel, Source
from core.model_hub.connection import MAX_RETRIES, BusyHubError, HubConnection
from core.model_hub.listing import HubFile, Listing, list_files
from core.model_hub.manifest import MANIFEST_FILE, FetchedFile, Manifest, git_blob_sha1_of, sha256_of
from core.model_hub.part_file import SUFFIX, PartFile
from core.model_hub.pickle_scan import fault_of_checkpoint, is_checkpoint
from core.model_hub.selection import Selection, UnfitModelError, selected
from core.model_server import retry_pause

_SPARE_DISK_BYTES = 200_000_000
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class Progress(Protocol):
    """Is told how far a download is."""

    def begin(self, selection: Selection, present_bytes: Mapping[str, int]) -> None:
        """It is known what is fetched, and how much of each file is there already."""

    def advance(self, path: str, done_bytes: int) -> None:
        """So much of a file is there now."""


@dataclass(frozen=True)
class Download:
    """A model on its way from a hub into a folder."""

    model: CatalogueModel
    source: Source
    connection: HubConnection
    folder: Path
    progress: Progress
    _sha256: dict[str, str] = field(default_factory=dict, init=False)
    """Of the files that are there and right."""

    async def run(self) -> Manifest:
        """Fetch what is not there yet.

        Cancelled or failed, what has arrived stays, and the next run goes on from there.

        Raises:
            ModelUnavailableError: the hub cannot be reached, is overloaded, or keeps breaking off.
            ModelRejectedError: it has no such model, or does not give it away.
            UnfitModelError: what it has carries code, or is another model.
            ModelResponseError: what it sends is not what it lists.
            DiskFullError: there is not enough room.
            SettingsError: the folder cannot be written to.
        """
        listing = await list_files(self.connection, self.source)
        selection = selected(self.model, listing)
        with _writing(self.folder):
            present = {file.path: await asyncio.to_thread(self._present, file) for file in selection.files}
            missing = [file for file in selection.files if file.path not in self._sha256]
            self.progress.begin(selection, present)
            self._make_room(selection.size_bytes - sum(present.values()))
            if missing:
                (self.folder / MANIFEST_FILE).unlink(missing_ok=True)
            for file in missing:
                await self._fetch(listing, file, PartFile.of(file, self.folder))
            return self._finish(listing, selection)

    def _present(self, file: HubFile) -> int:
        """How much of a file is there."""
        path = self.folder / file.path
        if path.is_file() and path.stat().st_size == file.size and not self._fault(file, path):
            return file.size
        return min(PartFile.of(file, self.folder).size, file.size)

    def _make_room(self, needed: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if free < needed + _SPARE_DISK_BYTES:
            raise DiskFullError(
                f"{self.folder} has room for {free / 1e6:,.0f} MB, and {needed / 1e6:,.0f} MB are to come: "
                "make room, or set MODELS_DIR to a folder on another disk"
            )

    async def _fetch(self, listing: Listing, file: HubFile, part: PartFile) -> None:
        """Fetch one file, however often the connection breaks, as long as something arrives."""
        part.begin(anew=not file.digest or part.size > file.size)
        attempt = 0
        while (before := part.size) < file.size:
            try:
                await self._continue(listing, file, part)
            except BusyHubError as exc:
                attempt = 0 if part.size > before else attempt + 1
                pause = retry_pause(attempt, exc.headers)
                if pause is None or attempt > MAX_RETRIES:
                    raise
                await self.connection.sleep(pause)
        await asyncio.to_thread(self._accept, file, part)

    async def _continue(self, listing: Listing, file: HubFile, part: PartFile) -> None:
        """Ask for what is missing of a file, and append it."""
        start = part.size
        headers = {"Range": f"bytes={start}-"} if start else None
        about = f"{file.path} of {self.source.repository}"
        async with self.connection.opened(listing.path_of(file), about=about, headers=headers) as response:
            if response.status_code != 200 and not _continues(response, start, file.size):
                part.discard()
                raise ModelResponseError(
                    f"{listing.host} sends another part of {file.path} than was asked for: run it again"
                )
            done = start if response.status_code == 206 else 0
            with part.written_from(done) as output:
                async for piece in self.connection.pieces(response):
                    done += len(piece)
                    if done > file.size:
                        output.truncate(0)
                        raise ModelResponseError(f"{listing.host} sends more of {file.path} than it lists")
                    await asyncio.to_thread(output.write, piece)
                    self.progress.advance(file.path, done)
        if done < file.size:
            raise BusyHubError(f"{listing.host} broke off in the middle of {file.path}")

    def _accept(self, file: HubFile, part: PartFile) -> None:
        """Give a complete file its name, if it is what was promised and carries no code."""
        if fault := self._fault(file, part.path):
            part.discard()
            if fault == _WRONG_CHECKSUM:
                raise ModelResponseError(f"{file.path} {fault}; it was deleted: run the command again")
            raise UnfitModelError(f"{file.path} {fault}; it was deleted, the model is not used")
        part.finish()

    def _fault(self, file: HubFile, path: Path) -> str:
        """What is wrong with a complete file; "" when it is right, and its checksum is kept."""
        sha256 = sha256_of(path)
        promised = (file.sha256, self.model.sha256.get(file.path, ""))
        if any(digest and digest != sha256 for digest in promised):
            return _WRONG_CHECKSUM
        if file.git_sha1 and git_blob_sha1_of(path) != file.git_sha1:
            return _WRONG_CHECKSUM
        if is_checkpoint(file.path) and (fault := fault_of_checkpoint(path)):
            return fault
        self._sha256[file.path] = sha256
        return ""

    def _finish(self, listing: Listing, selection: Selection) -> Manifest:
        source = self.source
        files = tuple(FetchedFile(file.path, file.size, self._sha256[file.path]) for file in selection.files)
        manifest = Manifest(
            self.model.name, source.hub, source.repository, source.asked_revision, listing.commit, files
        )
        manifest.write(self.folder)
        for leftover in self.folder.rglob(f"*{SUFFIX}"):
            leftover.unlink(missing_ok=True)
        return manifest


_WRONG_CHECKSUM = "is not what it should be: its checksum differs"


def _continues(response: httpx2.Response, start: int, size: int) -> bool:
    """Whether a response holds the rest of a file of this size (RFC 9110, 14.4)."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    return (
        response.status_code == 206
        and start > 0
        and found is not None
        and (int(found[1]), int(found[2])) == (start, size)
    )


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What the file system refuses, in our words."""
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"the disk of {folder} is full: make room and run the command again") from exc
        raise SettingsError("MODELS_DIR", f"{folder} cannot be written to ({exc.strerror})") from exc
