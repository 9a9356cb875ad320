"""The web server's start and stop: ports, addresses, and answers under way when it stops."""

from __future__ import annotations

import asyncio
import socket
import uuid
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.web_channel import WebChannel
from core.errors import SettingsError
from core.model_shelf import LoadState, ModelStatus
from tests.bot.web_client import next_event, served
from tests.fakes.memory_storage import MemoryHistory
from tests.fakes.scripted_handler import ScriptedHandler, gated_answer

FIRST = str(uuid.UUID(int=1))
SECOND = str(uuid.UUID(int=2))


async def test_stopping_lets_answers_finish(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with served(tmp_path) as server, server.client() as client:
        server.handler.scripts["一"] = gated_answer(gate, "完")
        async with client.post("一", FIRST) as response:
            await next_event(response)
            await next_event(response)
            stopping = asyncio.create_task(server.channel.stop())
            gate.set()
            assert (await next_event(response))["text"] == "完"
            await stopping
        assert server.handler.finished == [FIRST]


async def test_stopping_cancels_what_does_not_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web_channel.STOP_GRACE_SECONDS", 0.01)
    async with served(tmp_path) as server, server.client() as client:
        server.handler.scripts["一"] = gated_answer(asyncio.Event(), "完")
        async with client.post("一", FIRST) as one, client.post("二", SECOND) as two:
            await next_event(one)
            await next_event(one)
            await next_event(two)
            await server.channel.stop()
            assert (await next_event(one))["type"] == "failed"
            assert (await next_event(two))["type"] == "failed"
        assert server.handler.cancelled == [FIRST]
        assert [m.text for m in server.handler.handled] == ["一"]
        with pytest.raises(OSError, match="Cannot connect"):
            await client.session.get("/healthz")


def channel_on(host: str, port: int, folder: Path) -> WebChannel:
    return WebChannel(ScriptedHandler(), MemoryHistory(), folder, host=host, port=port)


async def test_any_free_port_is_printed(tmp_path: Path) -> None:
    channel = channel_on("localhost", 0, tmp_path)
    address = await channel.start()
    async with ClientSession() as session, session.get(f"{address}/healthz") as response:
        assert response.status == 200
    await channel.stop()
    await channel.stop()


async def test_health_names_the_models_of_this_process(tmp_path: Path) -> None:
    statuses = [
        ModelStatus("bce/embedder", LoadState.LOADED, 1_000, 2.5),
        ModelStatus("internlm2/cook", LoadState.LOADING, 2_000),
    ]
    channel = WebChannel(ScriptedHandler(), MemoryHistory(), tmp_path, port=0, models=lambda: statuses)
    address = await channel.start()
    async with ClientSession() as session, session.get(f"{address}/healthz") as response:
        models = [
            {"name": "bce/embedder", "state": "loaded"},
            {"name": "internlm2/cook", "state": "loading"},
        ]
        assert await response.json() == {"status": "ok", "models": models}
    await channel.stop()


async def test_listening_everywhere_prints_an_address_to_open(tmp_path: Path) -> None:
    channel = channel_on("0.0.0.0", 0, tmp_path)  # noqa: S104
    address = await channel.start()
    assert address.startswith("http://127.0.0.1:")
    async with ClientSession(headers={"Host": "192.168.1.5:8080"}) as session:
        async with session.get(address) as response:
            assert response.status == 200
        async with session.get(address, headers={"Host": "evil.example"}) as response:
            assert response.status == 403
    await channel.stop()


async def test_a_busy_port_is_a_wrong_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"^WEB_PORT: port {port} on 127.0.0.1 is taken by another"):
            await channel_on("127.0.0.1", port, tmp_path).start()


async def test_a_foreign_address_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^WEB_HOST: cannot listen on 192\.0\.2\.1"):
        await channel_on("192.0.2.1", 0, tmp_path).start()
