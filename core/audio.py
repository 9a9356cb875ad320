"""Recordings to samples and samples to voice notes.

ffmpeg (the one that imageio-ffmpeg brings) opens containers, decodes and resamples; pydub works on the
samples. pydub's own `from_file` and `export` are not used: they start ffmpeg without a limit of time, memory
or output, let it guess the container (and so open playlists), ask an ffprobe that is not there, and resample
without a low-pass filter. `core.ffmpeg` says how it is fenced in instead.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import os
import struct
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.audio_formats import sniff
from core.errors import InputError, ModelError, ModelResponseError, TranscriptionError
from core.ffmpeg import FencedFfmpeg, Outcome
from core.messages import VoiceClip
from core.voice_ports import Waveform

logger = logging.getLogger(__name__)

SAMPLE_RATE_HZ = 16_000
_MAX_BYTES_PER_FRAME = 4
"""Two channels of 16 bits."""
_WAV_HEADER_BYTES = 1024
"""ffmpeg writes 44."""
_GRACE_SECONDS = 0.5
"""Platforms stop a recording at a whole second and encoders pad it; nobody is to be told off for that."""
_MIN_SECONDS = 0.1
"""Shorter than any word."""
_CANCELLED = 0.45
"""A mix is at least 0.5 of the louder channel unless the channels cancel each other out."""
_TARGET_PEAK_DBFS = -3.0
_MAX_GAIN_DB = 40.0
_SILENCE_RMS = 32_768 * 10 ** (-45 / 20)
"""-45 dBFS after up to 40 dB of gain: less than two steps of a 16-bit converter in the recording itself."""
_OPUS_BITRATE = "32k"
"""What Telegram's own apps record voice notes with."""


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """What a recording may cost.

    Attributes:
        max_seconds: longest recording; half a second more is let pass.
        max_bytes: largest file.
        timeout_seconds: how long one run of ffmpeg may take, and its limit of processor time.
        memory_bytes: address space of one run; ffmpeg does not start with less than 300 MB.
        max_concurrent: how many run at once; more recordings wait.
    """

    max_seconds: float = 60.0
    max_bytes: int = 20_000_000
    timeout_seconds: float = 15.0
    memory_bytes: int = 512 << 20
    max_concurrent: int = field(default_factory=lambda: os.cpu_count() or 1)


class AudioDecoder:
    """Reads what people record, and packs what the bot says.

    Args:
        limits: what one recording may cost.
        ffmpeg: the executable; None for the one that imageio-ffmpeg brings.
    """

    def __init__(self, limits: AudioLimits, ffmpeg: str | None = None) -> None:
        self._limits = limits
        self._ffmpeg = FencedFfmpeg(
            limits.timeout_seconds, limits.memory_bytes, limits.max_concurrent, ffmpeg
        )

    async def decode(self, data: bytes) -> Waveform:
        """Decode a recording: Ogg, MP3, MP4/M4A/3GP, WAV, AMR, WebM, FLAC or AAC, whatever it is called.

        A recording that breaks off is decoded as far as it goes. A quiet one is made louder, up to a peak of
        -3 dBFS and by at most 40 dB; a loud or clipped one is left as it is.

        Returns:
            int16 [n] at 16,000 Hz.

        Raises:
            InputError: "audio_too_large", "audio_too_long", "audio_unreadable" (empty, no sound in it,
                damaged, or too much work), or "no_speech" (silent, or shorter than 0.1 s).
            TranscriptionError: ffmpeg cannot be run.
        """
        if len(data) > self._limits.max_bytes:
            raise InputError("audio_too_large", f"{len(data)} bytes, at most {self._limits.max_bytes}")
        container = sniff(data)
        if container is None:
            raise InputError("audio_unreadable", "not a kind of recording that is known")
        reading = (
            *("-format_whitelist", container.demuxer, "-codec_whitelist", ",".join(container.decoders)),
            *("-f", container.demuxer),
        )
        writing = (
            *("-af", "aformat=channel_layouts=mono|stereo", "-ar", str(SAMPLE_RATE_HZ)),
            *("-c:a", "pcm_s16le", "-flags", "+bitexact", "-f", "wav"),
        )
        most = self._most_frames() * _MAX_BYTES_PER_FRAME + _WAV_HEADER_BYTES
        try:
            outcome = await self._ffmpeg.run(reading, writing, data, max_output_bytes=most)
        except OSError as exc:
            raise TranscriptionError(f"ffmpeg cannot be run: {exc.strerror or exc}", retryable=True) from exc
        self._raise_unless_decoded(outcome, container.demuxer)
        return await asyncio.to_thread(_speech, outcome.output, self._most_frames())

    async def encode_opus(self, waveform: Waveform) -> VoiceClip:
        """Pack `waveform`, of any rate and some minutes at most, as a voice note.

        Raises:
            ModelError: it is empty, or ffmpeg cannot be run, failed or took too long.
        """
        if not len(waveform.samples):
            raise ModelResponseError("there is no sound to pack")
        reading = ("-f", "s16le", "-ar", str(waveform.sample_rate_hz), "-ch_layout", "mono")
        writing = (
            *("-c:a", "libopus", "-b:a", _OPUS_BITRATE, "-application", "voip", "-ac", "1"),
            *("-fflags", "+bitexact", "-flags", "+bitexact", "-f", "ogg"),
        )
        pcm = np.ascontiguousarray(waveform.samples, dtype="<i2").tobytes()
        try:
            outcome = await self._ffmpeg.run(reading, writing, pcm, max_output_bytes=len(pcm) + 65_536)
        except OSError as exc:
            raise ModelError(f"ffmpeg cannot be run: {exc.strerror or exc}", retryable=True) from exc
        if outcome.end != "finished":
            raise ModelResponseError(f"ffmpeg {outcome.end} (status {outcome.status})")
        return VoiceClip(outcome.output, round(waveform.duration_seconds * 1000))

    def _most_frames(self) -> int:
        return math.ceil((self._limits.max_seconds + _GRACE_SECONDS) * SAMPLE_RATE_HZ)

    def _raise_unless_decoded(self, outcome: Outcome, demuxer: str) -> None:
        """Raise what `decode` says of a run that was not a success."""
        if outcome.end == "finished":
            return
        logger.info("not_decoded container=%s end=%s status=%d", demuxer, outcome.end, outcome.status)
        if outcome.end == "overflowed":
            raise InputError("audio_too_long", "stopped while decoding")
        raise InputError("audio_unreadable", f"decoding {outcome.end} (status {outcome.status})")


