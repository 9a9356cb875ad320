"""Voice notes: heard, corrected, answered as if typed; or declined in a sentence that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest

from core.errors import (
    BotError,
    ChannelError,
    InputError,
    ModelUnavailableError,
    RetrievalError,
    TranscriptionError,
)
from core.messages import (
    Heard,
    IncomingMessage,
    Reply,
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageFinished,
    StageStarted,
    VoiceNote,
)
from core.voice_ports import (
    Correction,
    Waveform,
)
from handlers import voice
from handlers.commands import STOPPED, CommandHandler
from handlers.router import Router
from handlers.text import TextHandler
from handlers.voice import Recordings, VoiceServices
from tests.fakes.dishes import BRAISED_PORK
from tests.handlers.desk import Desk

SECOND = Waveform(np.ones(16_000, dtype=np.int16), 16_000)


class ScriptedSpeechToText:
    """Hears what it is told to."""

    name = "scripted"

    def __init__(self, transcript: str | BotError | asyncio.Event = "") -> None:
        self.transcript = transcript
        self.hotwords: tuple[str, ...] = ()

    async def transcribe(self, waveform: Waveform, *, hotwords: Sequence[str] = ()) -> str:
        assert waveform is SECOND
        self.hotwords = tuple(hotwords)
        if isinstance(self.transcript, BotError):
            raise self.transcript
        if isinstance(self.transcript, asyncio.Event):
            await self.transcript.wait()
            return ""
        return self.transcript

    async def check(self) -> str:
        return self.name

    async def close(self) -> None:
        pass


class ScriptedCorrector:
    """Knows the corrections it is given; leaves everything else alone."""

    def __init__(self, **known: Correction | BotError) -> None:
        self.known = known

    async def correct(self, transcript: str) -> Correction:
        found = self.known.get(transcript, Correction(transcript))
        if isinstance(found, BotError):
            raise found
        return found

    def hotwords(self, limit: int) -> tuple[str, ...]:
        return ("红烧肉", "番茄炒蛋", "蛋花汤")[:limit]


class Kitchen:
    """A desk that can hear."""

    def __init__(
        self,
        transcript: str | BotError | asyncio.Event | None,
        corrector: ScriptedCorrector | None = None,
        *,
        recording: bytes | BotError = b"OggS",
        timeout_seconds: float = 60,
    ) -> None:
        self.desk = Desk()
        self.recording = recording
        self.fetched: list[IncomingMessage] = []
        self.speech = None if transcript is None else ScriptedSpeechToText(transcript)
        recordings = Recordings()
        recordings.add("web", self.fetch)
        services = VoiceServices(
            recordings,
            self.decode,
            self.speech,
            corrector or ScriptedCorrector(),
            sure=0.6,
            timeout_seconds=timeout_seconds,
            hotwords=2,
        )
        text = TextHandler(self.desk.kitchen.pipeline(), self.desk.history, self.desk.profiles)
        self.router = Router(text, CommandHandler(self.desk.services), hearing=services)

    async def fetch(self, message: IncomingMessage) -> bytes:
        self.fetched.append(message)
        if isinstance(self.recording, BotError):
            raise self.recording
        return self.recording

    async def decode(self, data: bytes) -> Waveform:
        if data != b"OggS":
            raise InputError(data.decode(), "the recording cannot be taken")
        return SECOND

    async def hear(self, text: str = "") -> list[ReplyEvent]:
        message = replace(self.desk.message(text), voice=VoiceNote("r1"))
        return [event async for event in self.router.handle(message)]

    async def answer(self, text: str = "") -> Reply:
        return last_reply(await self.hear(text))


def last_reply(events: Sequence[ReplyEvent]) -> Reply:
    last = events[-1]
    assert isinstance(last, ReplyFinished)
    return last.reply


async def test_a_voice_note_is_answered_like_text() -> None:
    kitchen = Kitchen("红烧肉怎么做")
    reply = await kitchen.answer()
    assert (reply.recipe, reply.transcript) == (BRAISED_PORK, "红烧肉怎么做")
    asked, answered = await kitchen.desk.stored()
    assert (asked.text, answered.recipe) == ("红烧肉怎么做", BRAISED_PORK)


async def test_what_was_heard_is_shown_before_the_answer() -> None:
    events = await Kitchen("红烧肉怎么做").hear()
    assert events[0] == StageStarted(Stage.TRANSCRIBE)
    assert isinstance(events[1], StageFinished)
    assert events[2] == Heard("红烧肉怎么做")
    assert isinstance(events[-1], ReplyFinished)
    timings = events[-1].timings_ms
    assert timings["total"] >= timings["transcribe"] > 0


async def test_the_correction_is_what_is_asked() -> None:
    corrector = ScriptedCorrector(红烧若怎么做=Correction("红烧肉怎么做", "红烧肉", 0.9))
    kitchen = Kitchen("红烧若怎么做", corrector)
    events = await kitchen.hear()
    assert Heard("红烧肉怎么做") in events
    assert last_reply(events).recipe == BRAISED_PORK
    assert kitchen.speech is not None
    assert kitchen.speech.hotwords == ("红烧肉", "番茄炒蛋")


async def test_an_unsure_dish_is_asked_back() -> None:
    guess = Correction("红烧肉要煮多久", "红烧肉", 0.4, ("番茄炒蛋",))
    kitchen = Kitchen("轰烧要煮多久", ScriptedCorrector(轰烧要煮多久=guess))
    events = await kitchen.hear()
    reply = last_reply(events)
    assert Heard("轰烧要煮多久") in events
    assert reply.text.startswith(voice.UNSURE)
    assert reply.transcript == "轰烧要煮多久"
    choices = [(button.label, button.message) for button in reply.buttons]
    assert choices == [("红烧肉", "红烧肉要煮多久"), ("番茄炒蛋", "番茄炒蛋要煮多久")]
    assert kitchen.desk.kitchen.retriever.searches == []
    assert await kitchen.desk.stored() == ()


async def test_the_button_that_says_misheard_offers_what_sounds_alike() -> None:
    known = Correction("红烧肉怎么做", "红烧肉", 1.0, ("红烧鱼", "红烧鸡"))
    kitchen = Kitchen("红烧肉怎么做", ScriptedCorrector(红烧肉怎么做=known))
    pressed = (await kitchen.answer()).buttons[-1]
    assert pressed.message == "听错了：红烧肉怎么做"
    reply = last_reply(
        [event async for event in kitchen.router.handle(kitchen.desk.message(pressed.message))]
    )
    assert [button.message for button in reply.buttons] == ["红烧鱼怎么做", "红烧鸡怎么做"]


async def test_nothing_that_sounds_alike_asks_to_type() -> None:
    kitchen = Kitchen("")
    message = kitchen.desk.message(f"{voice.MISHEARD}那少辣一点呢")
    reply = last_reply([event async for event in kitchen.router.handle(message)])
    assert (reply.text, reply.buttons) == (voice.ASK_TO_TYPE, ())


async def test_words_that_came_with_the_note_are_asked_with_it() -> None:
    kitchen = Kitchen("红烧肉怎么做")
    await kitchen.answer("请教一下")
    asked, _answered = await kitchen.desk.stored()
    assert asked.text == "请教一下\n红烧肉怎么做"


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (b"no_speech", voice.NO_SPEECH),
        (b"audio_too_long", "最多听 60 秒"),
        (b"audio_unreadable", voice.UNREADABLE),
        (InputError("audio_too_large", "30 MB"), "最多收 20 MB"),
        (ChannelError("gone", retryable=True), voice.NOT_FETCHED),
    ],
)
async def test_what_cannot_be_heard_is_declined_in_a_sentence(
    recording: bytes | BotError, words: str
) -> None:
    kitchen = Kitchen("红烧肉怎么做", recording=recording)
    reply = await kitchen.answer()
    assert words in reply.text
    assert (reply.refused, reply.error_code) == (True, None)
    assert await kitchen.desk.stored() == ()


async def test_silence_is_asked_again() -> None:
    assert (await Kitchen("  。").answer()).text == voice.NO_SPEECH


async def test_without_recognition_nothing_is_fetched() -> None:
    kitchen = Kitchen(None)
    assert (await kitchen.answer()).text == voice.NOT_SET_UP
    assert kitchen.fetched == []


async def test_a_channel_without_recordings_is_told_so() -> None:
    kitchen = Kitchen("红烧肉怎么做")
    message = replace(kitchen.desk.message(""), voice=VoiceNote("r1"))
    elsewhere = replace(message, chat=replace(message.chat, channel="elsewhere"))
    events = [event async for event in kitchen.router.handle(elsewhere)]
    assert last_reply(events).text == voice.NOT_FETCHED


async def test_a_failing_recognition_is_an_error_of_its_stage() -> None:
    with pytest.raises(TranscriptionError) as caught:
        await Kitchen(ModelUnavailableError("32 recordings are waiting")).hear()
    assert caught.value.retryable


async def test_a_recognition_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "_TRANSCRIBE_GRACE_SECONDS", 0.01)
    with pytest.raises(TranscriptionError):
        await Kitchen(asyncio.Event(), timeout_seconds=0.01).hear()


async def test_without_its_index_the_transcript_is_taken_as_it_is() -> None:
    kitchen = Kitchen("红烧肉怎么做", ScriptedCorrector(红烧肉怎么做=RetrievalError("closed")))
    assert (await kitchen.answer()).recipe == BRAISED_PORK


async def test_leaving_in_the_middle_closes_the_answer() -> None:
    kitchen = Kitchen("红烧肉怎么做")
    message = replace(kitchen.desk.message(""), voice=VoiceNote("r1"))
    async with aclosing(kitchen.router.handle(message)) as events:
        async for event in events:
            if isinstance(event, Heard):
                break
    assert await kitchen.desk.stored() == ()


@pytest.mark.parametrize("transcript", ["停", "别说了。", "停一下！"])
async def test_a_spoken_stop_is_obeyed_and_not_asked(transcript: str) -> None:
    misheard = Correction("红烧肉", "红烧肉", 0.4, ("番茄炒蛋",))
    kitchen = Kitchen(transcript, ScriptedCorrector(停=misheard, 别说了=misheard, 停一下=misheard))
    events = await kitchen.hear()
    said = transcript.rstrip("。！")
    assert Heard(said) in events
    assert (last_reply(events).text, last_reply(events).transcript) == (STOPPED, said)
    assert kitchen.desk.kitchen.retriever.searches == []
    assert await kitchen.desk.stored() == ()


@pytest.mark.parametrize("caption", ["红烧肉怎么做", "/clear"])
async def test_a_stop_beside_other_words_is_no_stop(caption: str) -> None:
    kitchen = Kitchen("停")
    await kitchen.answer(caption)
    asked, _answered = await kitchen.desk.stored()
    assert asked.text == f"{caption}\n停"


async def test_commands_and_questions_go_where_they_went() -> None:
    kitchen = Kitchen("红烧肉怎么做")
    texts = [
        last_reply([event async for event in kitchen.router.handle(kitchen.desk.message(text))]).text
        for text in ("/help", "红烧肉怎么做")
    ]
    assert "/clear" in texts[0]
    assert BRAISED_PORK.steps[0] in texts[1]
    assert kitchen.fetched == []
