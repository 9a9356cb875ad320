"""Starting and checking: a wrong token, a wrong address and an unreachable server told apart; the webhook."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.telegram_memory import TelegramMemory
from bot.telegram_webhook import MAX_BODY_BYTES, SECRET_HEADER
from core.errors import SettingsError, StorageError
from tests.bot.telegram_kit import Inbox, channel_on, started
from tests.fakes.telegram_server import Fault, TelegramServer, bad_request
from tests.fakes.telegram_world import BOT_ID, BOT_NAME

SECRET = "a-Secret_of-32-characters-or-so-0"


@asynccontextmanager
async def hosted(server: TelegramServer, folder: Path) -> AsyncIterator[tuple[Inbox, str]]:
    """A channel in webhook mode, on an aiohttp server as the bot's is."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    listener = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    url = f"http://127.0.0.1:{port}/telegram/hook"
    channel = channel_on(server, folder, mode="webhook", webhook_url=url, webhook_secret=SECRET)
    app.add_routes(channel.routes())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    inbox = Inbox()
    await channel.start(inbox.accept)
    try:
        yield inbox, url
    finally:
        await channel.stop()
        await runner.cleanup()


async def posted(url: str, body: Any, **headers: str) -> int:
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status


async def test_check_says_who_the_bot_is(tmp_path: Path) -> None:
    async with TelegramServer().running() as server:
        found = await channel_on(server, tmp_path).check()
    assert found == (
        f"@{BOT_NAME} ({BOT_ID}); privacy mode is on: in groups it sees mentions, replies and commands"
    )


@pytest.mark.parametrize("action", ["check", "start"])
async def test_what_is_wrong_is_told_apart(tmp_path: Path, action: str, caplog: Any) -> None:
    async with TelegramServer().running() as server:
        token = f"{BOT_ID}:wrong-token-wrong-token"
        cases = {
            "TELEGRAM_BOT_TOKEN: Telegram refuses": channel_on(server, tmp_path, token=token),
            "TELEGRAM_API_URL: this server is not": channel_on(
                server, tmp_path, api_url=f"{server.api_url}/elsewhere"
            ),
            "TELEGRAM_API_URL: the server cannot be used": channel_on(
                server, tmp_path, api_url="http://127.0.0.1:1"
            ),
        }
        for expected, channel in cases.items():
            call = channel.check() if action == "check" else channel.start(Inbox().accept)
            with pytest.raises(SettingsError) as caught:
                await call
            assert caught.value.message.startswith(expected)
            assert "wrong-token" not in _everything_said_by(caught.value)
            assert not channel.is_receiving


