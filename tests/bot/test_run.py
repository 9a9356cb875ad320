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
from core.errors import ModelRejectedError, SettingsError
from core.messages import ChatKey, IncomingMessage, UserKey
from core.model_switch import SwitchableModel
from core.settings import Settings, load_settings
from handlers.data_commands import CLEARED
from tests.core.pipeline_kitchen import cookbook
from tests.fakes.openai_behaviours import answers
from tests.fakes.openai_server import OpenAiServer
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


async def test_an_administrator_changes_the_model_for_everybody_and_for_good(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with OpenAiServer(default=answers("先炒蛋，", "再炒番茄。")).running() as server:
        changes = {"llm_base_url": server.base_url, "llm_choices": "openai:cook, internlm2:nowhere"}
        settings = load_settings(**(settings.model_dump() | changes))
        async with started(settings, monkeypatch) as platform:
            await platform.say("ann", "/model use openai/cook")
            assert (await platform.arrived(1))[0].text.startswith("这个命令我没看懂。")
            await platform.say("root", "/model use internlm2/nowhere")
            refused = (await platform.arrived(2))[1].text
            assert "composer。\n原因：LLM_MODEL: nowhere is no folder" in refused
            await platform.say("ann", "番茄炒蛋怎么做")
            assert "食材：" in (await platform.arrived(3))[2].text
            await platform.say("root", "/model use cook")
            switched = (await platform.arrived(4))[3].text
            assert switched.startswith("好的，从现在起用 openai/cook，对所有人都是。（cook at 127.0.0.1:")
            await platform.say("ann", "番茄炒蛋怎么做")
            assert "先炒蛋，再炒番茄。" in (await platform.arrived(5))[4].text

        async with started(settings, monkeypatch) as platform:
            await platform.say("bob", "/model")
            assert (await platform.arrived(1))[0].text.startswith("现在用的语言模型：openai/cook\n")


async def test_a_model_is_loaded_at_the_start_and_nobody_waits_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = asyncio.Event()

    async def load_for_ever(_model: SwitchableModel) -> None:
        loading.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(SwitchableModel, "load", load_for_ever)
    async with started(settings.model_copy(update={"models_load": "start"}), monkeypatch) as platform:
        await loading.wait()
        await platform.say("ann", "番茄炒蛋怎么做")
        await platform.arrived(1)


@pytest.mark.parametrize("models_load", ["start", "first_use"])
async def test_a_model_that_cannot_be_loaded_stops_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, models_load: str, caplog: pytest.LogCaptureFixture
) -> None:
    tried = asyncio.Event()

    async def refuse(_model: SwitchableModel) -> None:
        tried.set()
        raise ModelRejectedError("half a folder")

    monkeypatch.setattr(SwitchableModel, "load", refuse)
    async with started(settings.model_copy(update={"models_load": models_load}), monkeypatch) as platform:
        if models_load == "start":
            await tried.wait()
        await platform.say("ann", "番茄炒蛋怎么做")
        await platform.arrived(1)
    said = "model_not_loaded model=composer code=model_rejected" in caplog.text
    assert (said, tried.is_set()) == ((True, True) if models_load == "start" else (False, False))


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
