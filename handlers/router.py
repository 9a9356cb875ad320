"""Which handler a message is for."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from core.messages import IncomingMessage, ReplyEvent
from handlers.admin_commands import AdminCommandHandler
from handlers.commands import CommandHandler, is_command
from handlers.text import TextHandler
from handlers.voice import VoiceHandler, VoiceServices


class Router:
    """Hands every message to the handler for its kind.

    Args:
        text: answers questions.
        commands: carries out commands.
        admin: carries out those of administrators; None where there are none.
        hearing: what it takes to answer voice notes; None where nothing but text comes in.
    """

    def __init__(
        self,
        text: TextHandler,
        commands: CommandHandler,
        admin: AdminCommandHandler | None = None,
        hearing: VoiceServices | None = None,
    ) -> None:
        self._text = text
        self._commands = commands
        self._admin = admin
        self._voice = VoiceHandler(hearing, text.handle, commands.handle) if hearing is not None else None

    def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer `message`; the last event is a `ReplyFinished`.

        Raises:
            BotError: the message could not be answered; the channel finds the words for it.
        """
        if self._voice is not None and self._voice.takes(message):
            return self._voice.handle(message)
        if self._admin is not None and self._admin.takes(message):
            return self._admin.handle(message)
        if is_command(message.text):
            return self._commands.handle(message)
        return self._text.handle(message)
