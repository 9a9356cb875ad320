"""sherpa-onnx in its process: which folders are voices, what is said, and whatever may go wrong there."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.errors import ModelRejectedError, ModelResponseError, ModelUnavailableError, SettingsError
from core.speech_synthesis.queued_speech_synthesizer import QueuedSpeechSynthesizer
from core.speech_synthesis.sherpa_speaker import SherpaSpeaker
from core.speech_synthesis.sherpa_voice import voice_in
from core.speech_synthesis.speaking_process import SpeakingProcess
from core.voice_ports import Waveform

DATA = Path(__file__).with_name("data")
VITS, KOKORO = DATA / "tiny_vits", DATA / "tiny_kokoro"
NI, HAO, KE, LIANG = 983, 1310, 1966, 1638
"""The levels that tiny_vits hums its syllables at: token id / 100 of full scale."""

Speak = Callable[..., SherpaSpeaker]


@pytest.fixture
async def speaker() -> AsyncIterator[Speak]:
    made: list[SherpaSpeaker] = []

    def make(folder: Path, **settings: float) -> SherpaSpeaker:
        made.append(SherpaSpeaker(str(folder), **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(VITS, tmp_path / "voice")


def levels(waveform: Waveform, syllables: int) -> list[int]:
    """The level in the middle of each syllable."""
    each = len(waveform.samples) // syllables
    return [int(waveform.samples[n * each + each // 2]) for n in range(syllables)]


# ── Folders ──────────────────────────────────────────────────────────────────────────────────────


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x" * 2000)
    return folder


LAYOUTS = [
    ("vits", ("model.onnx", "tokens.txt", "lexicon.txt", "date.fst", "new_heteronym.fst")),
    ("vits", ("model.onnx", "model.int8.onnx", "tokens.txt", "lexicon.txt")),
    ("matcha", ("model-steps-3.onnx", "vocos-22khz-univ.onnx", "tokens.txt", "lexicon.txt")),
    ("matcha", ("model-steps-3.onnx", "hifigan_v2.onnx", "tokens.txt", "lexicon.txt")),
    ("kokoro", ("model.onnx", "voices.bin", "tokens.txt", "lexicon-us-en.txt", "lexicon-zh.txt")),
    ("kokoro", ("model.int8.onnx", "voices.bin", "tokens.txt", "lexicon-zh.txt", "lexicon-gb-en.txt")),
]


@pytest.mark.parametrize(("family", "names"), LAYOUTS)
def test_the_familys_layouts_are_told_apart(family: str, names: tuple[str, ...], tmp_path: Path) -> None:
    assert voice_in(str(put(tmp_path / "v", *names))).family == family


def test_the_files_are_named_as_sherpa_wants_them(tmp_path: Path) -> None:
    folder = put(tmp_path / "v", *LAYOUTS[4][1], "number-zh.fst", "date-zh.fst")
    voice = voice_in(str(folder))
    assert voice.files == {
        "tokens": str(folder / "tokens.txt"),
        "lexicon": f"{folder / 'lexicon-us-en.txt'},{folder / 'lexicon-zh.txt'}",
        "model": str(folder / "model.onnx"),
        "voices": str(folder / "voices.bin"),
    }
    assert voice.rule_fsts == f"{folder / 'date-zh.fst'},{folder / 'number-zh.fst'}"
    both = voice_in(str(put(tmp_path / "w", *LAYOUTS[1][1])))
    assert both.files["model"].endswith("model.int8.onnx")


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ((), "must hold one model"),
        (("a.onnx", "b.onnx"), "has: a.onnx, b.onnx"),
        (("model.onnx",), "lacks tokens.txt, lexicon.txt"),
        (("model.onnx", "tokens.txt"), "lacks lexicon.txt"),
        (("model.onnx", "voices.bin", "tokens.txt", "lexicon-us-en.txt"), "lacks lexicon.txt"),
        (("model-steps-3.onnx", "tokens.txt", "lexicon.txt"), "without its vocoder: put a vocos"),
    ],
)
def test_what_is_missing_is_named(names: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=fault) as caught:
        voice_in(str(put(tmp_path / "v", *names)))
    assert caught.value.setting == "TTS_MODEL"


def test_half_a_download_is_seen(copy: Path) -> None:
    (copy / "model.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(SettingsError, match=r"not downloaded completely: model\.onnx"):
        SherpaSpeaker(str(copy))


def test_tokens_that_are_no_text_are_seen(copy: Path) -> None:
    (copy / "tokens.txt").write_bytes(b"\xff\xfe" * 500)
    with pytest.raises(SettingsError, match=r"tokens\.txt is not a text file"):
        SherpaSpeaker(str(copy))


def test_a_comma_in_the_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="comma"):
        SherpaSpeaker(str(shutil.copytree(VITS, tmp_path / "a,b")))


# ── Speaking ─────────────────────────────────────────────────────────────────────────────────────


async def test_it_says_what_it_is_given(speaker: Speak) -> None:
    voice = speaker(VITS)
    await voice.prepare()
    waveform = await voice.speak("你好两克")
    assert (waveform.sample_rate_hz, waveform.duration_seconds) == (8000, 0.4)
    assert levels(waveform, 4) == [NI, HAO, LIANG, KE]


async def test_speed_and_speaker_are_the_settings(speaker: Speak) -> None:
    voice = speaker(VITS, speaker=1, speed=2.0)
    await voice.prepare()
    waveform = await voice.speak("你好")
    assert (voice.name, waveform.duration_seconds) == ("sherpa/tiny_vits/1", 0.1)
    assert levels(waveform, 2) == [NI // 2, HAO // 2]


async def test_a_kokoro_folder_speaks(speaker: Speak) -> None:
    voice = speaker(KOKORO)
    await voice.prepare()
    assert (await voice.speak("你好")).duration_seconds > 0.5


async def test_a_speaker_that_is_not_there_is_named(speaker: Speak) -> None:
    with pytest.raises(ModelRejectedError, match="tiny_vits has the speakers 0 to 1: change TTS_VOICE"):
        await speaker(VITS, speaker=2).prepare()


async def test_words_that_it_does_not_know_end_nothing_and_are_printed_nowhere(
    speaker: Speak, capfd: pytest.CaptureFixture[str]
) -> None:
    voice = speaker(VITS)
    await voice.prepare()
    with pytest.raises(ModelResponseError, match="knows no word of the sentence"):
        await voice.speak("🍅秘密")
    assert levels(await voice.speak("你好"), 2) == [NI, HAO]
    assert capfd.readouterr() == ("", "")


def cut_off(folder: Path) -> None:
    model = folder / "model.onnx"
    model.write_bytes(model.read_bytes()[:600])


def rubbish(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(bytes(range(256)) * 20)


def without_metadata(folder: Path) -> None:
    model = folder / "model.onnx"
    model.write_bytes(model.read_bytes().replace(b"sample_rate", b"sample_mate"))


def of_another_family(folder: Path) -> None:
    shutil.copy(KOKORO / "voices.bin", folder)
    shutil.copy(KOKORO / "lexicon-zh.txt", folder)


@pytest.mark.parametrize("damage", [cut_off, rubbish, without_metadata, of_another_family])
async def test_a_damaged_voice_ends_its_own_process_only(
    damage: Callable[[Path], None], copy: Path, speaker: Speak
) -> None:
    damage(copy)
    with pytest.raises(ModelRejectedError, match="does not load"):
        await speaker(copy).prepare()


# ── The process ──────────────────────────────────────────────────────────────────────────────────

HELLO = "import os, sys, struct, time\nsend = lambda b: os.write(1, b)\nsend(struct.pack('<II', 8000, 1))\n"


@pytest.fixture
async def process() -> AsyncIterator[Callable[[str], SpeakingProcess]]:
    made: list[SpeakingProcess] = []

    def make(script: str) -> SpeakingProcess:
        made.append(SpeakingProcess([sys.executable, "-I", "-c", script], "script"))
        return made[-1]

    yield make
    for each in made:
        await each.close()


Scripted = Callable[[str], SpeakingProcess]


async def test_it_inherits_no_secret(process: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "hunter2")
    talk = process(
        HELLO + "input()\nn = 2 if 'TELEGRAM_BOT_TOKEN' in os.environ else 1\n"
        "send(struct.pack('<II', 8000, n) + bytes(2 * n))\ninput()"
    )
    await talk.start()
    assert len((await talk.say("你好")).samples) == 1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit(7)", r"does not load \(its process ended with status"),
        ("", "does not load"),
    ],
)
async def test_one_that_ends_at_once(script: str, said: str, process: Scripted) -> None:
    with pytest.raises(ModelRejectedError, match=said):
        await process(script).start()


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ModelRejectedError, match="cannot be started"):
        await SpeakingProcess(["/no/such/program"], "script").start()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("input()", "ended while it spoke"),
        ("input(); send(struct.pack('<II', 8000, 100) + bytes(10))", "ended while it spoke"),
        ("input(); send(struct.pack('<II', 8000, 2**31)); input()", "gave 2147483648 samples at 8000 Hz"),
        ("input(); send(struct.pack('<II', 5, 1) + bytes(2)); input()", "gave 1 samples at 5 Hz"),
    ],
)
async def test_one_that_raves_is_ended_and_started_anew(script: str, said: str, process: Scripted) -> None:
    talk = process(HELLO + script)
    for _ in range(2):
        await talk.start()
        with pytest.raises(ModelResponseError, match=said):
            await talk.say("你好")


class Hanging:
    """A speaker over a process that hangs in its first sentence."""

    name = "hanging"
    at_once = 1

    def __init__(self, process: SpeakingProcess) -> None:
        self._process = process

    async def prepare(self) -> None:
        await self._process.start()

    async def speak(self, text: str) -> Waveform:
        return await self._process.say(text)

    async def close(self) -> None:
        await self._process.close()


async def test_one_that_hangs_is_killed_in_time(process: Scripted, tmp_path: Path) -> None:
    seen = tmp_path / "pids"
    talk = process(HELLO + f"open({str(seen)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)")
    voice = QueuedSpeechSynthesizer(Hanging(talk), timeout_seconds=0.5)
    for _ in range(2):
        with pytest.raises(ModelUnavailableError, match="TTS_TIMEOUT_SECONDS"):
            await voice.synthesize("你好")
    pids = seen.read_text().split()
    assert len(set(pids)) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


async def test_a_cancelled_sentence_is_not_taken_for_the_next(process: Scripted) -> None:
    talk = process(
        HELLO + "n = len(input())\nif n > 20: time.sleep(600)\n"
        "send(struct.pack('<II', 8000, n) + bytes(2 * n))\ninput()"
    )
    await talk.start()
    call = asyncio.create_task(talk.say("好" * 10))
    done, _ = await asyncio.wait([call], timeout=0.1)
    assert not done
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await talk.start()
    assert len((await talk.say("ok")).samples) == len('"ok"')
