"""WAV files as speech servers send them, read without trust.

A server that streams does not know the length beforehand and writes 0 or 0xFFFFFFFF into the header: the
samples then go on to the end. Format: Multimedia Programming Interface and Data Specifications 1.0 (RIFF).
"""

from __future__ import annotations

import struct

import numpy as np

from core.errors import ModelResponseError
from core.voice_ports import Waveform

_PCM = 1
_EXTENSIBLE = 0xFFFE


def waveform_of(content: bytes, sender: str) -> Waveform:
    """The sound of a WAV file of 16-bit PCM; two channels are mixed into one.

    Args:
        content: the file.
        sender: who sent it, for messages.

    Raises:
        ModelResponseError: it is none.
    """
    fault = ModelResponseError(f"{sender} answered with something that is not a WAV file of 16-bit PCM")
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise fault
    position, channels, rate = 12, 0, 0
    while position + 8 <= len(content):
        kind, size = content[position : position + 4], struct.unpack_from("<I", content, position + 4)[0]
        start = position + 8
        if kind == b"fmt " and size >= 16 and start + 16 <= len(content):
            form, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, start)
            if form not in {_PCM, _EXTENSIBLE} or bits != 16 or channels not in {1, 2} or not rate:
                raise fault
        elif kind == b"data" and channels:
            end = start + size if 0 < size <= len(content) - start else len(content)
            return Waveform(_mono(content[start:end], channels), rate)
        position = start + size + size % 2
    raise fault


def _mono(pcm: bytes, channels: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    whole = len(pcm) - len(pcm) % (2 * channels)
    samples = np.frombuffer(pcm[:whole], dtype="<i2").reshape(-1, channels)
    mixed = samples[:, 0] if channels == 1 else samples.mean(axis=1)
    return np.ascontiguousarray(mixed, dtype=np.int16)
