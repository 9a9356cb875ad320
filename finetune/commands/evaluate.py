"""`python -m finetune evaluate`: measure a model before and after."""

from __future__ import annotations

import argparse

from core.errors import SettingsError

HELP = "measure a model before and after"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Say that there is nothing here yet."""
    raise SettingsError(options.command, "this command is not part of this version yet")
