"""Sounds to recognise; nobody speaks in them."""

from __future__ import annotations

import numpy as np

from core.voice_ports import Waveform

RATE = 16_000


def babble(seconds: float, *, seed: int = 1) -> Waveform:
    """Five syllables a second: chords and noise of changing pitch and loudness, with a dip between them."""
    rng = np.random.default_rng(seed)
    syllable = np.arange(RATE // 5) / RATE
    envelope = np.sin(np.pi * syllable * 5) ** 0.5
    parts = []
    for _ in range(int(seconds * 5) + 1):
        pitches = rng.uniform(100, 4000, size=3)[:, None]
        chord = np.sin(2 * np.pi * pitches * syllable).sum(axis=0) * rng.uniform(500, 6000)
        hiss = rng.normal(size=len(syllable)) * rng.uniform(10, 3000)
        parts.append((chord + hiss) * envelope)
    samples = np.concatenate(parts)[: int(seconds * RATE)]
    return Waveform(samples.clip(-32_768, 32_767).astype(np.int16), RATE)


def silence(seconds: float) -> Waveform:
    return Waveform(np.zeros(int(seconds * RATE), dtype=np.int16), RATE)


def in_a_row(*parts: Waveform) -> Waveform:
    return Waveform(np.concatenate([part.samples for part in parts]), RATE)
