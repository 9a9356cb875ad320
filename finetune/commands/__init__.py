"""The commands of `python -m finetune`, one module each.

A module has `HELP` (one line), `add_arguments(parser)` and `run(options)`, which returns the exit status or
raises a `BotError`. They are all imported for `--help`: heavy libraries are imported within `run`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Protocol

from finetune.commands import chat, convert, data, evaluate, merge, train


class Command(Protocol):
    """What a module of a command offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments of the command."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command.

        Returns:
            The exit status.

        Raises:
            SettingsError: an argument is wrong.
            BotError: the command failed.
        """


COMMANDS: Mapping[str, Command] = {
    "data": data,
    "train": train,
    "merge": merge,
    "convert": convert,
    "chat": chat,
    "evaluate": evaluate,
}
