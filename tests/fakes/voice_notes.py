"""Recordings for tests: a real Ogg page with a real Opus header, and after it whatever is wanted."""

from __future__ import annotations

import base64
import struct

_OPUS_HEAD = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 312, 16_000, 0, 0)
"""RFC 7845, section 5.1: version, channels, pre-skip, input rate, gain, mapping family."""


def opus_note(size: int = 2000, *, fill: bytes = bytes(range(251))) -> bytes:
    """`size` bytes (at least 47) that a platform takes for a voice note."""
    page = struct.pack("<4sBBqIIIBB", b"OggS", 0, 2, 0, 1, 0, 0, 1, len(_OPUS_HEAD)) + _OPUS_HEAD
    return page + (fill * (size // len(fill) + 1))[: size - len(page)]


def is_opus(content: bytes) -> bool:
    """Whether it begins as Ogg with an Opus stream does (RFC 3533, section 6; RFC 7845, section 3)."""
    return content.startswith(b"OggS") and content[28:36] == b"OpusHead"


def as_bytes(content: bytes | str) -> bytes:
    """A recording as a test gives it: the bytes, or in Base64 where they come in JSON."""
    return base64.b64decode(content) if isinstance(content, str) else content
