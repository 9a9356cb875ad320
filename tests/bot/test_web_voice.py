"""Recordings on the web page's interface: taken, kept as long as they are needed, and not a moment longer."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError

from bot import web_bodies, web_recordings
from bot.web_recordings import WebRecordings
from core.errors import ChannelError
from core.messages import ReplyFinished, TextFinished
from tests.bot.web_client import Client, Served, next_event, served
from tests.fakes.scripted_handler import gated_answer, plain_answer

FIRST = str(uuid.UUID(int=1))
SECOND = str(uuid.UUID(int=2))
WEBM = b"\x1aE\xdf\xa3" + b"webm" * 100
MP4 = (Path(__file__).parent / "sounds" / "tone.m4a").read_bytes()
"""Half a second of AAC, as Safari sends it."""
HEARD = "宫保鸡丁怎么做"


@pytest.fixture
def recordings() -> WebRecordings:
    return WebRecordings(max_seconds=60, max_megabytes=0.1)


@pytest.fixture
async def server(tmp_path: Path, recordings: WebRecordings) -> AsyncIterator[Served]:
    async with served(tmp_path / "pictures", recordings=recordings) as running:
        yield running


@pytest.fixture
async def client(server: Served) -> AsyncIterator[Client]:
    async with server.client() as opened:
        yield opened


def held(recordings: WebRecordings) -> tuple[int, int]:
    return len(recordings._held), recordings._bytes


async def refusal(response: Any) -> tuple[int, str]:
    return response.status, (await response.json())["error"]["code"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(WEBM, "audio/webm;codecs=opus"), (MP4, "audio/mp4"), (b"OggS" * 9, "audio/ogg; codecs=opus")],
)
async def test_a_recording_is_heard_and_answered(
    server: Served, client: Client, recordings: WebRecordings, content: bytes, media_type: str
) -> None:
    async with client.post_recording(content, FIRST, media_type=media_type) as response:
        events = [json.loads(line) async for line in response.content]
    assert events[:3] == [
        {"type": "accepted", "message_id": FIRST},
        {"type": "stage", "stage": "transcribe", "state": "started"},
        {"type": "heard", "text": HEARD},
    ]
    assert events[-1]["reply"]["text"] == f"收到：{HEARD}"
    assert server.handler.recordings == [content]
    voice = server.handler.handled[0].voice
    assert voice is not None
    assert (server.handler.handled[0].text, voice.size_bytes) == ("", len(content))
    assert held(recordings) == (0, 0)
    assert [m["text"] for m in (await client.history())["messages"]] == [HEARD, f"收到：{HEARD}"]


async def test_the_same_recording_sent_again_follows_its_answer(
    server: Served, client: Client, recordings: WebRecordings
) -> None:
    gate = asyncio.Event()
    server.handler.scripts[HEARD] = gated_answer(gate, "结尾")
    async with client.post_recording(WEBM, FIRST) as one, client.post_recording(WEBM, FIRST) as two:
        for response in (one, two):
            while (await next_event(response)).get("text") != "开头":
                pass
        assert held(recordings) == (1, len(WEBM))
        gate.set()
        for response in (one, two):
            assert (await next_event(response))["text"] == "结尾"
    assert server.handler.recordings == [WEBM]


async def test_an_empty_recording_only_leads_back(server: Served, client: Client) -> None:
    async with client.post_recording(b"", FIRST) as response:
        assert await refusal(response) == (410, "recording_gone")
    assert server.handler.handled == []
    first = await client.speak(WEBM, FIRST)
    assert await client.speak(b"", FIRST) == [first[0], first[-1]]
    assert len(server.handler.handled) == 1


async def test_one_message_id_is_one_message(client: Client) -> None:
    await client.speak(WEBM, FIRST)
    async with client.post_recording(MP4, FIRST) as response:
        assert await refusal(response) == (409, "message_id_reused")
    async with client.post(HEARD, FIRST) as response:
        assert await refusal(response) == (409, "message_id_reused")


async def test_recordings_of_others_are_out_of_reach(
    server: Served, client: Client, recordings: WebRecordings
) -> None:
    await client.speak(WEBM, FIRST)
    async with server.client() as other, other.post_recording(b"", FIRST) as response:
        assert await refusal(response) == (410, "recording_gone")
    with pytest.raises(ChannelError):
        await recordings.fetch(server.handler.handled[0])


@pytest.mark.parametrize("length", [100_000, 100_001])
@pytest.mark.parametrize("declared", [True, False])
async def test_a_recording_is_bounded(
    server: Served, client: Client, recordings: WebRecordings, length: int, declared: bool
) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        yield b"x" * length

    content: Any = b"x" * length if declared else streamed()
    async with client.post_recording(content, FIRST) as response:
        if length > recordings.max_bytes:
            assert await refusal(response) == (413, "recording_too_large")
            assert (await response.json())["error"]["message"] == "这段录音太大了，请录短一点再发。"
        else:
            assert response.status == 200
            await response.read()
    assert server.handler.recordings == [b"x" * length][: int(length <= recordings.max_bytes)]
    assert held(recordings) == (0, 0)


@pytest.mark.parametrize(("limit", "room"), [("BYTES_OVERALL", len(WEBM) + 1), ("RECORDINGS_OVERALL", 1)])
async def test_all_recordings_together_are_bounded(
    server: Served,
    client: Client,
    recordings: WebRecordings,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    room: int,
) -> None:
    monkeypatch.setattr(web_recordings, limit, room)
    gate = asyncio.Event()
    server.handler.scripts[HEARD] = gated_answer(gate, "结尾")
    async with client.post_recording(WEBM, FIRST) as response:
        await next_event(response)
        async with server.client() as other, other.post_recording(WEBM, SECOND) as refused:
            assert await refusal(refused) == (503, "server_busy")
        gate.set()
        await response.read()
    assert held(recordings) == (0, 0)
    assert (await client.speak(WEBM, SECOND))[-1]["type"] == "finished"


async def test_a_recording_is_dropped_when_its_answer_breaks_off(
    server: Served, client: Client, recordings: WebRecordings
) -> None:
    server.handler.scripts[HEARD] = [RuntimeError("broken")]
    assert (await client.speak(WEBM, FIRST))[-1]["type"] == "failed"
    assert held(recordings) == (0, 0)
    async with client.post_recording(b"", FIRST) as response:
        assert await refusal(response) == (410, "recording_gone")
    server.handler.scripts[HEARD] = plain_answer("好")
    assert (await client.speak(WEBM, FIRST))[-1]["reply"]["text"] == "好"


async def test_stopping_drops_what_waits(
    tmp_path: Path, recordings: WebRecordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web_channel.STOP_GRACE_SECONDS", 0.01)
    async with served(tmp_path, recordings=recordings) as server, server.client() as client:
        server.handler.scripts[HEARD] = gated_answer(asyncio.Event(), "完")
        async with client.post_recording(WEBM, FIRST) as one, client.post_recording(MP4, SECOND) as two:
            await next_event(one)
            await next_event(two)
            assert held(recordings) == (2, len(WEBM) + len(MP4))
            await server.channel.stop()
            assert held(recordings) == (0, 0)


@pytest.mark.parametrize("limit", ["STALL_TIMEOUT_SECONDS", "RECORDING_TIMEOUT_SECONDS"])
async def test_a_recording_that_does_not_arrive_is_given_up(
    server: Served, client: Client, recordings: WebRecordings, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(web_bodies, limit, 0.05)

    async def stalling() -> AsyncIterator[bytes]:
        yield WEBM
        await asyncio.Event().wait()

    try:
        async with client.post_recording(stalling()) as response:  # type: ignore[arg-type]
            assert await refusal(response) == (408, "request_timeout")
    except (ClientPayloadError, ServerDisconnectedError):
        pytest.fail("no words came")
    assert (server.handler.handled, held(recordings)) == ([], (0, 0))


async def test_a_browser_that_leaves_while_sending_leaves_nothing(
    server: Served, client: Client, recordings: WebRecordings
) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield WEBM
        begun.set()
        await asyncio.Event().wait()

    sending = asyncio.ensure_future(client.post_recording(endless()).__aenter__())  # type: ignore[arg-type]
    await begun.wait()
    while held(recordings) == (0, 0):
        await client.history()
    sending.cancel()
    while held(recordings) != (0, 0):
        await client.history()
    assert server.handler.handled == []


@pytest.mark.parametrize(
    ("message_id", "media_type", "status", "code"),
    [
        ("../../etc", "audio/webm", 400, "bad_request"),
        ("", "audio/webm", 400, "bad_request"),
        (FIRST, "application/json", 415, "not_audio"),
        (FIRST, "text/plain", 415, "not_audio"),
        (FIRST, "video/mp4", 415, "not_audio"),
    ],
)
async def test_what_is_no_recording_is_refused(
    server: Served, client: Client, message_id: str, media_type: str, status: int, code: str
) -> None:
    headers = {**client.headers, "Content-Type": media_type}
    url = f"/api/voice?message_id={message_id}"
    async with client.session.post(url, data=WEBM, headers=headers) as response:
        assert await refusal(response) == (status, code)
    assert server.handler.handled == []


async def test_a_foreign_page_cannot_speak_for_the_user(server: Served, client: Client) -> None:
    headers = {"Origin": "https://evil.example", "Content-Type": "audio/webm"}
    url = f"/api/voice?message_id={FIRST}"
    async with client.session.post(url, data=WEBM, headers=headers) as response:
        assert await refusal(response) == (403, "origin_refused")
    async with client.session.post(url, data=WEBM, headers={**client.headers, "Host": "evil.example"}) as no:
        assert await refusal(no) == (403, "host_refused")
    client.session.cookie_jar.clear()
    async with client.post_recording(WEBM, FIRST) as response:
        assert await refusal(response) == (401, "no_session")
    assert server.handler.handled == []


async def test_a_page_that_nobody_hears_says_so(tmp_path: Path, client: Client) -> None:
    async with client.session.get("/api/voice") as response:
        assert await response.json() == {"max_seconds": 60}
    async with served(tmp_path) as deaf, deaf.client() as other:
        async with other.session.get("/api/voice") as response:
            assert await response.json() == {"max_seconds": None}
        async with other.post_recording(WEBM) as response:
            assert await refusal(response) == (404, "voice_off")


async def test_history_leaves_a_spoken_question_to_its_stream(server: Served, client: Client) -> None:
    gate = asyncio.Event()
    steps = plain_answer("好")
    finished = steps.pop()
    assert isinstance(steps[-1], TextFinished)
    assert isinstance(finished, ReplyFinished)
    server.handler.scripts[HEARD] = [*steps, gate, finished]
    await client.ask("一")
    async with client.post_recording(WEBM, FIRST) as response:
        while (await next_event(response))["type"] != "text_finished":
            pass
        history = await client.history()
        assert [m["text"] for m in history["messages"]] == ["一", "收到：一"]
        assert history["unfinished"] == [{"message_id": FIRST, "text": HEARD, "spoken": True}]
        gate.set()


async def test_nothing_that_was_said_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await client.speak(WEBM)
    assert "宫保" not in caplog.text
    assert "webm" not in caplog.text
