"""Kitchen noise of our own making: an extractor hood, a sizzling pan, crockery. Deterministic by seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.voice_ports import Waveform

Signal = NDArray[np.float64]

_SIZZLE_SHARE = 0.6
"""Amplitude of the pan against that of the hood."""
_CLINK_PEAK = 6.0
"""Amplitude of a clink against the root mean square of the hood."""
_FULL_SCALE = 32767


def with_kitchen_noise(speech: Waveform, *, snr_db: float, seed: int) -> Waveform:
    """`speech` with noise at a signal-to-noise ratio of `snr_db`, both by root mean square.

    The ratio holds for the parts in which somebody speaks; pauses are left out of the speech's measure.
    """
    samples = speech.samples.astype(np.float64) / _FULL_SCALE
    noise = kitchen_noise(len(samples), speech.sample_rate_hz, seed)
    gain = _spoken_rms(samples) / max(_rms(noise), 1e-12) / 10 ** (snr_db / 20)
    mixed = samples + gain * noise
    mixed *= min(1.0, 0.99 / max(np.abs(mixed).max(initial=0.0), 1e-12))
    return Waveform((mixed * _FULL_SCALE).astype(np.int16), speech.sample_rate_hz)


def kitchen_noise(length: int, sample_rate_hz: int, seed: int) -> Signal:
    """`length` samples of hood, pan and crockery; the hood's root mean square is 1."""
    chance = np.random.default_rng(seed)
    noise = _hood(length, sample_rate_hz, chance) + _SIZZLE_SHARE * _pan(length, sample_rate_hz, chance)
    for start in np.flatnonzero(chance.random(length) < 1.5 / sample_rate_hz):  # some three in two seconds
        clink = _clink(sample_rate_hz, chance)[: length - start]
        noise[start : start + len(clink)] += clink
    return noise


def _hood(length: int, sample_rate_hz: int, chance: np.random.Generator) -> Signal:
    """Pink noise: power falls with frequency, from 50 Hz up."""
    frequencies = np.fft.rfftfreq(length, 1 / sample_rate_hz)
    spectrum = np.fft.rfft(chance.standard_normal(length)) / np.sqrt(np.maximum(frequencies, 50.0))
    hood = np.fft.irfft(spectrum, length)
    return hood / max(_rms(hood), 1e-12)


def _pan(length: int, sample_rate_hz: int, chance: np.random.Generator) -> Signal:
    """Hiss above 2 kHz that swells and fades four times a second, with crackles."""
    spectrum = np.fft.rfft(chance.standard_normal(length))
    spectrum[np.fft.rfftfreq(length, 1 / sample_rate_hz) < 2_000] = 0
    hiss = np.fft.irfft(spectrum, length)
    knots = max(2, 4 * length // sample_rate_hz)
    swell = np.interp(np.linspace(0, knots - 1, length), np.arange(knots), chance.random(knots) ** 2)
    crackle = 1 + 3 * (chance.random(length) < 200 / sample_rate_hz)
    return hiss / max(_rms(hiss), 1e-12) * swell * crackle


def _clink(sample_rate_hz: int, chance: np.random.Generator) -> Signal:
    """Crockery: three partials between 2 and 6 kHz that die away within a fifth of a second."""
    time = np.arange(int(0.2 * sample_rate_hz)) / sample_rate_hz
    partials = chance.uniform(2_000, 6_000, 3)
    ring = sum((np.sin(2 * np.pi * hertz * time) for hertz in partials), np.zeros_like(time))
    return _CLINK_PEAK / 3 * chance.uniform(0.3, 1) * ring * np.exp(-time * 25)


def _spoken_rms(samples: Signal) -> float:
    """Root mean square of the louder frames of 20 ms at 16 kHz: those above a tenth of the loudest."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    loudness = np.sqrt((frames**2).mean(axis=1)) if len(frames) else np.zeros(1)
    spoken = loudness[loudness > loudness.max() / 10]
    return float(np.sqrt((spoken**2).mean())) if len(spoken) else 0.0


def _rms(samples: Signal) -> float:
    return float(np.sqrt((samples**2).mean())) if len(samples) else 0.0
