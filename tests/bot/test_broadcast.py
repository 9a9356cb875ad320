"""Broadcasts: through the inbox, once to each chat, with a report of how many got it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot import inbox_queue
from bot.broadcast import BroadcastGate, Broadcasts
from bot.inbox import Inbox
from core.conversation import HistoryMessage
from core.errors import ChannelError, ChannelGoneError, StorageError
from core.messages import ChatKey, UserKey
from core.operator_ports import (
    Broadcaster,
    BroadcastResult,
)
from tests.bot.inbox_bench import LIMITS, database_url, message, sorry
from tests.fakes.memory_storage import MemoryBlockList, MemoryBroadcastLog, MemoryHistory, MemoryStatistics
from tests.fakes.recording_channel import RecordingChannel
from tests.fakes.scripted_handler import ScriptedHandler

ORDER = message("/broadcast 确认 今晚停机", message_id="77", chat_id="root", user_id="root")


@dataclass
class Hall:
    """An inbox, a platform, and people who asked something before."""

    broadcasts: Broadcasts
    inbox: Inbox
    channel: RecordingChannel
    block_list: MemoryBlockList

    async def told(self) -> dict[str, list[str]]:
        """What everybody was told once all is done."""
        await self.inbox.drained()
        return {sent.chat_id: self.channel.texts(sent.chat_id) for sent in self.channel.sent}


@asynccontextmanager
async def hall(
    folder: Path,
    *chats: ChatKey,
    log: MemoryBroadcastLog | None = None,
    channel: RecordingChannel | None = None,
    grace_seconds: float = 5,
) -> AsyncIterator[Hall]:
    history, block_list, channel = MemoryHistory(), MemoryBlockList(), channel or RecordingChannel()
    for chat in chats:
        asked = HistoryMessage("user", "问", f"user of {chat.chat_id}", ORDER.received_at)
        await history.append(chat, [asked])
    broadcasts = Broadcasts(MemoryStatistics(history), block_list, log or MemoryBroadcastLog())
    handler = BroadcastGate(ScriptedHandler())
    channels = {"telegram": channel}
    inbox = Inbox(handler, channels, database_url(folder), sorry, limits=LIMITS, settled=broadcasts.settled)
    broadcasts.connect(inbox.accept, channels)
    await inbox.start()
    try:
        yield Hall(broadcasts, inbox, channel, block_list)
    finally:
        await inbox.stop(grace_seconds)
        broadcasts.disconnect()


def telegram(*chat_ids: str) -> tuple[ChatKey, ...]:
    return tuple(ChatKey("telegram", chat_id) for chat_id in chat_ids)


async def test_every_chat_gets_it_and_whoever_ordered_it_a_report(tmp_path: Path) -> None:
    async with hall(tmp_path, *telegram("1", "-100", "root"), ChatKey("web", "page")) as place:
        broadcaster: Broadcaster = place.broadcasts
        assert await broadcaster.audience(ORDER) == 2
        assert await broadcaster.send("今晚停机", ORDER) == 2
        assert await place.told() == {
            "1": ["今晚停机"],
            "-100": ["今晚停机"],
            "root": ["广播送完了：2 个聊天收到了。"],
        }


async def test_the_same_order_again_sends_nothing_new(tmp_path: Path) -> None:
    async with hall(tmp_path, *telegram("1")) as place:
        for _ in range(2):
            assert await place.broadcasts.send("今晚停机", ORDER) == 1
        assert (await place.told())["1"] == ["今晚停机"]
        await place.broadcasts.send("今晚停机", replace(ORDER, message_id="78"))
        assert (await place.told())["1"] == ["今晚停机", "今晚停机"]


async def test_chats_that_are_gone_and_refusals_are_reported(tmp_path: Path) -> None:
    async with hall(tmp_path, *telegram("1")) as place:
        place.channel.failures = [ChannelGoneError("blocked")]
        await place.broadcasts.send("今晚停机", ORDER)
        report = "广播送完了：0 个聊天收到了，1 个已经不在了（把我移出、拉黑，或解散了）。"
        assert await place.told() == {"root": [report]}
        place.channel.sent.clear()
        place.channel.failures = [ChannelError("no"), ChannelError("not even an apology")]
        await place.broadcasts.send("今晚停机", replace(ORDER, message_id="78"))
        assert await place.told() == {"root": ["广播送完了：0 个聊天收到了，1 个没能送到。"]}


async def test_the_blocked_hear_nothing(tmp_path: Path) -> None:
    async with hall(tmp_path, *telegram("1", "2")) as place:
        await place.block_list.block(UserKey("telegram", "user of 1"))
        assert await place.broadcasts.send("今晚停机", ORDER) == 1
        assert set(await place.told()) == {"2", "root"}


async def test_an_order_from_the_page_is_carried_out_without_a_report(tmp_path: Path) -> None:
    async with hall(tmp_path, *telegram("1")) as place:
        asked = message("/broadcast", chat_id="page", channel="web")
        assert await place.broadcasts.send("今晚停机", asked) == 1
        assert await place.told() == {"1": ["今晚停机"]}


async def test_after_a_restart_the_report_comes_too(tmp_path: Path) -> None:
    log, slow = MemoryBroadcastLog(), RecordingChannel()
    async with hall(tmp_path, *telegram("1", "2"), log=log, channel=slow, grace_seconds=0.05) as place:
        slow.gate = asyncio.Event()
        assert await place.broadcasts.send("今晚停机", ORDER) == 2
    assert slow.sent == []
    async with hall(tmp_path, log=log) as place:
        assert await place.told() == {
            "1": ["今晚停机"],
            "2": ["今晚停机"],
            "root": ["广播送完了：2 个聊天收到了。"],
        }


async def test_what_the_log_refused_is_noted_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(MemoryBroadcastLog):
        refusals = 1

        async def settle(self, broadcast_id: str, chat: ChatKey, outcome: str) -> BroadcastResult | None:
            if self.refusals:
                self.refusals -= 1
                raise StorageError("disk full")
            return await super().settle(broadcast_id, chat, outcome)

    monkeypatch.setattr(inbox_queue, "_REPAIR_SECONDS", 0.01)
    async with hall(tmp_path, *telegram("1"), log=Forgetful()) as place:
        await place.broadcasts.send("今晚停机", ORDER)
        assert await place.told() == {"1": ["今晚停机"], "root": ["广播送完了：1 个聊天收到了。"]}


async def test_without_an_inbox_there_is_nobody_to_tell(tmp_path: Path) -> None:
    async with hall(tmp_path, *telegram("1")) as place:
        place.broadcasts.disconnect()
        assert await place.broadcasts.audience(ORDER) == 0
        assert await place.broadcasts.send("今晚停机", ORDER) == 0
        assert await place.told() == {}


async def test_what_people_write_is_answered_by_the_handler(tmp_path: Path) -> None:
    async with hall(tmp_path) as place:
        await place.inbox.accept(message("broadcast-1", message_id="1"))
        answered = await place.told()
        assert answered.keys() == {"1"}
        assert answered["1"] != ["broadcast-1"]
