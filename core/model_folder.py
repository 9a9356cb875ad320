"""Looks at a model's folder before any library does: what is missing, half-downloaded or something else.

Libraries answer a wrong folder by asking a hub, by random weights and a printed warning, or by ending the
process; a person needs the name of the file instead.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import SettingsError

_MAX_TEXT_BYTES = 32 * 1024 * 1024
"""A tokenizer of 250,000 words has 17 MB."""
_LFS_POINTER = b"version https://git-lfs"
_LARGEST_POINTER_BYTES = 1024


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder of model files, as a setting names it. `setting` is that setting's name, for messages."""

    path: Path
    setting: str

    @classmethod
    def opened(cls, value: str | Path, setting: str) -> ModelFolder:
        """The folder named by a setting's value.

        Raises:
            SettingsError: there is none.
        """
        if not str(value).strip():
            raise SettingsError(setting, "must name the folder of the model")
        path = Path(str(value).strip()).expanduser()
        if not path.is_dir():
            raise SettingsError(setting, f"there is no folder {path}")
        return cls(path.resolve(), setting)

    def fault(self, message: str) -> SettingsError:
        """An error about this folder."""
        return SettingsError(self.setting, message)

    def require(self, names: Iterable[str], kind: str) -> None:
        """Check that all files are there, and are the files themselves.

        Raises:
            SettingsError: names every file that is missing, empty, or a pointer of Git LFS.
        """
        names = tuple(names)
        missing = [name for name in names if not (self.path / name).is_file()]
        if missing:
            raise self.fault(f"no {kind}: {self.path} lacks {', '.join(missing)}")
        hollow = [name for name in names if _is_hollow(self.path / name)]
        if hollow:
            raise self.fault(f"not downloaded completely: {', '.join(hollow)} in {self.path}")

    def text(self, name: str) -> str:
        """A text file's content.

        Raises:
            SettingsError: it is too large, unreadable, or not text.
        """
        path = self.path / name
        try:
            if path.stat().st_size > _MAX_TEXT_BYTES:
                raise self.fault(f"{path} is too large to be what its name says")
            return path.read_text(encoding="utf-8")
        except OSError as exc:
            raise self.fault(f"{path} cannot be read ({exc.strerror})") from exc
        except UnicodeDecodeError as exc:
            raise self.fault(f"{path} is not a text file") from exc

    def json(self, name: str) -> Any:
        """A JSON file's content.

        Raises:
            SettingsError: it is none.
        """
        try:
            return json.loads(self.text(name))
        except (ValueError, RecursionError) as exc:
            raise self.fault(f"{self.path / name} is damaged: it is not JSON") from exc

    def require_checkpoint(self, name: str) -> None:
        """Check that a PyTorch file is whole; whether its content fits is seen when it is loaded.

        Raises:
            SettingsError: it is cut off, or no PyTorch file.
        """
        path = self.path / name
        with path.open("rb") as file:
            start = file.read(2)
        if start == b"PK" and not zipfile.is_zipfile(path):
            raise self.fault(f"not downloaded completely: {path} is cut off")
        if start != b"PK" and start[:1] != b"\x80":  # a zip since PyTorch 1.6, a pickle's first byte before
            raise self.fault(f"{path} is not a PyTorch file")


def _is_hollow(path: Path) -> bool:
    size = path.stat().st_size
    if size > _LARGEST_POINTER_BYTES:
        return False
    return size == 0 or path.read_bytes().startswith(_LFS_POINTER)
