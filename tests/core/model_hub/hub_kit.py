"""A small model in the catalogue's terms, its files, and a download of it from the loopback hub."""

from __future__ import annotations

import asyncio
import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.model_hub.catalogue_model import CatalogueModel, Hub, Source
from core.model_hub.connection import HubConnection
from core.model_hub.download import Download
from core.model_hub.manifest import Manifest
from core.model_hub.selection import Selection
from tests.fakes.model_hub import ModelHub, Repository

NAME = "cook/tiny"
WEIGHTS = bytes(range(256)) * 4096
"""1 MiB, a large file, of many pieces."""


def checkpoint(payload: object = None) -> bytes:
    """A file as `torch.save` writes it, with no tensor in it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("model/data.pkl", pickle.dumps(payload or OrderedDict(a=1), protocol=2))
        file.writestr("model/version", "3\n")
    return archive.getvalue()


def model(hub: Hub = "huggingface", **changes: object) -> CatalogueModel:
    """A model with one large file and one small one."""
    values: dict[str, object] = {
        "name": "tiny",
        "role": "speech",
        "title": "Tiny",
        "sources": (Source(hub, NAME),),
        "licence": "MIT",
        "size_bytes": len(WEIGHTS),
        "weights": (("model.safetensors",), ("pytorch_model*.bin",)),
        "files": ("config.json",),
        "optional": ("vocabulary/*.txt",),
        "settings": ("STT_BACKEND=sherpa", "STT_MODEL={folder}"),
    }
    return CatalogueModel(**{**values, **changes})  # type: ignore[arg-type]


def repository(**changes: bytes) -> Repository:
    """Its repository, which holds more than is fetched; keywords are names with `__` for a dot."""
    files = {
        "model.safetensors": WEIGHTS,
        "config.json": b'{"model_type": "tiny"}',
        "vocabulary/zh.txt": "酱油\n".encode(),
        "README.md": b"# Tiny",
        "modeling_tiny.py": b"import os",
        "pytorch_model.bin": checkpoint(),
    }
    return Repository({**files, **{name.replace("__", "."): content for name, content in changes.items()}})


@dataclass
class Watched:
    """Keeps what a download tells of its progress."""

    selection: Selection | None = None
    present: Mapping[str, int] = field(default_factory=dict)
    steps: list[tuple[str, int]] = field(default_factory=list)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, selection: Selection, present_bytes: Mapping[str, int]) -> None:
        self.selection, self.present = selection, dict(present_bytes)

    def advance(self, path: str, done_bytes: int) -> None:
        self.steps.append((path, done_bytes))
        self._moved.set()

    async def reached(self, path: str, done_bytes: int) -> None:
        """Wait until so much of a file is there."""
        while (path, done_bytes) not in self.steps:
            self._moved.clear()
            await self._moved.wait()


async def at_once(_seconds: float) -> None:
    """Waits for nothing."""


def connected(hub: ModelHub, token: str = "") -> HubConnection:
    return HubConnection(
        hub.url, setting="HUGGINGFACE_URL", token=token, token_setting="HUGGINGFACE_TOKEN", sleep=at_once
    )


async def fetched(
    hub: ModelHub,
    folder: Path,
    wanted: CatalogueModel | None = None,
    *,
    token: str = "",
    progress: Watched | None = None,
) -> Manifest:
    """Download the model."""
    wanted = wanted or model()
    connection = connected(hub, token)
    try:
        return await Download(wanted, wanted.sources[0], connection, folder, progress or Watched()).run()
    finally:
        await connection.close()


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
