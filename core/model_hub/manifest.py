"""What was fetched into a model's folder: written last, so a folder with one is complete."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.model_hub.file_names import is_safe
from core.whole_file import whole_file

MANIFEST_FILE = "fetched.json"
_FORMAT = 1
_MAX_BYTES = 4_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file as it was fetched and checked."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a folder's files come from.

    Attributes:
        name: in the catalogue.
        hub: "huggingface" or "modelscope".
        repository: "owner/name" there.
        revision: what was asked for.
        commit: what the hub called that state; "" where it does not tell.
        files: all of them.
    """

    name: str
    hub: str
    repository: str
    revision: str
    commit: str
    files: tuple[FetchedFile, ...]

    def write(self, folder: Path) -> None:
        """Put it into the folder, all of it or nothing.

        Raises:
            OSError: it cannot be written.
        """
        text = json.dumps({"format": _FORMAT, **asdict(self)}, ensure_ascii=False, indent=1)
        with whole_file(folder / MANIFEST_FILE) as unfinished:
            unfinished.write_text(text, encoding="utf-8")

    def lacking(self, folder: Path) -> list[str]:
        """Files that are not there, or not of their size."""
        return [file.path for file in self.files if _size(folder / file.path) != file.size]

    def changed(self, folder: Path, report: Callable[[str], None] = lambda _path: None) -> list[str]:
        """Files that are not there, or whose content is another one; reads all of them."""
        changed = []
        for file in self.files:
            report(file.path)
            path = folder / file.path
            if _size(path) != file.size or sha256_of(path) != file.sha256:
                changed.append(file.path)
        return changed


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, or None when there is none.

    Raises:
        ModelRejectedError: it is damaged.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("too large")
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ModelRejectedError(f"{path} is damaged: delete it and download the model again") from exc


def recorded_revision(folder: Path) -> str:
    """The state of the repository that a folder was fetched in, for people to read.

    Raises:
        ModelRejectedError: the manifest is damaged.
    """
    manifest = read_manifest(folder)
    return "revision not recorded" if manifest is None else manifest.commit[:10] or manifest.revision


def _parsed(content: dict[str, Any]) -> Manifest:
    if content["format"] != _FORMAT:
        raise ValueError("of another format")
    files = tuple(FetchedFile(str(f["path"]), int(f["size"]), str(f["sha256"])) for f in content["files"])
    if not files or not all(is_safe(file.path) and _SHA256.fullmatch(file.sha256) for file in files):
        raise ValueError("not as it was written")
    name, hub, repository, revision, commit = (
        str(content[key]) for key in ("name", "hub", "repository", "revision", "commit")
    )
    return Manifest(name, hub, repository, revision, commit, files)


def sha256_of(path: Path) -> str:
    """The checksum of a file, in hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_sha1_of(path: Path) -> str:
    """Git's name of a file's content, which is all that Hugging Face tells of small files."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
