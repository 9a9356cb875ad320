"""`python -m bot models`: which models the settings ask for, where to get them, whether they are there."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from core.errors import ModelError, SettingsError
from core.model_catalogue import MODELS, model_named
from core.model_hub.catalogue_model import CatalogueModel, Source
from core.model_hub.wanted import folder_state, wanted_models
from core.settings import Settings

if TYPE_CHECKING:
    from core.model_hub.connection import HubConnection
    from core.model_hub.manifest import Manifest
    from core.model_hub.selection import Selection

_HUB_TITLES = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}


def add_models_command(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own commands."""
    commands = parser.add_subparsers(dest="models_command", metavar="WHAT")
    commands.add_parser("list", help="what there is to be had: size, licence, where from")
    download = commands.add_parser("download", help="fetch a model, or go on fetching it")
    download.add_argument("name", metavar="NAME", help="a name of the list")
    verify = commands.add_parser("verify", help="read a fetched model again and compare its checksums")
    verify.add_argument("name", metavar="NAME", help="a name of the list")
    export = commands.add_parser("export", help="make the files that another backend reads")
    export.add_argument("what", choices=["paraformer"], help="paraformer: funasr's folder for sherpa-onnx")
    export.add_argument("folder", metavar="FOLDER", type=Path, help="the model's folder")
    export.add_argument("out", metavar="OUT", type=Path, help="a folder that does not exist yet")
    export.add_argument("--int8", action="store_true", help="store weights in 8 bits: a quarter of the size")


async def models(options: argparse.Namespace, settings: Settings, console: Console, errors: Console) -> int:
    """Run one of the commands; returns the exit status, 1 when a hub failed (and `errors` tells what to do).

    Raises:
        BotError: it failed.
    """
    if options.models_command == "download":
        return await _download(model_named(options.name), settings, console, errors)
    if options.models_command == "verify":
        return await _verify(model_named(options.name), settings, console)
    if options.models_command == "export":
        return await _export(options, console)
    if options.models_command == "list":
        _list_catalogue(settings, console)
    else:
        _list_asked(settings, console)
    return 0


def _list_asked(settings: Settings, console: Console) -> None:
    asked = Table(title="What the settings ask for", title_justify="left")
    for column in ("role", "setting", "folder", "state"):
        asked.add_column(column, overflow="fold")
    for wanted in wanted_models(settings):
        folder = "–" if wanted.folder is None else str(wanted.folder)
        if wanted.folder is not None:
            state = folder_state(wanted.folder).words
        else:
            state = f"{wanted.use.folder} is not set" if wanted.is_local else "no model folder needed"
        cells = (wanted.use.role, f"{wanted.use.backend}={wanted.backend}", folder, state)
        asked.add_row(*map(escape, cells))
    console.print(asked)
    _print_lines(console, ["What there is to be had: python -m bot models list"])


