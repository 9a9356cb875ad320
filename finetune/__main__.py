"""`python -m finetune data|train|merge|convert|chat|evaluate`: models taught on recipes.

Run as:
    python -m finetune data index/cookbook --out data/training
    python -m finetune convert models/internlm2-chat-1_8b models/internlm2-chat-1_8b-llama
    python -m finetune COMMAND --help

Each command is a module of `finetune.commands`; docs/finetune.md tells the whole way.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.errors import BotError, SettingsError
from finetune.commands import COMMANDS
from finetune.commands.remarks import complain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 fine, 1 something failed, 2 an argument is wrong."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except SettingsError as exc:
        complain(exc.message)
        return 2
    except BotError as exc:
        complain(exc.message)
        return 1
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on where it stopped, or begins anew")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m finetune", description="Models taught on recipes.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(
            name,
            help=command.HELP,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(one)
        one.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
