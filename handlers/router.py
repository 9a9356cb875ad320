"""Which handler a message is for."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from core.messages import IncomingMessage, ReplyEvent
from handlers.commands import CommandHandler, is_command
from handlers.text import TextHandler


class Router:
    """Hands every message to the handler for its kind.

    Args:
        text: answers questions.
        commands: carries out commands.
    """

    def __init__(self, text: TextHandler, commands: CommandHandler) -> None:
        self._text = text
        self._commands = commands

    def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer `message`; the last event is a `ReplyFinished`.

        Raises:
            BotError: the message could not be answered; the channel finds the words for it.
        """
        if is_command(message.text):
            return self._commands.handle(message)
        return self._text.handle(message)
