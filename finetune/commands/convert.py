"""`python -m finetune convert`: InternLM2 in Llama's layout, for this bot, LMDeploy and vLLM.

Run as:
    python -m finetune convert models/internlm2-chat-1_8b models/internlm2-chat-1_8b-llama
    python -m finetune convert --verify models/internlm2-chat-1_8b-llama
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.errors import ModelRejectedError, SettingsError
from core.language_models.internlm2_conversion import convert, verify
from finetune.commands.remarks import ERRORS

HELP = "InternLM2 to Llama's layout, exactly"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("source", type=Path, help="a folder of InternLM2 (with --verify: a converted one)")
    parser.add_argument("target", type=Path, nargs="?", help="a new folder")
    parser.add_argument("--verify", action="store_true", help="compare a converted folder with its checksums")


def run(options: argparse.Namespace) -> int:
    """Convert, or compare with the checksums."""
    if not options.source.is_dir():
        raise SettingsError("source", f"{options.source} is no folder")
    if options.verify == (options.target is not None):
        raise SettingsError("target", "is needed for a conversion, and not for --verify")
    try:
        if options.verify:
            verify(options.source)
            print(f"{options.source}: whole")
            return 0
        _convert_with_progress(options.source, options.target)
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    print(f"{options.target}: converted; LLM_BACKEND=internlm2 and LLM_MODEL={options.target} run it")
    return 0


def _convert_with_progress(source: Path, target: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERRORS) as bar:
        task = bar.add_task("weight files", total=None)
        convert(source, target, lambda done, total: bar.update(task, completed=done, total=total))
