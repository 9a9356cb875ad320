"""Text from token ids as they come; a character of several tokens is given out when it is whole."""

from __future__ import annotations

from typing import Any

_UNKNOWN = "\ufffd"
_LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8: what is still broken after so many tokens stays broken."""


class TextOfTokens:
    """Decodes one answer.

    Args:
        backend: the model's `tokenizers.Tokenizer`.
    """

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._ids: list[int] = []
        # What a token reads as depends on the one before it, so one piece that was given out is kept.
        self._before = 0
        self._given = 0

    def feed(self, token: int) -> str:
        """The text that is certain since the last call; "" in the middle of a character."""
        self._ids.append(token)
        pending = len(self._ids) - self._given
        return self._next(allow_broken=pending >= _LONGEST_CHARACTER)

    def finish(self) -> str:
        """What the end leaves, without a character that was never completed."""
        return self._next(allow_broken=True).rstrip(_UNKNOWN)

    def _next(self, *, allow_broken: bool) -> str:
        known = self._backend.decode(self._ids[self._before : self._given])
        text: str = self._backend.decode(self._ids[self._before :])
        if text.endswith(_UNKNOWN) and not allow_broken:
            return ""
        self._before = self._given
        self._given = len(self._ids)
        return text[len(known) :]
