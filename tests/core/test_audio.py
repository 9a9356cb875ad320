"""Recordings as people make them, decoded; and speech packed as a voice note."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio import AudioDecoder
from core.errors import InputError, ModelError, TranscriptionError
from core.voice_ports import Waveform
from tests.core import audio_kit as kit
from tests.core.audio_kit import ENCODERS, LIMITS, RECORDINGS, SECONDS, TONE_HZ, refusal, tone, wav

DECODER = AudioDecoder(LIMITS)
RATES = (8_000, 44_100, 48_000)
PADDED = ("aac", "fragmented.mp4")
"""Does not say that its first and last frame of 1,024 samples are padding."""
Tones = dict[tuple[str, int, int], bytes]


def peak(waveform: Waveform) -> float:
    return float(np.abs(waveform.samples.astype(np.int32)).max() / 32_768)


def noise(seconds: float, rms: float) -> NDArray[np.int16]:
    samples = np.random.default_rng(7).normal(0, rms * 32_768, round(seconds * 16_000))
    return np.clip(samples, -32_768, 32_767).astype(np.int16)


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Tones:
    folder = tmp_path_factory.mktemp("tones")
    made = {}
    for rate in RATES:
        for channels in (1, 2):
            source = wav(*[tone(rate=rate)] * channels, rate=rate)
            for name, data in kit.encoded(source, folder / f"{rate}-{channels}", *ENCODERS).items():
                made[name, rate, channels] = data
    return made


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", ENCODERS)
async def test_every_format_rate_and_channel_count(tones: Tones, name: str, rate: int, channels: int) -> None:
    waveform = await DECODER.decode(tones[name, rate, channels])
    assert (waveform.sample_rate_hz, waveform.samples.dtype) == (16_000, np.dtype(np.int16))
    padding = 2 * 1024 / rate if name in PADDED else 0.0
    assert waveform.duration_seconds == pytest.approx(SECONDS, abs=0.01 + padding)
    assert kit.loudest_hz(waveform) == pytest.approx(TONE_HZ, abs=1)
    assert kit.share_near(waveform, TONE_HZ) > 0.99


@pytest.mark.parametrize("name", ["tone_narrowband.amr", "tone_wideband.amr"])
async def test_amr(name: str) -> None:
    waveform = await DECODER.decode((RECORDINGS / name).read_bytes())
    assert waveform.duration_seconds == pytest.approx(1.0, abs=0.05)
    assert kit.loudest_hz(waveform) == pytest.approx(500, abs=2)


async def test_the_sound_of_a_video_is_heard(tmp_path: Path, tones: Tones) -> None:
    video = ("-f", "lavfi", "-i", "testsrc=duration=2:size=64x64", "-map", "0:a", "-map", "1:v")
    data = kit.encoded(wav(tone()), tmp_path, "m4a", options=(*video, "-c:v", "mpeg4", "-f", "mp4"))["m4a"]
    assert b"mp4v" in data
    assert kit.loudest_hz(await DECODER.decode(data)) == pytest.approx(TONE_HZ, abs=1)


async def test_a_lying_name_does_not_matter(tmp_path: Path, tones: Tones) -> None:
    lying = tmp_path / "note.ogg"
    lying.write_bytes(tones["mp3", 44_100, 1])
    assert kit.loudest_hz(await DECODER.decode(lying.read_bytes())) == pytest.approx(TONE_HZ, abs=1)


async def test_what_is_loud_enough_comes_out_bit_for_bit() -> None:
    samples = tone(peak=0.9)
    assert np.array_equal((await DECODER.decode(wav(samples))).samples, samples)
    assert np.array_equal((await DECODER.decode(wav(samples, samples))).samples, samples)


async def test_a_clipped_recording_is_left_alone() -> None:
    samples = tone(peak=4)
    assert np.array_equal((await DECODER.decode(wav(samples))).samples, samples)


@pytest.mark.parametrize(("quiet_peak", "expected"), [(0.03, 0.708), (0.3, 0.708), (0.002, 0.2014)])
async def test_a_quiet_recording_is_made_louder(quiet_peak: float, expected: float) -> None:
    waveform = await DECODER.decode(wav(tone(peak=quiet_peak)))
    assert peak(waveform) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("left", "right"),
    [(1.0, 0.0), (0.0, 1.0), (1.0, -1.0), (-0.3, 1.0), (1.0, 0.02)],
    ids=["right silent", "left silent", "inverted", "partly inverted", "right faint"],
)
async def test_no_pair_of_channels_makes_speech_vanish(left: float, right: float) -> None:
    samples = tone(peak=0.6)
    pair = [(samples * factor).astype(np.int16) for factor in (left, right)]
    waveform = await DECODER.decode(wav(*pair))
    assert peak(waveform) > 0.59
    assert kit.share_near(waveform, TONE_HZ) > 0.999


async def test_inverted_channels_do_not_leave_just_their_noise() -> None:
    samples = tone(peak=0.4)
    waveform = await DECODER.decode(wav(samples, -samples + noise(SECONDS, 0.05)))
    assert kit.share_near(waveform, TONE_HZ) > 0.95


async def test_two_speakers_with_a_channel_each_are_both_heard() -> None:
    waveform = await DECODER.decode(wav(tone(hz=400), tone(hz=1100)))
    assert kit.share_near(waveform, 400) == pytest.approx(0.5, abs=0.01)
    assert kit.share_near(waveform, 1100) == pytest.approx(0.5, abs=0.01)


async def test_what_is_above_8_khz_does_not_come_back_lower() -> None:
    both = tone(rate=48_000, hz=TONE_HZ, peak=0.4) + tone(rate=48_000, hz=10_000, peak=0.4)
    waveform = await DECODER.decode(wav(both, rate=48_000))
    assert kit.share_near(waveform, TONE_HZ) > 0.999
    assert kit.share_near(waveform, 6_000) < 1e-6


async def test_noise_is_left_to_the_recogniser() -> None:
    assert (await DECODER.decode(wav(noise(1, 0.1)))).duration_seconds == 1.0


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(16_000, np.int16),
        np.full(16_000, 3_000, np.int16),
        tone(0.005),
        tone(0.09),
        noise(1, 1 / 32_768),
        np.zeros(0, np.int16),
    ],
    ids=["silence", "constant", "5 ms", "90 ms", "converter noise", "header only"],
)
async def test_nothing_to_hear(samples: NDArray[np.int16]) -> None:
    expected = "no_speech" if len(samples) else "audio_unreadable"
    assert await refusal(wav(samples)) == expected


async def test_a_word_in_a_long_silence_is_heard() -> None:
    samples = np.zeros(16_000 * 20, np.int16)
    samples[160_000:165_000] = tone(5_000 / 16_000, peak=0.01)
    assert (await DECODER.decode(wav(samples))).duration_seconds == 20.0


@pytest.mark.parametrize(
    ("seconds", "code"), [(2.0, ""), (2.4, ""), (2.5, ""), (2.6, "audio_too_long"), (30, "audio_too_long")]
)
async def test_the_longest_recording(seconds: float, code: str) -> None:
    assert await refusal(wav(tone(seconds)), max_seconds=2.0) == code


async def test_the_largest_file() -> None:
    data = wav(tone(1.0))
    assert await refusal(data, max_bytes=len(data)) == ""
    assert await refusal(data, max_bytes=len(data) - 1) == "audio_too_large"


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
async def test_a_voice_note_is_ogg_opus_of_exactly_its_length(rate: int) -> None:
    spoken = Waveform(tone(1.2345, rate=rate), rate)
    clip = await DECODER.encode_opus(spoken)
    assert (clip.content[:4], clip.content[28:36]) == (b"OggS", b"OpusHead")
    assert clip.content[37] == 1, "channels"
    assert clip.duration_ms == round(len(spoken.samples) / rate * 1000)
    heard = await DECODER.decode(clip.content)
    assert heard.duration_seconds * 1000 == pytest.approx(clip.duration_ms, abs=1)
    assert kit.loudest_hz(heard) == pytest.approx(TONE_HZ, abs=1)


async def test_the_same_speech_makes_the_same_note_of_a_fitting_size() -> None:
    spoken = Waveform(tone(10.0), 16_000)
    first, second = await DECODER.encode_opus(spoken), await DECODER.encode_opus(spoken)
    assert first == second
    assert len(first.content) < 80_000


async def test_nothing_makes_no_voice_note() -> None:
    with pytest.raises(ModelError):
        await DECODER.encode_opus(Waveform(np.zeros(0, np.int16), 16_000))


async def test_a_missing_ffmpeg_is_said(tmp_path: Path) -> None:
    without = AudioDecoder(LIMITS, str(tmp_path / "ffmpeg"))
    with pytest.raises(TranscriptionError, match="ffmpeg cannot be run: No such file"):
        await without.decode(wav(tone()))
    with pytest.raises(ModelError, match="ffmpeg cannot be run: No such file"):
        await without.encode_opus(Waveform(tone(), 16_000))


async def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(InputError) as raised:
        await DECODER.decode(b"a secret")
    assert "secret" not in raised.value.message
