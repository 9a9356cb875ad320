"""Photos that Telegram has already, so that a dish's picture is uploaded once and then named.

Source: core.telegram.org/bots/api#sending-files: a file_id may be sent "as many times as you wish", and "is
unique for each individual bot". Known by their content, so a picture that is drawn anew is another one.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

KEPT = 1000
"""As many dishes; an entry takes about 200 bytes. A restart forgets them, which costs one upload each."""


class SentPhotos:
    """The file_ids of the photos that were sent last."""

    def __init__(self) -> None:
        self._file_ids: OrderedDict[bytes, str] = OrderedDict()

    def file_id_of(self, content: bytes) -> str | None:
        """The id of a photo that Telegram has."""
        digest = _digest(content)
        if digest in self._file_ids:
            self._file_ids.move_to_end(digest)
        return self._file_ids.get(digest)

    def keep(self, content: bytes, file_id: str) -> None:
        """Remember a photo that was uploaded."""
        self._file_ids[_digest(content)] = file_id
        if len(self._file_ids) > KEPT:
            self._file_ids.popitem(last=False)

    def drop(self, content: bytes) -> None:
        """Forget a photo that Telegram knows no more."""
        self._file_ids.pop(_digest(content), None)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
