"""Answers read aloud on the web page's interface: only one's own, made once, and only when asked for."""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot import web_answers, web_speech
from core.errors import ModelUnavailableError
from core.messages import Reply, ReplyFinished, TextFinished, VoiceClip
from tests.bot.web_client import Client, Served, served

FIRST = str(uuid.UUID(int=1))
SECOND = str(uuid.UUID(int=2))
SPEECH = bytes(range(100))


class Narrator:
    """Reads aloud by script."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: list[Exception] = []

    async def narrate(self, reply: Reply) -> VoiceClip:
        self.read.append(reply.text)
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        return VoiceClip(SPEECH, duration_ms=1000)


@pytest.fixture
def narrator() -> Narrator:
    return Narrator()


@pytest.fixture
async def server(tmp_path: Path, narrator: Narrator) -> AsyncIterator[Served]:
    async with served(tmp_path / "pictures", narrate=narrator.narrate) as running:
        for text in ("说", "再说"):
            reply = Reply(text=f"听好：{text}", read_aloud=True)
            running.handler.scripts[text] = [TextFinished(reply), ReplyFinished(reply)]
        yield running


@pytest.fixture
async def client(server: Served) -> AsyncIterator[Client]:
    async with server.client() as opened:
        yield opened


async def listen(client: Client, message_id: str, **headers: str) -> tuple[int, bytes]:
    async with client.session.get(f"/api/speech/{message_id}", headers=headers) as response:
        if response.status < 300:
            assert response.content_type == "audio/ogg"
            assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.read()


async def refusal(client: Client, message_id: str) -> tuple[int, str]:
    async with client.session.get(f"/api/speech/{message_id}") as response:
        error: dict[str, Any] = (await response.json())["error"]
        assert error["message"].endswith("。")
        return response.status, error["code"]


async def test_an_answer_is_read_once_and_only_when_asked_for(client: Client, narrator: Narrator) -> None:
    events = await client.ask("说", FIRST)
    assert events[-1]["reply"]["read_aloud"] is True
    assert narrator.read == []
    assert await listen(client, FIRST) == (200, SPEECH)
    assert await listen(client, FIRST) == (200, SPEECH)
    assert narrator.read == ["听好：说"]


async def test_many_who_press_play_at_once_wait_for_one_reading(client: Client, narrator: Narrator) -> None:
    narrator.gate.clear()
    await client.ask("说", FIRST)
    waiting = [asyncio.create_task(listen(client, FIRST)) for _ in range(3)]
    while not narrator.read:
        await client.history()
    waiting[0].cancel()
    narrator.gate.set()
    assert await asyncio.gather(*waiting[1:]) == [(200, SPEECH)] * 2
    assert narrator.read == ["听好：说"]


@pytest.mark.parametrize(
    ("part", "status", "content"),
    [
        ("bytes=0-", 206, SPEECH),
        ("bytes=0-1", 206, SPEECH[:2]),
        ("bytes=-3", 206, SPEECH[-3:]),
        ("bytes=90-500", 206, SPEECH[90:]),
        ("bytes=100-", 416, None),
        ("bytes=5-1", 416, None),
        ("words=1", 416, None),
    ],
)
async def test_players_may_ask_for_parts(
    client: Client, part: str, status: int, content: bytes | None
) -> None:
    await client.ask("说", FIRST)
    answered, body = await listen(client, FIRST, Range=part)
    assert answered == status
    if content is not None:
        assert body == content


async def test_only_an_answer_of_ones_own_that_wants_it_is_read(
    server: Served, client: Client, narrator: Narrator
) -> None:
    await client.ask("你好", FIRST)
    await client.ask("说", SECOND)
    assert await refusal(client, FIRST) == (404, "speech_gone")
    assert await refusal(client, str(uuid.UUID(int=3))) == (404, "speech_gone")
    assert await refusal(client, "..%2f..%2fetc") == (404, "speech_gone")
    async with server.client() as other:
        assert await refusal(other, SECOND) == (404, "speech_gone")
        other.session.cookie_jar.clear()
        assert await refusal(other, SECOND) == (401, "no_session")
    assert narrator.read == []


async def test_a_silent_page_reads_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as server, server.client() as client:
        reply = Reply(text="说", read_aloud=True)
        server.handler.scripts["说"] = [ReplyFinished(reply)]
        await client.ask("说", FIRST)
        assert await refusal(client, FIRST) == (404, "speech_gone")


async def test_a_failure_is_told_in_words_and_not_kept(client: Client, narrator: Narrator) -> None:
    await client.ask("说", FIRST)
    narrator.failures.append(ModelUnavailableError("the voice is away"))
    assert await refusal(client, FIRST) == (503, "speech_failed")
    assert await listen(client, FIRST) == (200, SPEECH)


async def test_only_so_many_are_read_at_once(
    client: Client, narrator: Narrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_speech, "NARRATIONS_AT_ONCE", 1)
    narrator.gate.clear()
    await client.ask("说", FIRST)
    await client.ask("再说", SECOND)
    reading = asyncio.create_task(listen(client, FIRST))
    while not narrator.read:
        await client.history()
    assert await refusal(client, SECOND) == (503, "server_busy")
    narrator.gate.set()
    assert await reading == (200, SPEECH)
    assert await listen(client, SECOND) == (200, SPEECH)


async def test_the_oldest_clip_makes_room(
    client: Client, narrator: Narrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_speech, "CLIP_BYTES_OVERALL", len(SPEECH))
    await client.ask("说", FIRST)
    await client.ask("再说", SECOND)
    for message_id in (FIRST, SECOND, SECOND, FIRST):
        assert await listen(client, message_id) == (200, SPEECH)
    assert narrator.read == ["听好：说", "听好：再说", "听好：说"]


async def test_a_clip_goes_with_its_answer(
    server: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_answers, "KEPT_OVERALL", 1)
    await client.ask("说", FIRST)
    await listen(client, FIRST)
    speech = server.channel._chat_api._speech
    assert speech is not None
    assert len(speech._tasks) == 1
    await client.ask("再说", SECOND)
    gc.collect()
    assert len(speech._tasks) == 0
    assert await refusal(client, FIRST) == (404, "speech_gone")


async def test_stopping_stops_reading(tmp_path: Path, narrator: Narrator) -> None:
    narrator.gate.clear()
    async with served(tmp_path, narrate=narrator.narrate) as server, server.client() as client:
        reply = Reply(text="说", read_aloud=True)
        server.handler.scripts["说"] = [ReplyFinished(reply)]
        await client.ask("说", FIRST)
        listening = asyncio.create_task(listen(client, FIRST))
        while not narrator.read:
            await client.history()
        await server.channel.stop()
        [result] = await asyncio.gather(listening, return_exceptions=True)
        assert isinstance(result, OSError)
