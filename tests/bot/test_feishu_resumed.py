"""Answers that an earlier process, or an earlier attempt, had begun to show on a card."""

from __future__ import annotations

import pytest

from bot.feishu_channel import FeishuChannel
from core.messages import Reply, TextDelta
from tests.bot.feishu_bench import Bench, bench, make_channel


@pytest.mark.parametrize("restarts", [True, False], ids=["restarted", "same process"])
async def test_a_slow_second_attempt_ends_on_the_card_of_the_first(restarts: bool) -> None:
    """The second attempt's uuid leads to the first one's card: a card of its own would be seen by nobody."""
    async with bench() as b:
        message = b.message()
        first = b.channel.open_draft(message)
        await first.show(TextDelta("红烧肉要"))
        await b.server.until(lambda: b.texts == ["红烧肉要"])
        await first.close()
        channel = make_channel(b.server) if restarts else b.channel
        if restarts:
            await channel.start(b.inbox.accept)
        second = channel.open_draft(message)
        await second.show(TextDelta("红烧肉要小火"))
        await _another_is_shown(b, channel)
        await second.close()
        await channel.deliver_text(message, Reply("红烧肉要小火慢炖。"), key="k1")
        assert b.texts[0] == "红烧肉要小火慢炖。"
        assert len(b.texts) == 2
        await channel.stop()


async def _another_is_shown(b: Bench, channel: FeishuChannel) -> None:
    """Wait as long as it takes to show an answer that was begun later."""
    draft = channel.open_draft(b.message("拍黄瓜"))
    await draft.show(TextDelta("黄瓜拍碎"))
    await b.server.until(lambda: "黄瓜拍碎" in b.texts)
    await draft.close()
