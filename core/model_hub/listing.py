"""What files a repository holds, by the hubs' HTTP interfaces.

- Hugging Face: `GET /api/models/ID/revision/REV?blobs=true` and `/ID/resolve/COMMIT/PATH` (huggingface_hub
  2.4: `HfApi.model_info(files_metadata=True)`, `hf_hub_url`). Large files carry `lfs.sha256`, small ones
  Git's `blobId`.
- ModelScope: `GET /api/v1/models/ID/repo/files?Revision=&Recursive=True` and
  `/api/v1/models/ID/repo?Revision=&FilePath=` (modelscope_hub 0.5: `_legacy_api.py`). A missing repository
  may be HTTP 200 with `"Success": false`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from core.errors import ModelRejectedError, ModelResponseError
from core.model_hub.catalogue_model import Source
from core.model_hub.connection import HubConnection

_MAX_FILES = 20_000
_MAX_FILE_BYTES = 1 << 40
_MAX_PATH_CHARACTERS = 1000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository.

    Attributes:
        path: as the hub gives it: not to be trusted.
        size: in bytes.
        sha256: "" where the hub does not tell.
        git_sha1: Git's name of its content, "" where the hub does not tell.
    """

    path: str
    size: int
    sha256: str = ""
    git_sha1: str = ""

    @property
    def digest(self) -> str:
        """The best checksum that is known; "" for none."""
        return self.sha256 or self.git_sha1


@dataclass(frozen=True, slots=True)
class Listing:
    """A state of a repository.

    Attributes:
        source: which repository.
        host: of the hub, for messages.
        commit: what the hub calls this state; "" where it does not tell.
        files: all of them.
    """

    source: Source
    host: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.source.repository} on {self.host}"

    def path_of(self, file: HubFile) -> str:
        """The path, below the hub's address, of a file's content."""
        if self.source.hub == "huggingface":
            return f"/{self.source.repository}/resolve/{self.commit}/{quote(file.path)}"
        revision = quote(self.source.asked_revision, safe="")  # what ModelScope documents are tags
        path = quote(file.path, safe="")
        return f"/api/v1/models/{self.source.repository}/repo?Revision={revision}&FilePath={path}"


async def list_files(connection: HubConnection, source: Source) -> Listing:
    """Ask a hub what a repository holds.

    Raises:
        ModelUnavailableError: the hub cannot be reached or is overloaded.
        ModelRejectedError: there is no such repository or revision, or it is not open to everybody.
        ModelResponseError: the answer is none of this hub's.
    """
    revision = quote(source.asked_revision, safe="")
    if source.hub == "huggingface":
        path = f"/api/models/{source.repository}/revision/{revision}?blobs=true"
    else:
        path = f"/api/v1/models/{source.repository}/repo/files?Revision={revision}&Recursive=True"
    content = await connection.json(path, about=f"{source.repository} (revision {source.asked_revision})")
    try:
        commit, files = (_of_huggingface if source.hub == "huggingface" else _of_modelscope)(content)
    except _NoSuchRepositoryError:
        raise ModelRejectedError(f"{connection.host} has no {source.repository}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise ModelResponseError(
            f"{connection.host} answered with something that is no list of files"
        ) from exc
    if source.hub == "huggingface" and _SHA1.fullmatch(source.revision) and commit != source.revision:
        raise ModelResponseError(f"{connection.host} tells of another commit than was asked for")
    return Listing(source, connection.host, commit, files)


class _NoSuchRepositoryError(Exception):
    pass


def _of_huggingface(content: dict[str, Any]) -> tuple[str, tuple[HubFile, ...]]:
    commit = str(content["sha"])
    if not _SHA1.fullmatch(commit):
        raise ValueError("no commit")
    files = []
    for entry in _bounded(content["siblings"]):
        large = entry.get("lfs") or {}
        size = large.get("size", entry.get("size"))
        files.append(
            HubFile(
                _path(entry["rfilename"]),
                _size(size),
                _digest(large.get("sha256"), _SHA256),
                "" if large else _digest(entry.get("blobId"), _SHA1),
            )
        )
    return commit, tuple(files)


def _of_modelscope(content: dict[str, Any]) -> tuple[str, tuple[HubFile, ...]]:
    if content.get("Success") is False:
        raise _NoSuchRepositoryError
    data = content["Data"]
    commit = str((data.get("LatestCommitter") or {}).get("Id", ""))
    files = tuple(
        HubFile(_path(entry["Path"]), _size(entry["Size"]), _digest(entry.get("Sha256"), _SHA256))
        for entry in _bounded(data["Files"])
        if entry.get("Type", "blob") == "blob"
    )
    return commit if _SHA1.fullmatch(commit) else "", files


def _bounded(entries: list[Any]) -> list[dict[str, Any]]:
    if not isinstance(entries, list) or len(entries) > _MAX_FILES:
        raise ValueError("no list, or too long a one")
    return entries


def _path(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_PATH_CHARACTERS:
        raise ValueError("no path")
    return value


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_FILE_BYTES:
        raise ValueError("no size")
    return value


def _digest(value: object, form: re.Pattern[str]) -> str:
    text = value.lower() if isinstance(value, str) else ""
    return text if form.fullmatch(text) else ""
