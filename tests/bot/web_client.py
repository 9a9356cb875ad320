"""A chat page's server on loopback with a scripted handler, and a client that behaves like the page."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar

from bot.message_handler import MessageHandler
from bot.search_view import Explain
from bot.unfinished_answers import UnfinishedAnswers
from bot.web_channel import WebChannel
from bot.web_recordings import WebRecordings
from bot.web_speech import Narrate
from core.messages import UserKey
from tests.fakes.memory_storage import MemoryHistory
from tests.fakes.scripted_handler import ScriptedHandler

COMMANDS = (
    ("start", "开始"),
    ("help", "使用说明"),
    ("clear", "开始新的对话"),
    ("rag", "查菜谱：开或关"),
    ("image", "配图：开或关"),
    ("history", "最近聊过的菜"),
    ("export", "导出我的数据"),
    ("forget", "删除我的数据"),
)


class Served:
    """A running server with everything behind it."""

    def __init__(
        self, channel: WebChannel, handler: ScriptedHandler, history: MemoryHistory, folder: Path
    ) -> None:
        self.channel = channel
        self.handler = handler
        self.history = history
        self.pictures_dir = folder
        self.address = ""

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A browser that has opened the page."""
        async with ClientSession(self.address, cookie_jar=CookieJar(unsafe=True)) as session:
            async with session.get("/") as response:
                assert response.status == 200
            yield Client(session, self.address)


class Client:
    """A browser with the page open."""

    def __init__(self, session: ClientSession, address: str) -> None:
        self.session = session
        self.headers = {"Origin": address, "Sec-Fetch-Site": "same-origin"}

    def post(self, text: str, message_id: str | None = None) -> Any:
        """The request for an answer, as a context manager."""
        data = {"text": text, "message_id": message_id or str(uuid.uuid4())}
        return self.session.post("/api/messages", json=data, headers=self.headers)

    async def ask(self, text: str, message_id: str | None = None) -> list[dict[str, Any]]:
        """All events of an answer."""
        async with self.post(text, message_id) as response:
            assert response.status == 200
            return [json.loads(line) async for line in response.content]

    def post_recording(
        self, content: bytes, message_id: str | None = None, *, media_type: str = "audio/webm;codecs=opus"
    ) -> Any:
        """The request for the answer to a recording, as a context manager."""
        return self.session.post(
            "/api/voice",
            params={"message_id": message_id or str(uuid.uuid4())},
            data=content,
            headers={**self.headers, "Content-Type": media_type},
        )

    async def speak(self, content: bytes, message_id: str | None = None) -> list[dict[str, Any]]:
        """All events of the answer to a recording."""
        async with self.post_recording(content, message_id) as response:
            assert response.status == 200
            return [json.loads(line) async for line in response.content]

    async def stop(self) -> int:
        """Press the stop button; returns how many answers it ended."""
        async with self.session.post("/api/stop", headers=self.headers) as response:
            assert response.status == 200
            return int((await response.json())["stopped"])

    async def history(self) -> dict[str, Any]:
        """What the page restores."""
        async with self.session.get("/api/history") as response:
            assert response.status == 200
            data: dict[str, Any] = await response.json()
            return data


async def next_event(response: ClientResponse) -> dict[str, Any]:
    """The next event of an answer that is being read."""
    data: dict[str, Any] = json.loads(await response.content.readline())
    return data


@asynccontextmanager
async def served(
    folder: Path,
    *,
    allowed_hosts: Sequence[str] = (),
    secure_cookie: bool = False,
    recordings: WebRecordings | None = None,
    narrate: Narrate | None = None,
    answering: MessageHandler | None = None,
    unfinished: UnfinishedAnswers | None = None,
    explain: Explain | None = None,
    administrators: Collection[UserKey] = (),
) -> AsyncIterator[Served]:
    """Start a server on any free port, and stop it at the end.

    `answering` answers in place of the scripted handler, told by `unfinished` when to end.
    """
    history = MemoryHistory()
    handler = ScriptedHandler(history, fetch=recordings.fetch if recordings else None)
    channel = WebChannel(
        answering or handler,
        history,
        folder,
        port=0,
        allowed_hosts=allowed_hosts,
        secure_cookie=secure_cookie,
        commands=COMMANDS,
        recordings=recordings,
        narrate=narrate,
        unfinished=unfinished,
        explain=explain,
        is_administrator=lambda user: user in administrators,
    )
    server = Served(channel, handler, history, folder)
    server.address = await channel.start()
    try:
        yield server
    finally:
        await channel.stop()
