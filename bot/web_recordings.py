"""Recordings made on the web page: in memory until their answer is finished, and never on disk."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable
from dataclasses import dataclass

from core.errors import ChannelError, InputError
from core.messages import ChatKey, IncomingMessage, VoiceNote

RECORDINGS_OVERALL = 32
BYTES_OVERALL = 256_000_000
"""Of recordings that arrive or wait for their answer; two of the largest that the settings allow fit."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that has arrived whole; `voice` tells two of them apart by its reference."""

    content: bytes
    voice: VoiceNote


class WebRecordings:
    """What the page's users recorded and has not been answered yet.

    Args:
        max_seconds: how long the page lets people record.
        max_megabytes: how large one recording may be.
    """

    def __init__(self, *, max_seconds: float, max_megabytes: float) -> None:
        self.max_seconds = max_seconds
        self.max_bytes = int(max_megabytes * 1_000_000)
        self._held: dict[tuple[ChatKey, str], bytes] = {}
        self._bytes = 0

    async def receive(self, pieces: AsyncIterable[bytes]) -> Recording:
        """Put a recording together as its bytes arrive.

        Raises:
            InputError: recording_too_large, or server_busy while too much is held already.
        """
        content, digest = bytearray(), hashlib.sha256()
        try:
            async for piece in pieces:
                content += piece
                self._bytes += len(piece)
                digest.update(piece)
                if len(content) > self.max_bytes:
                    raise InputError("recording_too_large", f"larger than {self.max_bytes} bytes")
                if self._bytes > BYTES_OVERALL:
                    raise InputError("server_busy", f"{BYTES_OVERALL} bytes of recordings are held")
            return Recording(bytes(content), VoiceNote(digest.hexdigest(), size_bytes=len(content)))
        finally:
            self._bytes -= len(content)

    def check_room(self) -> None:
        """Make sure that `hold` may be called.

        Raises:
            InputError: server_busy.
        """
        if len(self._held) >= RECORDINGS_OVERALL:
            raise InputError("server_busy", f"{RECORDINGS_OVERALL} recordings wait for an answer")

    def hold(self, message: IncomingMessage, recording: Recording) -> None:
        """Keep `recording` until `drop`."""
        self._held[message.chat, message.message_id] = recording.content
        self._bytes += len(recording.content)

    def drop(self, message: IncomingMessage) -> None:
        """Let go of the recording of `message`, if there is one."""
        self._bytes -= len(self._held.pop((message.chat, message.message_id), b""))

    async def fetch(self, message: IncomingMessage) -> bytes:
        """The recording of `message`, while it is being answered.

        Raises:
            ChannelError: there is none.
        """
        content = self._held.get((message.chat, message.message_id))
        if content is None:
            raise ChannelError("no recording of this message is held")
        return content
