"""How the wiring puts inbox, platforms and administration together, over one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import bootstrap
from bot import run as run_module
from bot.bootstrap import Assistant, assembled
from bot.delivery import Accept
from bot.run import inbox_database_url, run
from core.errors import SettingsError
from core.messages import ChatKey, IncomingMessage, UserKey
from core.settings import Settings, load_settings
from handlers.data_commands import CLEARED
from tests.core.pipeline_kitchen import cookbook
from tests.fakes.recording_channel import RecordingChannel


class Platform(RecordingChannel):
    """A platform on which people can write."""

    async def start(self, accept: Accept) -> None:
        self.accept = accept

    async def say(self, user_id: str, *texts: str) -> None:
        for number, text in enumerate(texts):
            user, now = UserKey("telegram", user_id), datetime.now(UTC)
            message_id = f"{len(self.sent)}-{number}"
            await self.accept(IncomingMessage(ChatKey("telegram", user_id), user, message_id, text, now))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bootstrap, "open_retriever", lambda settings, progress, shelf: cookbook())
    return load_settings(
        data_dir=tmp_path / "data",
        embedder="none",
        image_backend="none",
        web_port=0,
        administrators="telegram:root",
    )


@asynccontextmanager
async def started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    """A bot that runs with one platform in memory."""
    platform, stop, announced = Platform(), asyncio.Event(), asyncio.Queue[str]()
    monkeypatch.setattr(run_module, "chat_platforms", lambda settings: {"telegram": platform})
    async with assembled(settings, lambda what, done, total: None) as assistant:
        running = asyncio.create_task(run(assistant, stop, announced.put_nowait))
        async with asyncio.timeout(30):
            assert (await announced.get()).startswith("食神在这里：http://127.0.0.1:")
            assert await announced.get() == "已连接：telegram"
        yield platform
        stop.set()
        await running
        assert_disconnected(assistant)


def assert_disconnected(assistant: Assistant) -> None:
    assert assistant.forgetters == []
    assert assistant.operations.waiting == 0


async def test_people_are_answered_blocked_and_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(settings, monkeypatch) as platform:
        await platform.say("ann", "番茄炒蛋怎么做")
        await platform.arrived(1)
        await platform.say("root", "/stats")
        stats = (await platform.arrived(2))[1].text.splitlines()
        assert stats[0] == "用户：1 位，7 天里来过 1 位，今天 1 位"
        await platform.say("root", "/broadcast 确认 今晚停机")
        sent = (await platform.arrived(5))[2:]
        assert {(delivery.chat_id, delivery.text) for delivery in sent} == {
            ("root", "正在发给 1 个聊天，送完了我再告诉你。"),
            ("ann", "今晚停机"),
            ("root", "广播送完了：1 个聊天收到了。"),
        }
        await platform.say("root", "/block ann")
        await platform.arrived(6)

    async with started(settings, monkeypatch) as platform:
        await platform.say("ann", "还在吗")
        await platform.say("root", "/unblock ann")
        [unblocked] = await platform.arrived(1)
        assert unblocked.text == "telegram:ann 又可以和我说话了。"
        await platform.say("ann", "/clear")
        assert (await platform.arrived(2))[1].text == CLEARED


class Starting(RecordingChannel):
    """A platform whose start ends as a test wants it to.

    Attributes:
        is_stopped: whether it was told to stop.
    """

    def __init__(self, name: str, start: Callable[[], Awaitable[object]]) -> None:
        super().__init__(name)
        self._start = start
        self.is_stopped = False

    async def start(self, accept: Accept) -> None:
        await self._start()

    async def stop(self) -> None:
        self.is_stopped = True


async def run_with(settings: Settings, monkeypatch: pytest.MonkeyPatch, *platforms: Starting) -> list[str]:
    """Run until all has been announced; returns that."""
    announced: list[str] = []
    stop = asyncio.Event()

    def announce(line: str) -> None:
        announced.append(line)
        if len(announced) == 1 + len(platforms):
            stop.set()

    monkeypatch.setattr(run_module, "chat_platforms", lambda settings: {p.name: p for p in platforms})
    async with assembled(settings, lambda what, done, total: None) as assistant:
        await run(assistant, stop, announce)
    return announced


async def test_platforms_start_side_by_side(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    both = asyncio.Barrier(2)
    platforms = [Starting(name, both.wait) for name in ("telegram", "feishu")]
    announced = await run_with(settings, monkeypatch, *platforms)
    assert announced[1:] == ["已连接：telegram", "已连接：feishu"]


async def test_a_platform_that_cannot_be_started_ends_the_start_of_the_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse() -> None:
        raise SettingsError("TELEGRAM_BOT_TOKEN", "wrong")

    refused, slow = Starting("telegram", refuse), Starting("feishu", asyncio.Event().wait)
    with pytest.raises(SettingsError, match="TELEGRAM_BOT_TOKEN"):
        await run_with(settings, monkeypatch, refused, slow)
    assert slow.is_stopped


def test_the_inbox_lies_beside_the_database_or_in_postgresql(tmp_path: Path) -> None:
    assert inbox_database_url(load_settings(data_dir=tmp_path)) == f"sqlite:///{tmp_path}/inbox.sqlite3"
    url = "postgresql://cook@db/shishen"
    assert inbox_database_url(load_settings(database_url=url)) == url