def _everything_said_by(error: BaseException | None) -> str:
    said = ""
    while error is not None:
        said += f"{error!r} {error}"
        error = error.__cause__ or error.__context__
    return said


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"token": ""}, "TELEGRAM_BOT_TOKEN"),
        ({"token": "123:../../evil?x=aaaaaaaa"}, "TELEGRAM_BOT_TOKEN"),
        ({"api_url": "api.telegram.org"}, "TELEGRAM_API_URL"),
        ({"mode": "webhook", "webhook_url": "http://example.org/x"}, "TELEGRAM_WEBHOOK_URL"),
        ({"mode": "webhook", "webhook_url": "https://example.org"}, "TELEGRAM_WEBHOOK_URL"),
        ({"mode": "webhook", "webhook_url": "https://example.org/x"}, "TELEGRAM_WEBHOOK_SECRET"),
        (
            {"mode": "webhook", "webhook_url": "https://example.org/x", "webhook_secret": "short"},
            "TELEGRAM_WEBHOOK_SECRET",
        ),
    ],
)
def test_settings_that_cannot_be_right(tmp_path: Path, changes: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        channel_on(TelegramServer(), tmp_path, **{"api_url": "https://api.telegram.org", **changes})
    assert caught.value.setting == setting


async def test_the_command_menu_is_filled_in_both_languages(tmp_path: Path) -> None:
    async with started(tmp_path) as kit:
        menus = kit.server.methods.commands
    assert menus[""][1] == {"command": "help", "description": "怎么用"}
    assert menus["en"][1] == {"command": "help", "description": "How to use it"}


async def test_a_menu_that_is_refused_does_not_keep_the_bot_from_starting(tmp_path: Path) -> None:
    async with started(tmp_path, commands=(("Not A Name", "坏", "bad"),)) as kit:
        assert kit.channel.is_receiving


async def test_polling_takes_over_from_a_webhook(tmp_path: Path) -> None:
    async with TelegramServer().running() as server:
        server.feed.webhook.url = "https://example.org/old"
        channel, inbox = channel_on(server, tmp_path), Inbox()
        await channel.start(inbox.accept)
        await server.world.private_text("一")
        await inbox.wait_for(1)
        assert channel.routes() == []
        await channel.stop()


async def test_updates_come_by_webhook_and_again_when_they_were_not_stored(tmp_path: Path) -> None:
    async with TelegramServer().running() as server, hosted(server, tmp_path) as (inbox, _url):
        inbox.failures = 2
        await server.world.private_text("一")
        await server.world.private_text("二")
        await inbox.wait_for(2)
        assert inbox.texts == ["一", "二"]
        assert server.feed.webhook.failures == 2
        assert server.feed.webhook.secret == SECRET


async def test_forged_and_broken_posts_are_refused(tmp_path: Path) -> None:
    good = b'{"update_id": 1}'
    async with TelegramServer().running() as server, hosted(server, tmp_path) as (inbox, url):
        assert await posted(url, good) == 403
        assert await posted(url, good, **{SECRET_HEADER: SECRET[:-1]}) == 403
        assert await posted(url, good, **{SECRET_HEADER: "秘密"}) == 403
        for body in (b"", b"[]", b"{", b'{"update_id": "1"}', b"[" * 100_000, b" " * (MAX_BODY_BYTES + 1)):
            assert await posted(url, body, **{SECRET_HEADER: SECRET}) == 400
        assert await posted(url, b'{"update_id": 1, "message": 5}', **{SECRET_HEADER: SECRET}) == 200
        assert inbox.stored == []


async def test_a_webhook_is_slow_to_answer_until_the_update_is_stored(tmp_path: Path) -> None:
    async with TelegramServer().running() as server, hosted(server, tmp_path) as (inbox, _url):
        inbox.gate = asyncio.Event()
        await server.world.private_text("一")
        assert len(server.world.updates) == 1
        inbox.gate.set()
        await inbox.wait_for(1)


async def test_a_start_cut_short_leaves_nothing_open(tmp_path: Path) -> None:
    async with TelegramServer().running() as server:
        fault = Fault(gate=asyncio.Event())
        server.fail("getMe", fault)
        channel = channel_on(server, tmp_path)
        starting = asyncio.create_task(channel.start(Inbox().accept))
        await fault.reached.wait()
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await channel.stop()


async def test_memory_survives_forgets_and_says_what_is_wrong(tmp_path: Path) -> None:
    now = [1_700_000_000.0]
    path = tmp_path / "folder" / "memory.sqlite3"
    memory = TelegramMemory(path, lambda: now[0])
    await memory.open()
    await memory.keep("button", "a", "一")
    await memory.keep("button", "a", "二")
    await memory.close()
    with pytest.raises(StorageError):
        await memory.find("button", "a")
    await memory.open()
    assert (await memory.find("button", "a"), await memory.find("sent", "a")) == ("二", None)
    await memory.close()
    now[0] += 31 * 86_400
    await memory.open()
    assert await memory.find("button", "a") is None
    await memory.close()
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError):
        await TelegramMemory(path).open()


async def test_a_stop_does_not_wait_for_a_store_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram_polling._STORING_SECONDS", 0.05)
    async with started(tmp_path) as kit:
        kit.inbox.gate = asyncio.Event()
        update = await kit.server.world.private_text("一")
        while kit.server.feed._poller is not None:  # noqa: ASYNC110 - until the update has been fetched
            await asyncio.sleep(0)
        await kit.channel.stop()
        assert kit.server.feed.offset <= update["update_id"]


async def test_an_address_that_telegram_refuses_is_named(tmp_path: Path) -> None:
    async with TelegramServer().running() as server:
        channel = channel_on(
            server, tmp_path, mode="webhook", webhook_url="https://example.org/x", webhook_secret=SECRET
        )
        server.fail("setWebhook", Fault(error=bad_request("bad webhook: IP address 10.0.0.1 is reserved")))
        with pytest.raises(SettingsError) as caught:
            await channel.start(Inbox().accept)
    assert caught.value.setting == "TELEGRAM_WEBHOOK_URL"


def test_the_sdk_is_loaded_only_when_a_channel_starts() -> None:
    program = "import sys, bot.telegram_channel; sys.exit(bool({'telegram', 'httpx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
