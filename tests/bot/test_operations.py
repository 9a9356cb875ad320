"""What administrators see of the running bot, and whom it turns away."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from bot.access import AccessControl, AccessRules
from bot.operations import EnforcedBlockList, ObservedHandler, Operations
from core.messages import ChatKey, IncomingMessage, Reply, ReplyEvent, ReplyFinished, UserKey
from core.operator_ports import (
    BlockList,
    Workload,
)
from tests.fakes.memory_storage import MemoryBlockList

ANN = UserKey("telegram", "ann")
SORRY = Reply("抱歉", error_code="generate")
MESSAGE = IncomingMessage(ChatKey("telegram", "1"), ANN, "1", "你好", datetime.now(UTC))


class Cook:
    """Apologises to every message but the second."""

    def __init__(self) -> None:
        self.replies = [SORRY, Reply("好"), SORRY]

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        yield ReplyFinished(self.replies.pop(0))


async def test_apologies_are_counted_and_answers_pass() -> None:
    operations = Operations()
    workload: Workload = operations
    observed = ObservedHandler(Cook(), operations)
    said = [[event async for event in observed.handle(MESSAGE)] for _ in range(3)]
    assert said == [[ReplyFinished(SORRY)], [ReplyFinished(Reply("好"))], [ReplyFinished(SORRY)]]
    assert (workload.failed, workload.waiting) == (2, 0)


def test_what_waits_is_known_while_an_inbox_runs() -> None:
    operations = Operations()
    operations.count_waiting = lambda: 7
    assert operations.waiting == 7


async def test_blocking_takes_effect_at_once_and_after_a_restart() -> None:
    stored = MemoryBlockList()
    access = AccessControl(AccessRules())
    block_list: BlockList = EnforcedBlockList(stored, access)
    assert access.refusal(MESSAGE) is None
    assert [await block_list.block(ANN) for _ in range(2)] == [True, False]
    assert access.refusal(MESSAGE) == Reply("", refused=True)
    assert await block_list.blocked() == {ANN}

    restarted = AccessControl(AccessRules())
    block_list = EnforcedBlockList(stored, restarted)
    await block_list.load()
    assert restarted.refusal(MESSAGE) == Reply("", refused=True)
    assert [await block_list.unblock(ANN) for _ in range(2)] == [True, False]
    assert restarted.refusal(MESSAGE) is None
