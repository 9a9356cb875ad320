"""Recordings for tests, made on the spot from tones, and what is measured on decoded ones."""

from __future__ import annotations

import asyncio
import io
import subprocess
import wave
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from core.audio import AudioDecoder, AudioLimits
from core.errors import InputError
from core.voice_ports import Waveform

FFMPEG: str = imageio_ffmpeg.get_ffmpeg_exe()
LIMITS = AudioLimits(max_concurrent=2)
TONE_HZ = 700.0
SECONDS = 2.0
RECORDINGS = Path(__file__).parent / "recordings"
ENCODERS: Mapping[str, tuple[str, ...]] = {
    "opus.ogg": ("-c:a", "libopus"),
    "vorbis.ogg": ("-c:a", "libvorbis"),
    "mp3": (),
    "m4a": ("-c:a", "aac"),
    "front.mp4": ("-c:a", "aac", "-movflags", "+faststart"),
    "fragmented.mp4": ("-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"),
    "wav": (),
    "webm": ("-c:a", "libopus"),
    "flac": (),
    "aac": (),
}
"""By the end of the file's name: ffmpeg's options. Opus knows few rates and takes the next one up."""
OPUS_RATES = (8_000, 16_000, 48_000)


def tone(
    seconds: float = SECONDS, *, hz: float = TONE_HZ, rate: int = 16_000, peak: float = 0.5
) -> NDArray[np.int16]:
    """A sine: int16 [seconds * rate]; `peak` 1 is full scale, more is clipped."""
    wave_form = peak * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return np.rint(np.clip(wave_form, -1, 1) * 32_767).astype(np.int16)


def wav(*channels: NDArray[np.int16], rate: int = 16_000) -> bytes:
    """A WAV file of channels of one length."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(len(channels))
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return file.getvalue()


def encoded(source: bytes, folder: Path, *names: str, options: tuple[str, ...] = ()) -> dict[str, bytes]:
    """A WAV file in other formats, by the names in `ENCODERS`."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [FFMPEG, "-loglevel", "error", "-y", "-f", "wav", "-i", "pipe:0"]
    for name in names:
        command += [*options, *ENCODERS[name], str(folder / f"tone.{name}")]
    subprocess.run(command, input=source, check=True, capture_output=True)
    return {name: (folder / f"tone.{name}").read_bytes() for name in names}


def loudest_hz(waveform: Waveform) -> float:
    """The frequency with the most energy."""
    spectrum = np.abs(np.fft.rfft(waveform.samples * np.hanning(len(waveform.samples))))
    return float(np.argmax(spectrum) * waveform.sample_rate_hz / len(waveform.samples))


def share_near(waveform: Waveform, hz: float) -> float:
    """The share of all energy within 40 Hz of `hz`."""
    energy = np.abs(np.fft.rfft(waveform.samples * np.hanning(len(waveform.samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(waveform.samples), 1 / waveform.sample_rate_hz)
    return float(energy[np.abs(frequencies - hz) < 40].sum() / energy.sum())


def script(folder: Path, body: str) -> str:
    """An executable shell script, to stand in for ffmpeg. It may make folders but not write files."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
    path.chmod(0o700)
    return str(path)


async def refusal(data: bytes, ffmpeg: str | None = None, **limits: Any) -> str:
    """The code of the InputError that decoding ends with; "" when it was decoded."""
    try:
        await AudioDecoder(replace(LIMITS, **limits), ffmpeg).decode(data)
    except InputError as exc:
        return exc.code
    return ""


def listed(option: str) -> list[str]:
    """The names that ffmpeg lists for `-demuxers` or `-decoders`."""
    command = [FFMPEG, "-hide_banner", option]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [words[1] for line in lines if len(words := line.split()) > 2]


async def unfenced(file: Path, *reading: str) -> bytes:
    """What ffmpeg makes of `file` with our fences left out: shows that a test's bait is one."""
    command = (FFMPEG, "-loglevel", "quiet", *reading, "-i", str(file), "-f", "s16le", "pipe:1")
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    return (await process.communicate())[0]
