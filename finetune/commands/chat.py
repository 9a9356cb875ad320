"""`python -m finetune chat`: talk to base, adapter or merged model."""

from __future__ import annotations

import argparse

from core.errors import SettingsError

HELP = "talk to base, adapter or merged model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Say that there is nothing here yet."""
    raise SettingsError(options.command, "this command is not part of this version yet")
