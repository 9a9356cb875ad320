"""Voice notes on both chat platforms alike: real channel, SDK and inbox against the platform's fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.messages import IncomingMessage, VoiceClip
from tests.contracts.channels import Life, Side, living, side
from tests.fakes.scripted_handler import ScriptedHandler
from tests.fakes.voice_notes import opus_note

pytestmark = pytest.mark.load
"""As in `test_channel`."""
NOTE = opus_note(200_000)
HUGE = opus_note(19 * 1024 * 1024)
CLIP = VoiceClip(opus_note(5000), 3000)
MAX_BYTES = 1024 * 1024
ANSWER = "🎤 宫保鸡丁怎么做|收到：宫保鸡丁怎么做"


@pytest.fixture(params=["telegram", "feishu"])
async def people(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with side(request.param) as started:
        yield started


@asynccontextmanager
async def hearing(people: Side, folder: Path) -> AsyncIterator[Life]:
    """A bot whose handler fetches recordings as the real one does, and hears 宫保鸡丁怎么做 in each."""

    async def fetch(message: IncomingMessage) -> bytes:
        return await life.channel.fetch_recording(message, max_bytes=MAX_BYTES)

    async with living(people, folder, ScriptedHandler(fetch=fetch)) as life:
        yield life


def answers(people: Side) -> list[str]:
    """What was answered, its lines joined by "|" whether they are paragraphs or elements of a card."""
    return ["|".join(line for line in text.split("\n") if line) for text in people.heard()]


async def test_a_voice_note_is_fetched_and_answered_below_what_was_heard(
    people: Side, tmp_path: Path
) -> None:
    async with hearing(people, tmp_path) as life:
        await people.say_aloud(NOTE)
        await life.has_answered(1)
    assert life.handler.recordings == [NOTE]
    assert answers(people) == [ANSWER]


async def test_a_voice_note_that_was_only_stored_is_fetched_after_the_restart(
    people: Side, tmp_path: Path
) -> None:
    interrupted = ScriptedHandler(fetch=lambda _message: _never())
    async with living(people, tmp_path, interrupted, grace_seconds=0.05) as life:
        await people.say_aloud(NOTE)
        await life.has_taken(1)
    async with hearing(people, tmp_path) as life:
        await life.inbox.drained()
    assert life.handler.recordings == [NOTE]
    assert answers(people) == [ANSWER]


@pytest.mark.parametrize("tells_length", [True, False])
async def test_a_recording_that_is_too_large_is_not_fetched_whole(
    people: Side, tmp_path: Path, tells_length: bool
) -> None:
    people.downloads.tells_length = tells_length
    async with hearing(people, tmp_path) as life:
        await people.say_aloud(HUGE)
        await life.has_answered(1)
    assert people.heard() == ["抱歉：audio_too_large"]
    assert people.downloads.served < len(HUGE) / 2


async def test_a_download_that_fails_is_tried_again(people: Side, tmp_path: Path) -> None:
    people.fail_a_download()
    async with hearing(people, tmp_path) as life:
        await people.say_aloud(NOTE)
        await life.has_answered(1)
    assert answers(people) == [ANSWER]


async def test_a_download_that_breaks_off_is_begun_anew(people: Side, tmp_path: Path) -> None:
    people.downloads.cut_after = 1000
    async with hearing(people, tmp_path) as life:
        await people.say_aloud(NOTE)
        await life.has_answered(1)
    assert life.handler.recordings == [NOTE]


async def test_speech_is_a_voice_note_with_its_length(people: Side, tmp_path: Path) -> None:
    async with living(people, tmp_path) as life:
        await people.say("红烧肉")
        await life.has_answered(1)
        await life.channel.deliver_voice(life.handler.handled[0], CLIP, key="k")
    assert people.spoken() == [(CLIP.content, 3)]


async def test_speech_whose_receipt_was_lost(people: Side, tmp_path: Path) -> None:
    """Sent, and the connection broke: doubled only where the platform knows no idempotency keys."""
    async with living(people, tmp_path) as life:
        await people.say("红烧肉")
        await life.has_answered(1)
        people.lose_a_voice_note()
        await life.channel.deliver_voice(life.handler.handled[0], CLIP, key="k")
    assert people.spoken() == [(CLIP.content, 3)] * (1 if people.has_idempotency_keys else 2)


async def _never() -> bytes:
    await asyncio.Event().wait()
    return b""
