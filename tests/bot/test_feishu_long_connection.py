"""The long connection, with lark-oapi itself."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.feishu_api import ConnectionEndpoint
from bot.feishu_long_connection import ConnectionLimits, LongConnection
from core.errors import SettingsError, StorageError
from core.messages import IncomingMessage
from tests.bot.feishu_bench import QUICK, WITH_BUTTON, Bench, bench, make_channel
from tests.fakes.feishu_limits import Fault
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.feishu_world import APP_SECRET

HASTY = replace(QUICK, connection=replace(QUICK.connection, silence_seconds=0.4, accept_seconds=0.2))


def thread_names() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("feishu")]


async def test_a_message_is_acknowledged_once_stored() -> None:
    async with bench(mode="websocket") as b:
        may_store, is_storing = asyncio.Event(), asyncio.Event()

        async def hold(_message: IncomingMessage) -> None:
            is_storing.set()
            await may_store.wait()

        b.inbox.before = hold
        push = b.server.pushes.push(b.server.events.private_text("红烧肉怎么做"))
        await is_storing.wait()
        assert not push.acknowledged.is_set()
        may_store.set()
        await push.acknowledged.wait()
        assert push.attempts == 1
        assert [message.text for message in await b.inbox.first()] == ["红烧肉怎么做"]
    assert thread_names() == []


async def test_events_are_taken_side_by_side() -> None:
    """lark-oapi alone takes one after another: fifty slow stores would take fifty times as long."""
    async with bench(mode="websocket") as b:
        gathered = asyncio.Barrier(50)

        async def meet(_message: IncomingMessage) -> None:
            await gathered.wait()

        b.inbox.before = meet
        pushes = [
            b.server.pushes.push(b.server.events.private_text("饿了", chat=f"oc_{number}"))
            for number in range(50)
        ]
        await asyncio.gather(*(push.acknowledged.wait() for push in pushes))
        assert len(b.inbox.messages) == 50


async def test_what_is_not_stored_is_not_acknowledged_and_comes_again() -> None:
    async with bench(mode="websocket", options=HASTY) as b:
        ways = ["fails", "is slow", "works"]

        async def misbehave(_message: IncomingMessage) -> None:
            way = ways.pop(0)
            if way == "fails":
                raise StorageError("the disk sleeps", retryable=True)
            if way == "is slow":
                await asyncio.sleep(0.3)

        b.inbox.before = misbehave
        push = b.server.pushes.push(b.server.events.private_text("红烧肉怎么做"))
        await push.acknowledged.wait()
        assert push.attempts == 3
        assert len(b.inbox.messages) == 1


async def test_an_event_in_many_frames_arrives_whole() -> None:
    async with bench(mode="websocket") as b:
        b.server.pushes.frame_bytes = 1000
        text = "红烧肉" * 3000
        await b.server.pushes.push(b.server.events.private_text(text)).acknowledged.wait()
        assert [message.text for message in await b.inbox.first()] == [text]


async def test_a_button_pressed_shows_a_toast() -> None:
    async with bench(mode="websocket") as b:
        await b.channel.deliver_text(b.message(), WITH_BUTTON, key="k")
        push = b.server.pushes.push(b.server.events.pressed_button(b.server.world.sent[0], "下一步"))
        await push.acknowledged.wait()
        assert push.answer == {"toast": {"type": "info", "content": "收到"}}
        assert [message.text for message in await b.inbox.first()] == ["下一步怎么做"]


async def test_events_of_other_kinds_are_acknowledged() -> None:
    async with bench(mode="websocket") as b:
        push = b.server.pushes.push(b.server.events.event("im.message.message_read_v1", {"reader": {}}))
        await push.acknowledged.wait()
        assert push.attempts == 1
        assert b.inbox.calls == 0


async def _still_receives(b: Bench, ever: int) -> None:
    await b.server.pushes.wait_for_connections(ever=ever)
    await b.server.pushes.push(b.server.events.private_text("还在吗")).acknowledged.wait()
    assert "还在吗" in [message.text for message in await b.inbox.first()]


async def test_a_closed_connection_is_made_anew() -> None:
    async with bench(mode="websocket") as b:
        for number in range(3):
            await b.server.pushes.connections[0].socket.close(code=1001)
            await b.server.pushes.wait_for_connections(ever=number + 2)
        await _still_receives(b, 4)


async def test_a_half_open_connection_is_noticed_and_replaced() -> None:
    async with bench(mode="websocket", options=HASTY) as b:
        silent = b.server.pushes.connections[0]
        silent.silent = True
        started = asyncio.get_running_loop().time()
        await b.server.pushes.wait_for_connections(count=1, ever=2)
        assert asyncio.get_running_loop().time() - started < 3.0
        if silent in b.server.pushes.connections:
            b.server.pushes.connections.remove(silent)
            b.server.pushes.connections.append(silent)
            b.server.pushes.retry_seconds = (0.02,) * 50
            b.server.pushes.ack_seconds = 0.1
        await _still_receives(b, 2)


def test_by_default_a_silent_socket_is_noticed_within_twenty_seconds() -> None:
    closing_seconds = 1.0
    assert ConnectionLimits().silence_seconds + closing_seconds < 20


async def test_a_platform_that_answers_no_pings_of_its_own_is_left() -> None:
    """Its proxy may go on answering those of the WebSocket."""
    server = FeishuServer()
    server.pushes.ping_interval, server.pushes.answers_pings = 0.05, False
    async with bench(mode="websocket", options=HASTY, server=server) as b:
        await b.server.pushes.wait_for_connections(count=0, ever=2)
        server.pushes.answers_pings = True
        await _still_receives(b, 2)


async def test_connecting_is_tried_again_until_it_works() -> None:
    async with bench(mode="websocket") as b:
        b.server.faults.append(Fault("connection_endpoint", "status", times=3))
        await b.server.pushes.connections[0].socket.close(code=1001)
        await _still_receives(b, 2)
        assert b.server.count("connection_endpoint") == 5


async def test_a_platform_that_is_away_at_the_start_is_waited_for() -> None:
    server = FeishuServer()
    options = replace(QUICK, connection=replace(QUICK.connection, first_connect_seconds=0.01))
    server.faults.append(Fault("connection_endpoint", "drop_before", times=2))
    async with bench(mode="websocket", options=options, server=server) as b:
        await _still_receives(b, 1)


async def test_a_fifty_first_connection_is_a_settings_error() -> None:
    server = FeishuServer()
    server.pushes.refuse_endpoint = 1000040350
    async with server.running():
        channel = make_channel(server, mode="websocket")
        with pytest.raises(SettingsError) as caught:
            await channel.start(lambda _message: asyncio.sleep(0))
        assert caught.value.setting == "FEISHU_MODE"
    assert thread_names() == []


@pytest.mark.parametrize("moment", ["its thread has begun", "the platform was asked"])
async def test_a_start_that_is_given_up_leaves_no_thread(moment: str) -> None:
    """Also one whose thread has no loop yet, and one that waits for the platform."""
    was_asked = asyncio.Event()

    async def nowhere() -> ConnectionEndpoint:
        was_asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def never(_event: Mapping[str, object]) -> None:
        raise AssertionError

    connection = LongConnection("cli_a", nowhere, never, QUICK.connection)
    starting = asyncio.create_task(connection.start())
    await (was_asked.wait() if moment == "the platform was asked" else asyncio.sleep(0))
    starting.cancel()
    await connection.stop()
    assert starting.cancelled()
    assert thread_names() == []


async def test_stopping_acknowledges_what_is_being_stored() -> None:
    server = FeishuServer()
    async with server.running():
        channel = make_channel(server, mode="websocket")
        may_store, is_storing = asyncio.Event(), asyncio.Event()

        async def hold(_message: IncomingMessage) -> None:
            is_storing.set()
            await may_store.wait()

        await channel.start(hold)
        push = server.pushes.push(server.events.private_text("红烧肉怎么做"))
        await is_storing.wait()
        stopping = asyncio.create_task(channel.stop())
        may_store.set()
        await stopping
        await push.acknowledged.wait()
        assert push.attempts == 1
        await channel.stop()


async def test_two_bots_share_the_events_between_them() -> None:
    async with bench(mode="websocket") as b:
        other = make_channel(b.server, mode="websocket")
        await other.start(b.inbox.accept)
        await b.server.pushes.wait_for_connections(2)
        pushes = [
            b.server.pushes.push(b.server.events.private_text("饿了", chat=f"oc_{number}"))
            for number in range(40)
        ]
        await asyncio.gather(*(push.acknowledged.wait() for push in pushes))
        assert len(b.inbox.messages) == b.inbox.calls == 40
        await other.stop()


async def test_the_log_holds_neither_words_nor_secrets(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with bench(mode="websocket") as b:
        await b.server.pushes.push(b.server.events.private_text("秘密的红烧肉")).acknowledged.wait()
        await b.server.pushes.connections[0].socket.close(code=1001)
        await b.server.pushes.wait_for_connections(ever=2)
    captured = capfd.readouterr()
    written = caplog.text + captured.out + captured.err
    assert "feishu_connected" in written
    assert not [secret for secret in (APP_SECRET, "秘密", "ticket=", "access_key") if secret in written]
