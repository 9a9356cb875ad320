"""What the catalogue says of a model: where it comes from and which of its files are fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Hub = Literal["huggingface", "modelscope"]
Role = Literal["speech", "voice", "language", "embedding", "reranking", "picture"]

DEFAULT_BRANCHES: Mapping[str, str] = MappingProxyType({"huggingface": "main", "modelscope": "master"})


@dataclass(frozen=True, slots=True)
class Source:
    """A repository of a hub.

    Attributes:
        hub: which.
        repository: "owner/name".
        revision: a commit or a tag; "" for the default branch, whose state is recorded on download.
    """

    hub: Hub
    repository: str
    revision: str = ""

    @property
    def asked_revision(self) -> str:
        """What the hub is asked for."""
        return self.revision or DEFAULT_BRANCHES[self.hub]

    @property
    def page(self) -> str:
        """Where a person finds the files."""
        if self.hub == "huggingface":
            return f"https://huggingface.co/{self.repository}/tree/{self.asked_revision}"
        return f"https://modelscope.cn/models/{self.repository}/files?version={self.asked_revision}"


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model that the bot can use.

    A pattern is a path whose parts may hold `*`; it matches paths of as many parts.

    Attributes:
        name: of the command line, and of the folder in MODELS_DIR.
        role: what it does for the bot.
        title: what people call it.
        sources: where it can be had, the original first.
        licence: as its page names it.
        size_bytes: roughly, of what is fetched.
        weights: alternatives, the best first: the first whose patterns all match is fetched.
        files: patterns of what it needs beside the weights.
        optional: patterns of what is fetched when it is there.
        sha256: of files whose content is known beforehand, whatever the hub says.
        settings: lines for `.env`; "{folder}" stands for its folder.
        note: what else to know, in a few words.
    """

    name: str
    role: Role
    title: str
    sources: tuple[Source, ...]
    licence: str
    size_bytes: int
    weights: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    settings: tuple[str, ...]
    optional: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def source_on(self, preferred: str) -> Source:
        """Its source on a hub, or its first one."""
        return next((source for source in self.sources if source.hub == preferred), self.sources[0])

    def lines_for(self, folder: Path) -> list[str]:
        """What to write into `.env`."""
        return [line.format(folder=folder.as_posix()) for line in self.settings]