def _speech(wav: bytes, most_frames: int) -> Waveform:
    """A WAV file of ffmpeg's, one or two channels at 16 kHz, as one channel at a level to listen to.

    Raises:
        InputError: "audio_unreadable", "audio_too_long" or "no_speech".
    """
    sound = _sound(wav)
    frames = len(sound.raw_data) // sound.frame_width
    if not frames:
        raise InputError("audio_unreadable", "no sound in it")
    if frames > most_frames:
        raise InputError("audio_too_long", f"{frames / SAMPLE_RATE_HZ:.0f} seconds")
    if frames < _MIN_SECONDS * SAMPLE_RATE_HZ:
        raise InputError("no_speech", "shorter than 0.1 seconds")
    mono = _mixed(sound)
    gain_db = min(_TARGET_PEAK_DBFS - mono.max_dBFS, _MAX_GAIN_DB)
    if gain_db > 0:
        mono = mono.apply_gain(gain_db)
    samples = np.frombuffer(mono.raw_data, dtype="<i2").astype(np.int16)
    if _loudest_rms(samples) < _SILENCE_RMS:
        raise InputError("no_speech", "silent")
    return Waveform(samples, SAMPLE_RATE_HZ)


@functools.cache
def _pydub() -> Any:
    with warnings.catch_warnings():
        # It asks for the standard library's audioop, deprecated before 3.13, and misses a system's ffmpeg.
        warnings.simplefilter("ignore")
        import pydub
    return pydub


def _sound(wav: bytes) -> Any:
    pydub = _pydub()
    try:
        return pydub.AudioSegment(wav)
    except (pydub.exceptions.CouldntDecodeError, struct.error) as exc:
        raise InputError("audio_unreadable", "no WAV file came out of ffmpeg") from exc


def _mixed(sound: Any) -> Any:
    """One channel of two: their mean, or the louder one where they cancel out (swapped poles)."""
    if sound.channels == 1:
        return sound
    mix = sound.set_channels(1)
    louder = max(sound.split_to_mono(), key=lambda channel: channel.rms)
    return louder if mix.rms < _CANCELLED * louder.rms else mix


def _loudest_rms(samples: np.ndarray[Any, np.dtype[np.int16]]) -> float:
    """Root mean square, without its constant part, of the loudest tenth of a second."""
    length = int(_MIN_SECONDS * SAMPLE_RATE_HZ)
    windows = samples[: len(samples) - len(samples) % length].reshape(-1, length)
    return float(windows.std(axis=1, dtype=np.float32).max())
