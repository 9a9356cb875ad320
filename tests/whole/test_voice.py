"""Voice notes to `python -m bot run` on both platforms, heard and answered, and answers read aloud."""

from __future__ import annotations

import asyncio
import base64

import numpy as np

from core.audio import AudioDecoder, AudioLimits
from core.voice_ports import Waveform
from tests.fakes.feishu_events import ALICE
from tests.fakes.speech_server import SpeechServer
from tests.fakes.transcription_server import TranscriptionServer, hears
from tests.whole.bot_process import BotProcess
from tests.whole.platforms import Users, assert_discreet, life, platforms, until

CHAT = {"telegram": "1001", "feishu": "oc_alice"}
SPOKEN = "嗯，拍黃瓜怎麼做？"
UNDERSTOOD = "🎤 拍黄瓜怎么做"


async def recording() -> bytes:
    """Two seconds of sound, as a phone packs it."""
    seconds = np.arange(2 * 48_000) / 48_000
    tone = (8000 * np.sin(2 * np.pi * 300 * seconds)).astype(np.int16)
    clip = await AudioDecoder(AudioLimits()).encode_opus(Waveform(tone, 48_000))
    return clip.content


async def say(users: Users, content: bytes) -> None:
    """Send a voice note."""
    packed = base64.b64encode(content).decode()
    if users.name == "telegram":
        await users.post("do", what="voice", content=packed, user_id=int(CHAT["telegram"]))
    else:
        order = {"content": packed, "duration_ms": 2000, "chat": CHAT["feishu"], "user": ALICE}
        await users.post("do", what="voice_note", **order)


async def ask_aloud(users: Users, content: bytes) -> None:
    """Switch reading aloud on, ask by voice, and see the answer arrive in writing and as a voice note."""
    await users.ask(CHAT[users.name], "/voice on")
    await until(users, lambda said: any("朗读" in item.text for item in said))
    await say(users, content)
    said = await until(
        users, lambda said: any(UNDERSTOOD in item.text and not item.is_unfinished for item in said)
    )
    [answer] = [item.text for item in said if UNDERSTOOD in item.text]
    assert "两根" in answer or "2根" in answer
    await until(users, lambda said: bool([item for item in said if item.kinds == ("voice",)]))


async def test_a_voice_note_is_answered_in_writing_and_aloud(bot: BotProcess) -> None:
    note = await recording()
    async with (
        TranscriptionServer().running() as ears,
        SpeechServer().running() as mouth,
        platforms() as both,
    ):
        ears.queue(*[hears(SPOKEN)] * 5)  # both notes, and whatever the warm-up asks for meanwhile
        voice = {
            "STT_BACKEND": "openai",
            "STT_MODEL": "paraformer",
            "STT_BASE_URL": ears.base_url,
            "TTS_BACKEND": "openai",
            "TTS_MODEL": "kokoro",
            "TTS_BASE_URL": mouth.base_url,
        }
        async with life(bot, both.settings(IMAGE_BACKEND="none", **voice)) as running:
            await running.connected()
            await asyncio.gather(*(ask_aloud(users, note) for users in (both.telegram, both.feishu)))
            assert await running.stopped() == 0
    assert_discreet(running.log.read_text(), SPOKEN, "黄瓜")
    notes = [request.body["form"] for request in ears.requests if abs(request.body["seconds"] - 2) < 0.1]
    assert notes == [(1, 2, 16_000)] * 2
    assert not any(character.isdigit() for body in mouth.bodies for character in body["input"])
