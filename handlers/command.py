"""What a command is, and what commands work with."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from core.messages import IncomingMessage, Reply
from core.operator_ports import ModelFacts
from core.ports import (
    History,
    PersonalData,
    Profiles,
)


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CommandServices:
    """What commands work with.

    Attributes:
        describe_model: what people are told of the model that answers now.
        draws_pictures: whether an image backend is set up.
        reads_aloud: whether a voice is set up.
        time_zone: in which times are shown; None is the system's.
    """

    history: History
    profiles: Profiles
    personal_data: PersonalData
    describe_model: Callable[[], ModelFacts] = ModelFacts
    draws_pictures: bool = True
    reads_aloud: bool = False
    time_zone: tzinfo | None = None
    clock: Callable[[], datetime] = utc_now


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A command as it was sent; `arguments` are lower case, full-width forms narrowed."""

    message: IncomingMessage
    arguments: tuple[str, ...] = ()


class UsageError(Exception):
    """The arguments do not fit; `hint` says why, when the usage alone would not."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


Run = Callable[[CommandServices, CommandCall], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: without the slash.
        description: what it does, for menus and /help.
        run: carries it out; raises `UsageError` for arguments that do not fit.
        usage: what may follow the name, such as "[on|off]"; "" for nothing.
    """

    name: str
    description: str
    run: Run
    usage: str = ""

    @property
    def form(self) -> str:
        """How to write it: 「/rag [on|off]」."""
        return f"/{self.name} {self.usage}".strip()


def narrowed(text: str) -> str:
    """`text` in lower case with full-width forms narrowed: ／ＣＬＥＡＲ is /clear."""
    return unicodedata.normalize("NFKC", text).lower()


def refuse_arguments(call: CommandCall) -> None:
    """For commands that take none.

    Raises:
        UsageError: there are some.
    """
    if call.arguments:
        raise UsageError("这个命令后面不用加别的。")
