"""A voice note: heard, corrected, and then answered as if it had been typed.

What was heard is shown before the answer (`Heard`) and with it (`Reply.transcript`), beside a button that
says it was misheard. A sentence whose dish is not sure is not answered but asked back. Of the commands only
/stop is taken from speech, as `handlers.commands` has its words.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from core.errors import BotError, ChannelError, InputError, RetrievalError, TranscriptionError
from core.messages import (
    Button,
    Heard,
    IncomingMessage,
    Reply,
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageStarted,
    TextFinished,
)
from core.stages import StageTimes, limited
from core.transcripts import tidied
from core.voice_ports import (
    Correction,
    DishCorrector,
    SpeechToText,
    Waveform,
)
from handlers.commands import command_of
from handlers.replies import said_at_once

logger = logging.getLogger(__name__)

Fetch = Callable[[IncomingMessage], Awaitable[bytes]]
Answer = Callable[[IncomingMessage], AsyncGenerator[ReplyEvent, None]]

MISHEARD = "听错了："
"""Begins what the button under an answer says; what was heard follows."""
NO_SPEECH = "没听清，再说一遍？靠近一点、说慢一点，或者直接打字。"
NOT_SET_UP = "我现在还听不了语音，请打字告诉我。（想让我能听：请运行机器人的人设置 STT_BACKEND。）"
TOO_LONG = "这段录音太长了，我最多听 {seconds:g} 秒。请挑最想问的那一句再说一遍。"
TOO_LARGE = "这段录音太大了，我最多收 {megabytes:g} MB。请说短一点，或者打字告诉我。"
UNREADABLE = "这段录音我打不开。请直接用聊天里的语音按钮录一段，或者打字告诉我。"
NOT_FETCHED = "这段录音没能取下来，请再发一次，或者打字告诉我。"
UNSURE = "没太听清，你是想问："
ASK_TO_TYPE = "抱歉，听错了。请把想问的打字发给我，或者再说一遍。"
_TRANSCRIBE_GRACE_SECONDS = 5.0
"""The backend has a limit of its own and says better what was wrong; this one is for a backend that hangs."""


class Recordings:
    """Where the bytes of voice notes come from: every channel adds itself."""

    def __init__(self) -> None:
        self._sources: dict[str, Fetch] = {}

    def add(self, channel: str, fetch: Fetch) -> None:
        """Have `fetch` asked for the recordings of `channel`."""
        self._sources[channel] = fetch

    async def fetch(self, message: IncomingMessage) -> bytes:
        """The recording of `message`.

        Raises:
            InputError: it is too large.
            ChannelError: it cannot be had.
        """
        source = self._sources.get(message.chat.channel)
        if source is None:
            raise ChannelError(f"{message.chat.channel} has no recordings")
        return await source(message)


@dataclass(frozen=True, slots=True)
class VoiceServices:
    """What hearing takes.

    Attributes:
        decode: any container to 16 kHz mono.
        speech_to_text: None when none is set up.
        sure: the confidence from which a corrected dish is answered without asking back.
        timeout_seconds: for the recognition.
        hotwords: how many dishes' names the recognition is told to expect.
    """

    recordings: Recordings
    decode: Callable[[bytes], Awaitable[Waveform]]
    speech_to_text: SpeechToText | None
    corrector: DishCorrector
    sure: float
    timeout_seconds: float = 60.0
    max_seconds: float = 60.0
    max_megabytes: float = 20.0
    hotwords: int = 200


@dataclass(slots=True)
class _Hearing:
    """What one recording has come to."""

    times: StageTimes = field(default_factory=StageTimes)
    transcript: str = ""
    is_stop: bool = False
    correction: Correction = field(default_factory=lambda: Correction(""))


class VoiceHandler:
    """Answers voice notes, and sets right what was misheard.

    Args:
        services: what hearing takes.
        answer: answers the written question.
        obey: carries out the written command.
    """

    def __init__(self, services: VoiceServices, answer: Answer, obey: Answer) -> None:
        self._services = services
        self._answer = answer
        self._obey = obey

    def takes(self, message: IncomingMessage) -> bool:
        """Whether `message` is a voice note, or says that one was misheard."""
        return message.voice is not None or message.text.startswith(MISHEARD)

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Hear `message` and answer it.

        Raises:
            TranscriptionError: the recognition failed.
            BotError: as answering a written question.
        """
        if message.voice is None:
            for event in said_at_once(await self._offer_others(message.text.removeprefix(MISHEARD))):
                yield event
            return
        yield StageStarted(Stage.TRANSCRIBE)
        hearing = _Hearing()
        try:
            with hearing.times.measured(Stage.TRANSCRIBE):
                hearing.transcript = await self._transcript(message)
                hearing.is_stop = not message.text.strip() and command_of(hearing.transcript) == "stop"
                hearing.correction = Correction(hearing.transcript)
                if not hearing.is_stop:
                    hearing.correction = await self._corrected(hearing.transcript)
        except (InputError, ChannelError) as exc:
            logger.info("not_heard message_id=%s code=%s", message.message_id, exc.code)
            for event in said_at_once(Reply(text=self._words_for(exc), refused=True)):
                yield event
            return
        yield hearing.times.finished(Stage.TRANSCRIBE)
        async with aclosing(self._answered(message, hearing)) as events:
            async for event in events:
                yield event

    async def _transcript(self, message: IncomingMessage) -> str:
        """What was said, as the recognition heard it.

        Raises:
            InputError: there is nothing to hear in it, or no way to hear it.
            ChannelError: the recording cannot be had.
            TranscriptionError: the recognition failed.
        """
        services = self._services
        if services.speech_to_text is None:
            raise InputError("not_set_up", "STT_BACKEND is none")
        waveform = await services.decode(await services.recordings.fetch(message))
        async with limited(services.timeout_seconds + _TRANSCRIBE_GRACE_SECONDS, TranscriptionError):
            hotwords = services.corrector.hotwords(services.hotwords)
            transcript = tidied(await services.speech_to_text.transcribe(waveform, hotwords=hotwords))
        if not transcript:
            raise InputError("no_speech", "no words were recognised")
        return transcript

    async def _corrected(self, transcript: str) -> Correction:
        """The sentence with the dish's name as the index has it; as it was when that cannot be looked up."""
        try:
            return await self._services.corrector.correct(transcript)
        except RetrievalError as exc:
            logger.warning("not_corrected cause=%s", type(exc.__cause__ or exc).__name__)
            return Correction(transcript)

    async def _answered(
        self, message: IncomingMessage, hearing: _Hearing
    ) -> AsyncGenerator[ReplyEvent, None]:
        correction = hearing.correction
        if correction.confidence < self._services.sure:
            yield Heard(hearing.transcript)
            for event in said_at_once(_question_back(hearing.transcript, correction)):
                yield event
            return
        yield Heard(correction.text)
        text = f"{message.text}\n{correction.text}" if message.text.strip() else correction.text
        answer = self._obey if hearing.is_stop else self._answer
        async with aclosing(answer(replace(message, text=text, voice=None))) as events:
            async for event in events:
                yield _spoken(event, correction.text, hearing.times)

    async def _offer_others(self, misheard: str) -> Reply:
        """What else it may have been."""
        correction = await self._corrected(misheard)
        names = correction.alternatives
        if not names:
            return Reply(text=ASK_TO_TYPE)
        return _offer(f"{ASK_TO_TYPE}\n也可能你想问的是：", correction, names)

    def _words_for(self, error: BotError) -> str:
        services = self._services
        words = {
            "not_set_up": NOT_SET_UP,
            "no_speech": NO_SPEECH,
            "audio_too_long": TOO_LONG.format(seconds=services.max_seconds),
            "audio_too_large": TOO_LARGE.format(megabytes=services.max_megabytes),
            "audio_unreadable": UNREADABLE,
        }
        return words.get(error.code, NOT_FETCHED)


