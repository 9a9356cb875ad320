"""`python -m finetune convert`: between InternLM2's own layout, Llama's, and what XTuner leaves behind; exactly.

Run as:
    python -m finetune convert models/internlm2-chat-1_8b models/internlm2-chat-1_8b-llama
    python -m finetune convert --verify models/internlm2-chat-1_8b-llama
    python -m finetune convert work_dirs/iter_500.pth models/shishen-1_8b --like models/internlm2-chat-1_8b
    python -m finetune convert work_dirs/hf runs/xtuner-adapter --like models/internlm2-chat-1_8b
    python -m finetune convert models/merged models/merged-internlm2 --to internlm2 --like models/internlm2-chat-1_8b
"""  # noqa: E501 - commands to copy

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.errors import ModelRejectedError, SettingsError
from core.language_models.internlm2_adapter import convert_adapter, is_xtuner_adapter
from core.language_models.internlm2_conversion import convert, verify
from core.language_models.internlm2_way_back import convert_back
from core.language_models.xtuner_checkpoint import is_checkpoint
from finetune.commands.remarks import ERRORS

HELP = "InternLM2 to Llama's layout and back, XTuner's files to here, exactly"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "source",
        type=Path,
        help="a model's folder, an adapter's, or XTuner's .pth (with --verify: a converted folder)",
    )
    parser.add_argument("target", type=Path, nargs="?", help="a new folder")
    parser.add_argument("--to", choices=["llama", "internlm2"], default="llama", help="the layout to write")
    parser.add_argument(
        "--like",
        type=Path,
        metavar="FOLDER",
        help="the InternLM2 folder that it began as: for .pth, for adapters, and for --to internlm2",
    )
    parser.add_argument("--lora-alpha", type=float, help="of an adapter in a .pth, which does not say it")
    parser.add_argument("--verify", action="store_true", help="compare a converted folder with its checksums")


def run(options: argparse.Namespace) -> int:
    """Convert, or compare with the checksums."""
    source, target = options.source, options.target
    if not source.is_dir() and not is_checkpoint(source):
        raise SettingsError("source", f"{source} is no folder, and no .pth")
    if options.verify == (target is not None):
        raise SettingsError("target", "is needed for a conversion, and not for --verify")
    try:
        if options.verify:
            verify(source)
            print(f"{source}: whole")
            return 0
        _convert(source, target, options)
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    print(f"{target}: converted")
    if options.to == "llama":
        print(f"LLM_BACKEND=internlm2 and LLM_MODEL={target} run it")
    return 0


def _convert(source: Path, target: Path, options: argparse.Namespace) -> None:
    if options.to == "internlm2":
        convert_back(source, _like(options), target)
    elif is_xtuner_adapter(source):
        like = _like(options)
        convert_adapter(source, like, target, base_name=str(like.resolve()), alpha=options.lora_alpha)
    elif is_checkpoint(source):
        _convert_with_progress(_like(options), target, checkpoint=source)
    else:
        _convert_with_progress(source, target)


def _like(options: argparse.Namespace) -> Path:
    if options.like is None or not options.like.is_dir():
        raise SettingsError("--like", "name the InternLM2 folder that it began as")
    return Path(options.like)


def _convert_with_progress(source: Path, target: Path, checkpoint: Path | None = None) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERRORS) as bar:
        task = bar.add_task("weight files", total=None)
        convert(
            source,
            target,
            lambda done, total: bar.update(task, completed=done, total=total),
            checkpoint,
        )
