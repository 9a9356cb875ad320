"""`python -m finetune convert`: InternLM2 in Llama's layout, for this bot, LMDeploy and vLLM.

Run as:
    python -m finetune convert models/internlm2-chat-1_8b models/internlm2-chat-1_8b-llama
    python -m finetune convert --verify models/internlm2-chat-1_8b-llama
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.errors import BotError, ModelRejectedError, SettingsError
from core.language_models.internlm2_conversion import convert, verify

_ERRORS = Console(stderr=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 fine, 1 something failed, 2 an argument is wrong."""
    options = _parser().parse_args(arguments)
    try:
        _convert(options)
    except SettingsError as exc:
        _complain(exc)
        return 2
    except BotError as exc:
        _complain(exc)
        return 1
    except KeyboardInterrupt:
        _ERRORS.print("Interrupted; the same command goes on where it stopped.")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m finetune", description="Models taught on recipes.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    conversion = commands.add_parser("convert", help="InternLM2 to Llama's layout, exactly")
    conversion.add_argument(
        "source", type=Path, help="a folder of InternLM2 (with --verify: a converted one)"
    )
    conversion.add_argument("target", type=Path, nargs="?", help="a new folder")
    conversion.add_argument(
        "--verify", action="store_true", help="compare a converted folder with its checksums"
    )
    return parser


def _convert(options: argparse.Namespace) -> None:
    if not options.source.is_dir():
        raise SettingsError("source", f"{options.source} is no folder")
    if options.verify == (options.target is not None):
        raise SettingsError("target", "is needed for a conversion, and not for --verify")
    try:
        if options.verify:
            verify(options.source)
            print(f"{options.source}: whole")
            return
        _convert_with_progress(options.source, options.target)
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    print(f"{options.target}: converted; LLM_BACKEND=internlm2 and LLM_MODEL={options.target} run it")


def _convert_with_progress(source: Path, target: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_ERRORS) as bar:
        task = bar.add_task("weight files", total=None)
        convert(source, target, lambda done, total: bar.update(task, completed=done, total=total))


def _complain(error: BotError) -> None:
    _ERRORS.print(f"[red]error[/] {escape(error.message)}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
