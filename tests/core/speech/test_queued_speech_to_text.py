"""`QueuedSpeechToText`: turns, limits, and what goes in and comes out."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import ModelResponseError, ModelUnavailableError
from core.speech.queued_speech_to_text import MAX_HOTWORDS, QueuedSpeechToText, bounded_hotwords
from tests.core.speech.sounds import babble
from tests.fakes.scripted_recognizer import ScriptedRecognizer


def queued(recognizer: ScriptedRecognizer, *, timeout: float = 60, waiting: int = 2) -> QueuedSpeechToText:
    return QueuedSpeechToText(recognizer, timeout_seconds=timeout, max_waiting=waiting)


async def test_recordings_take_turns() -> None:
    recognizer = ScriptedRecognizer("一二三")
    stt = queued(recognizer)
    texts = await asyncio.gather(*(stt.transcribe(babble(1)) for _ in range(3)))
    assert (texts, recognizer.most_running) == (["一", "二", "三"], 1)


async def test_a_backend_may_take_several_at_once() -> None:
    recognizer = ScriptedRecognizer("一二三", at_once=3)
    stt = queued(recognizer)
    recognizer.gate.clear()
    calls = [asyncio.create_task(stt.transcribe(babble(1))) for _ in range(3)]
    await recognizer.arrival(3)
    recognizer.gate.set()
    await asyncio.gather(*calls)
    assert recognizer.most_running == 3


async def test_beyond_the_limit_nobody_waits() -> None:
    recognizer = ScriptedRecognizer("一二三")
    stt = queued(recognizer, waiting=1)
    recognizer.gate.clear()
    first = asyncio.create_task(stt.transcribe(babble(1)))
    await recognizer.arrival(1)
    second = asyncio.create_task(stt.transcribe(babble(1)))
    await asyncio.sleep(0)
    with pytest.raises(ModelUnavailableError, match="STT_MAX_WAITING"):
        await stt.transcribe(babble(1))
    recognizer.gate.set()
    assert [await first, await second] == ["一", "二"]


async def test_who_gives_up_waiting_makes_room() -> None:
    recognizer = ScriptedRecognizer("一二")
    stt = queued(recognizer, waiting=1)
    recognizer.gate.clear()
    first = asyncio.create_task(stt.transcribe(babble(1)))
    await recognizer.arrival(1)
    second = asyncio.create_task(stt.transcribe(babble(1)))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    third = asyncio.create_task(stt.transcribe(babble(1)))
    await asyncio.sleep(0)
    recognizer.gate.set()
    assert [await first, await third] == ["一", "二"]


async def test_too_slow_is_told_and_the_turn_given_on() -> None:
    recognizer = ScriptedRecognizer("二")
    stt = queued(recognizer, timeout=0.01)
    recognizer.gate.clear()
    with pytest.raises(ModelUnavailableError, match="STT_TIMEOUT_SECONDS") as caught:
        await stt.transcribe(babble(1))
    assert caught.value.retryable
    recognizer.gate.set()
    assert await stt.transcribe(babble(1)) == "二"


async def test_a_failure_is_passed_on_and_the_next_is_served() -> None:
    stt = queued(ScriptedRecognizer([ModelResponseError("as told"), "好"]))
    with pytest.raises(ModelResponseError, match="as told"):
        await stt.transcribe(babble(1))
    assert await stt.transcribe(babble(1)) == "好"


async def test_words_come_on_one_line_without_control_characters() -> None:
    stt = queued(ScriptedRecognizer([" 番茄\n\x00炒\x1b蛋 \ud800\u202e", "好" * 10_000]))
    assert await stt.transcribe(babble(1)) == "番茄 炒 蛋"
    assert len(await stt.transcribe(babble(1))) == 4000


async def test_warming_up_loads_and_hears_silence() -> None:
    recognizer = ScriptedRecognizer()
    await queued(recognizer).warm_up()
    [(waveform, hotwords)] = recognizer.heard
    assert (recognizer.prepared, waveform.duration_seconds, hotwords) == (1, 1.0, ())
    assert not waveform.samples.any()


def test_hotwords_are_bounded_plain_and_different() -> None:
    given = ["宫保鸡丁", "宫保鸡丁", " 番茄\t炒蛋 ", "http://x", "a.txt", "字" * 17, "", "\0"]
    assert bounded_hotwords(given) == ("宫保鸡丁", "番茄 炒蛋")
    assert len(bounded_hotwords([f"菜{number}" for number in range(100_000)])) == MAX_HOTWORDS