def _question_back(transcript: str, correction: Correction) -> Reply:
    names = tuple(name for name in (correction.dish, *correction.alternatives) if name)
    reply = _offer(UNSURE, correction, names) if names else Reply(text=NO_SPEECH)
    return replace(reply, transcript=transcript)


def _offer(text: str, correction: Correction, names: tuple[str, ...]) -> Reply:
    """The sentence with each of `names` in the dish's place, to choose from."""
    sentences = [_sentence(correction, name) for name in names]
    lines = "\n".join(f"· {sentence}" for sentence in sentences)
    buttons = tuple(Button(name, sentence) for name, sentence in zip(names, sentences, strict=True))
    return Reply(text=f"{text}\n{lines}\n都不是的话，打字告诉我就好。", buttons=buttons)


def _sentence(correction: Correction, name: str) -> str:
    if correction.dish and correction.dish in correction.text:
        return correction.text.replace(correction.dish, name)
    return f"{name}怎么做"


def _spoken(event: ReplyEvent, transcript: str, times: StageTimes) -> ReplyEvent:
    """An event of the written answer as one of the spoken question's."""
    match event:
        case TextFinished(reply):
            return TextFinished(_with_transcript(reply, transcript))
        case ReplyFinished(reply, timings_ms):
            return ReplyFinished(_with_transcript(reply, transcript), timings_ms | times.timings_ms())
    return event


def _with_transcript(reply: Reply, transcript: str) -> Reply:
    misheard = Button("✏️ 听错了", f"{MISHEARD}{transcript}")
    return replace(reply, transcript=transcript, buttons=(*reply.buttons, misheard))
