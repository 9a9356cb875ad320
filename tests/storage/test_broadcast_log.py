"""The contract of what is kept of broadcasts under way."""

from __future__ import annotations

from datetime import timedelta

from core.messages import ChatKey, IncomingMessage, UserKey
from core.operator_ports import (
    BroadcastAudience,
    BroadcastLog,
    BroadcastResult,
)
from storage.broadcast_log import SqlBroadcastLog
from storage.personal_data import SqlPersonalData
from storage.session import Database
from tests.storage.conftest import NOON, Clock, Stores

ORDER = IncomingMessage(
    ChatKey("telegram", "-100", "7"),
    UserKey("telegram", "root"),
    "77",
    "/broadcast 确认 停机",
    NOON,
    is_group=True,
)
ASKED = IncomingMessage(ORDER.chat, ORDER.user, ORDER.message_id, "", NOON, is_group=True)
ANN, BOB, TOPIC = ChatKey("telegram", "1"), ChatKey("feishu", "1"), ChatKey("telegram", "1", "9")
CHATS = (ANN, BOB, TOPIC)


class TestBroadcastLog:
    async def test_the_result_is_known_with_the_last_chat(self, stores: Stores) -> None:
        log: BroadcastLog = stores.broadcast_log
        assert await log.begin("b", ORDER, CHATS) == BroadcastAudience(3, CHATS)
        assert await log.settle("b", ANN, "sent") is None
        assert await log.settle("b", BOB, "gone") is None
        assert await log.settle("b", TOPIC, "expired") == BroadcastResult(ASKED, sent=1, gone=1, failed=1)

    async def test_the_same_news_again_change_nothing(self, stores: Stores) -> None:
        log = stores.broadcast_log
        await log.begin("b", ORDER, (ANN, BOB))
        for outcome in ("sent", "gone"):
            assert await log.settle("b", ANN, outcome) is None
        for _ in range(2):
            assert await log.settle("b", BOB, "sent") == BroadcastResult(ASKED, sent=2, gone=0, failed=0)

    async def test_the_same_order_again_goes_to_who_is_left(self, stores: Stores) -> None:
        log = stores.broadcast_log
        await log.begin("b", ORDER, (ANN, BOB))
        await log.settle("b", ANN, "sent")
        assert await log.begin("b", ORDER, CHATS) == BroadcastAudience(2, (BOB,))
        assert await log.begin("another", ORDER, CHATS) == BroadcastAudience(3, CHATS)

    async def test_what_was_never_begun_has_no_result(self, stores: Stores) -> None:
        assert await stores.broadcast_log.settle("b", ANN, "sent") is None


async def test_whoever_is_forgotten_has_ordered_nothing(database: Database) -> None:
    log = SqlBroadcastLog(database)
    for broadcast_id in ("done", "under way"):
        await log.begin(broadcast_id, ORDER, (ANN,))
    await log.settle("done", ANN, "sent")
    await SqlPersonalData(database).forget(ORDER.user)
    assert await log.settle("done", ANN, "sent") is None
    assert await log.settle("under way", ANN, "sent") is not None


async def test_orders_are_kept_for_a_week(sqlite: Database) -> None:
    clock = Clock()
    log = SqlBroadcastLog(sqlite, clock)
    await log.begin("b", ORDER, (ANN,))
    clock.now += timedelta(days=6)
    assert await log.begin("b", ORDER, (BOB,)) == BroadcastAudience(1, (ANN,))
    clock.now += timedelta(days=2)
    assert await log.begin("b", ORDER, (BOB,)) == BroadcastAudience(1, (BOB,))
