"""What a voice note costs: time to PCM, against plain pydub; the event loop while twenty are decoded; memory.

Run as: python -m tests.benchmarks.audio [--seconds 10] [--runs 40] [--notes 1000]

The note is a voice-like sound (a gliding tone with overtones and noise), Ogg/Opus, mono, 32 kb/s. Plain pydub
is `AudioSegment.from_file` with the same ffmpeg, and what has to follow it: 16 kHz, one channel.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import statistics
import time
import warnings
from pathlib import Path

import numpy as np

from core.audio import AudioDecoder, AudioLimits
from core.voice_ports import Waveform
from tests.core.audio_kit import FFMPEG

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pydub import AudioSegment


def voice(seconds: float) -> Waveform:
    """Something that costs an encoder as much as speech does."""
    at = np.arange(round(seconds * 16_000)) / 16_000
    phase = 2 * np.pi * np.cumsum(160 + 40 * np.sin(2 * np.pi * 0.7 * at)) / 16_000
    overtones = sum(np.sin(phase * n) / n for n in range(1, 20))
    noise = np.random.default_rng(1).normal(0, 0.1, len(at))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * at)
    return Waveform((6_000 * syllables * (overtones + noise)).astype(np.int16), 16_000)


def by_pydub(note: bytes) -> None:
    """The same through pydub alone, which has to be told the format and the codec."""
    AudioSegment.converter = FFMPEG
    sound = AudioSegment.from_file(io.BytesIO(note), format="ogg", codec="opus")
    sound.set_channels(1).set_frame_rate(16_000)


def resident_megabytes() -> float:
    """Memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def lag_ms(gaps: list[float]) -> None:
    """Note how late the event loop comes back from a sleep of a millisecond, until cancelled."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        gaps.append((time.perf_counter() - began) * 1000 - 1)


async def time_of_one(decoder: AudioDecoder, note: bytes, runs: int) -> None:
    ours, plain = [], []
    for _ in range(runs):
        began = time.perf_counter()
        await decoder.decode(note)
        ours.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        by_pydub(note)
        plain.append((time.perf_counter() - began) * 1000)
    ratio = statistics.median(ours) / statistics.median(plain)
    for name, times in (("AudioDecoder", ours), ("plain pydub", plain)):
        cuts = statistics.quantiles(times, n=20)
        print(f"{name}: median {statistics.median(times):.0f} ms, 95 % within {cuts[-1]:.0f} ms")
    print(f"ratio of the medians: {ratio:.2f}")


async def lag_of_twenty(decoder: AudioDecoder, note: bytes, rounds: int = 5) -> None:
    for name, notes in (("idle", 0), ("while 20 notes are decoded", 20)):
        gaps: list[float] = []
        watching = asyncio.create_task(lag_ms(gaps))
        began = time.perf_counter()
        for _ in range(rounds):
            await asyncio.gather(*[decoder.decode(note) for _ in range(notes)])
            await asyncio.sleep(0.2)
        took = (time.perf_counter() - began) / rounds - 0.2
        watching.cancel()
        print(f"event loop late, {name}: at most {max(gaps):.1f} ms; the {notes} took {took:.2f} s")


async def memory_of_many(decoder: AudioDecoder, note: bytes, notes: int) -> None:
    after: dict[int, float] = {}
    for number in range(1, notes + 1):
        await decoder.decode(note)
        if number in {100, notes}:
            after[number] = resident_megabytes()
    figures = ", ".join(f"{megabytes:.1f} MB after {number}" for number, megabytes in after.items())
    print(f"memory of the bot's side: {figures}")


async def measure(seconds: float, runs: int, notes: int) -> None:
    decoder = AudioDecoder(AudioLimits())
    clip = await decoder.encode_opus(voice(seconds))
    print(f"{clip.duration_ms / 1000:g} s of Ogg/Opus, {len(clip.content)} bytes, {os.cpu_count()} cores")
    await decoder.decode(clip.content)
    await time_of_one(decoder, clip.content, runs)
    await lag_of_twenty(decoder, clip.content)
    await memory_of_many(decoder, clip.content, notes)


def main() -> None:
    """Print the figures as a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--notes", type=int, default=1000)
    asked = parser.parse_args()
    asyncio.run(measure(asked.seconds, asked.runs, asked.notes))


if __name__ == "__main__":
    main()