def _list_catalogue(settings: Settings, console: Console) -> None:
    for model in MODELS:
        source = model.source_on(settings.model_hub)
        found = folder_state(_folder(model, settings))
        lines = [
            f"{model.name}: {model.role}, {_about(model.size_bytes)}, {found.words}",
            f"  {model.title}" + (f" ({model.note})" if model.note else ""),
            f"  {_HUB_TITLES[source.hub]} {source.repository}, revision {_short(source.asked_revision)}",
            f"  licence: {model.licence}",
        ]
        _print_lines(console, lines)
    _print_lines(
        console,
        [
            f"They go into {settings.effective_models_dir} (MODELS_DIR), each with:",
            "  python -m bot models download NAME",
        ],
    )


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    """Unbroken, so that what is in them can be copied, and no text becomes markup."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _short(revision: str) -> str:
    return revision[:10] if len(revision) == 40 else revision


def _about(size_bytes: int) -> str:
    return f"≈ {size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"≈ {size_bytes / 1e6:.0f} MB"


def _folder(model: CatalogueModel, settings: Settings) -> Path:
    return settings.effective_models_dir / model.name


async def _download(model: CatalogueModel, settings: Settings, console: Console, errors: Console) -> int:
    from core.model_hub.download import Download
    from core.model_hub.selection import UnfitModelError

    folder = _folder(model, settings)
    source = model.source_on(settings.model_hub)
    connection = _connection(source, settings)
    hub = f"{_HUB_TITLES[source.hub]} {source.repository}"
    _print_lines(console, [f"{model.title}: {hub}, {_about(model.size_bytes)}", f"licence: {model.licence}"])
    try:
        with _Bar(console) as bar:
            manifest = await Download(model, source, connection, folder, bar).run()
    except asyncio.CancelledError:
        _print_lines(errors, ["stopped: run the command again to go on where it is now"])
        raise
    except ModelError as exc:
        errors.print(f"[red]出错了[/] {escape(exc.message)}", highlight=False, soft_wrap=True)
        if not isinstance(exc, UnfitModelError):
            _tell_by_hand(model, source, folder, errors)
        return 1
    finally:
        await connection.close()
    _tell_done(model, manifest, folder, bar.code_left_out, console)
    return 0


def _connection(source: Source, settings: Settings) -> HubConnection:
    from core.model_hub.connection import HubConnection

    if source.hub == "huggingface":
        return HubConnection(
            settings.huggingface_url,
            setting="HUGGINGFACE_URL",
            token=settings.huggingface_token.get_secret_value(),
            token_setting="HUGGINGFACE_TOKEN",  # noqa: S106 - the name of a setting
        )
    return HubConnection(settings.modelscope_url, setting="MODELSCOPE_URL")


def _tell_done(
    model: CatalogueModel, manifest: Manifest, folder: Path, code_left_out: tuple[str, ...], console: Console
) -> None:
    size = sum(file.size for file in manifest.files)
    state = f" (commit {manifest.commit})" if manifest.commit else ""
    lines = [f"{folder}: {len(manifest.files)} files, {size:,} bytes, checksums right{state}"]
    if code_left_out:
        lines.append(f"Programs of the repository were not fetched: {len(code_left_out)}")
    lines += ["Write into .env:", *(f"  {line}" for line in model.lines_for(folder))]
    _print_lines(console, lines)


def _tell_by_hand(model: CatalogueModel, source: Source, folder: Path, errors: Console) -> None:
    """How to get the files where the hub cannot be reached from here."""
    best, *worse = (" and ".join(group) for group in model.weights)
    weights = f"{best} (or {'; '.join(worse)})" if worse else best
    others = [other for other in model.sources if other.hub != source.hub]
    lines = [
        "Run the command again to go on. By hand, from a computer that reaches it:",
        f"  download from {source.page}",
        *(f"  (or MODEL_HUB={other.hub}: {other.repository})" for other in others),
        f"  these files: {weights}, {', '.join(model.files)}",
        *([f"  and if there: {', '.join(model.optional)}"] if model.optional else []),
        f"  copy them into {folder} and write into .env:",
        *(f"    {line}" for line in model.lines_for(folder)),
    ]
    _print_lines(errors, lines)


async def _verify(model: CatalogueModel, settings: Settings, console: Console) -> int:
    from core.model_hub.manifest import read_manifest

    folder = _folder(model, settings)
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError("NAME", f"{folder} was not fetched by `models download {model.name}`")
    changed = await asyncio.to_thread(manifest.changed, folder)
    if changed:
        again = f"python -m bot models download {model.name}"
        _print_lines(console, [f"changed or missing: {', '.join(changed)}; get them with: {again}"])
        return 1
    _print_lines(console, [f"{folder}: {len(manifest.files)} files as they were fetched"])
    return 0


async def _export(options: argparse.Namespace, console: Console) -> int:
    from core.speech.paraformer_export import export_paraformer

    await asyncio.to_thread(export_paraformer, options.folder, options.out, quantize=options.int8)
    made = options.out.as_posix()
    _print_lines(console, [f"{made}: made. Write into .env:", "  STT_BACKEND=sherpa", f"  STT_MODEL={made}"])
    return 0


class _Bar:
    """Shows a download as one bar of bytes; is a `core.model_hub.download.Progress`."""

    def __init__(self, console: Console) -> None:
        self.code_left_out: tuple[str, ...] = ()
        self._done: dict[str, int] = {}
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("asking the hub", total=None)

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, selection: Selection, present_bytes: Mapping[str, int]) -> None:
        """Show how much is there already."""
        self.code_left_out = selection.code_left_out
        self._done = dict(present_bytes)
        self._bar.update(self._task, total=selection.size_bytes, completed=sum(self._done.values()))

    def advance(self, path: str, done_bytes: int) -> None:
        """Move the bar."""
        self._done[path] = done_bytes
        self._bar.update(self._task, description=path, completed=sum(self._done.values()))
