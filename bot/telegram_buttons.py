"""Buttons under a message: what is written into the 64 bytes that Telegram gives back when one is pressed.

A message that fits is carried itself, after "="; a longer one is kept in `TelegramMemory`, and "#" and its
code are carried. Both survive a restart.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram_memory import TelegramMemory, short_code
from core.messages import Button

MAX_DATA_BYTES = 64
_ROW_CHARACTERS = 16
_ROW_BUTTONS = 3
_MAX_LABEL = 60

Key = tuple[str, str]
"""The label of a button, and its data."""


class ButtonCodes:
    """Turns buttons into callback data and back.

    Args:
        memory: keeps what does not fit.
    """

    def __init__(self, memory: TelegramMemory) -> None:
        self._memory = memory

    async def keyboard_of(self, buttons: Sequence[Button]) -> tuple[tuple[Key, ...], ...]:
        """The rows of the keyboard, filled by the length of the labels.

        Raises:
            StorageError: a long message could not be kept.
        """
        rows: list[list[Key]] = []
        room = 0
        for button in buttons:
            label = button.label.strip()[:_MAX_LABEL]
            if not label or not button.message:
                continue
            if not rows or len(rows[-1]) >= _ROW_BUTTONS or len(label) > room:
                rows.append([])
                room = _ROW_CHARACTERS
            rows[-1].append((label, await self._data_of(button.message)))
            room -= len(label)
        return tuple(tuple(row) for row in rows)

    async def message_of(self, data: str) -> str | None:
        """What the button with `data` says; None when it has expired or is not ours.

        Raises:
            StorageError: it could not be looked up.
        """
        if data.startswith("="):
            return data[1:].strip() or None
        return await self._memory.find("button", data[1:]) if data.startswith("#") else None

    async def _data_of(self, message: str) -> str:
        if len(message.encode("utf-8", "replace")) < MAX_DATA_BYTES:
            return f"={message}"
        code = short_code(message)
        await self._memory.keep("button", code, message)
        return f"#{code}"
