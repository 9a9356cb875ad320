"""Which models the settings ask for, and what is in a model's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelRejectedError
from core.model_hub.manifest import Manifest, read_manifest
from core.model_hub.part_file import SUFFIX
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Use:
    """Settings that may name a model's folder.

    Attributes:
        role: what the model does, for people.
        backend: the setting that chooses the backend.
        local: its values that read a folder; the others run on a server, or bring all they need.
        folder: the setting that names the folder.
    """

    role: str
    backend: str
    local: frozenset[str]
    folder: str
    optional: bool = False


_RECOGNISERS = frozenset({"paraformer", "sherpa", "faster-whisper"})
USES = (
    Use("speech", "STT_BACKEND", _RECOGNISERS, "STT_MODEL"),
    Use("speech, cutting", "STT_BACKEND", frozenset({"paraformer"}), "STT_VAD_MODEL", optional=True),
    Use(
        "speech, punctuation",
        "STT_BACKEND",
        frozenset({"paraformer"}),
        "STT_PUNCTUATION_MODEL",
        optional=True,
    ),
    Use("voice", "TTS_BACKEND", frozenset({"sherpa"}), "TTS_MODEL"),
    Use("language", "LLM_BACKEND", frozenset({"internlm2"}), "LLM_MODEL"),
    Use("embedding", "EMBEDDER", frozenset({"bce"}), "EMBEDDER_MODEL"),
    Use("reranking", "RERANKER", frozenset({"bce"}), "RERANKER_MODEL"),
    Use("picture", "IMAGE_BACKEND", frozenset({"taiyi"}), "IMAGE_MODEL"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings say of a use: its backend, and the folder that it needs; None when it needs none."""

    use: Use
    backend: str
    folder: Path | None
    is_local: bool


@dataclass(frozen=True, slots=True)
class FolderState:
    """What is in a model's folder, told in a few words; `manifest` when it was fetched by us."""

    words: str
    is_complete: bool = False
    manifest: Manifest | None = None


def wanted_models(settings: Settings) -> list[Wanted]:
    """What each use's settings ask for, in the order of `USES`."""
    return [wanted for use in USES if (wanted := _wanted(use, settings)) is not None]


def _wanted(use: Use, settings: Settings) -> Wanted | None:
    backend = _value(settings, use.backend)
    is_local = backend in use.local
    named = _value(settings, use.folder) if is_local else ""
    if not backend or (use.optional and not named):
        return None
    return Wanted(use, backend, Path(named).expanduser() if named.strip() else None, is_local)


def _value(settings: Settings, name: str) -> str:
    """A setting's value, "" when it is empty."""
    value = getattr(settings, name.lower())
    return "" if value is None else str(value)


def folder_state(folder: Path) -> FolderState:
    """Look at a model's folder; the content of its files is not read."""
    try:
        return _state(folder) if folder.is_dir() else FolderState("not there")
    except ModelRejectedError as exc:
        return FolderState(exc.message)
    except OSError as exc:
        return FolderState(f"cannot be read ({exc.strerror})")


def _state(folder: Path) -> FolderState:
    manifest = read_manifest(folder)
    if manifest is not None:
        lacking = manifest.lacking(folder)
        if lacking:
            return FolderState(f"incomplete: {_some(lacking)} missing or cut off", manifest=manifest)
        return FolderState("complete", is_complete=True, manifest=manifest)
    if any(folder.rglob(f"*{SUFFIX}")):
        return FolderState("incomplete: download it again to go on")
    return FolderState("there, not from `models download`" if any(folder.iterdir()) else "empty")


def _some(paths: list[str]) -> str:
    more = len(paths) - 3
    return ", ".join(paths[:3]) + (f" and {more} more" if more > 0 else "")
