"""What a command says on standard error."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

ERRORS = Console(stderr=True)
"""For progress and remarks; results go to standard output."""


def complain(message: str) -> None:
    """Say that the command failed, and why."""
    ERRORS.print(f"[red]error[/] {escape(message)}", highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Say something on the way."""
    ERRORS.print(escape(message), highlight=False, soft_wrap=True)
