"""Cuts long recordings where it is quiet: a model's memory and mistakes grow with the length of a piece."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from core.speech.local_recognizer import Sound
from core.speech.queued_speech_to_text import SAMPLE_RATE_HZ

MAX_PIECE_SECONDS = 28.0
"""Whisper hears 30 s at a time, and an exported Paraformer 512 frames of 60 ms (30.7 s)."""
_FRAME_SECONDS = 0.02
_PAUSE_FRAMES = 10
"""0.2 s: the pause between two words of an unhurried speaker."""


def cut_at_silences(sound: Sound, *, max_seconds: float = MAX_PIECE_SECONDS) -> Iterator[Sound]:
    """Pieces of `sound` in order, each at most `max_seconds`; nothing is lost.

    A cut goes through the quietest fifth of a second of the piece's second half.
    """
    longest = int(max_seconds * SAMPLE_RATE_HZ)
    while len(sound) > longest:
        half = longest // 2
        cut = half + _quietest(sound[half:longest])
        yield sound[:cut]
        sound = sound[cut:]
    yield sound


def _quietest(sound: Sound) -> int:
    """Index of the middle of the quietest pause; the end when `sound` is too short to look for one."""
    frame = int(_FRAME_SECONDS * SAMPLE_RATE_HZ)
    count = len(sound) // frame
    if count < _PAUSE_FRAMES:
        return len(sound)
    energy = np.square(sound[: count * frame].reshape(count, frame)).sum(axis=1)
    loudness = sliding_window_view(energy, _PAUSE_FRAMES).sum(axis=1)
    return (int(loudness.argmin()) + _PAUSE_FRAMES // 2) * frame
