"""How long it takes to reply on Feishu, with this bot's REST or with lark-oapi's own asynchronous one.

Run as: python -m tests.benchmarks.feishu_replies ours|lark DOMAIN MESSAGE_ID COUNT
It prints replies a second, after one reply that fetches the token; sixteen are under way at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

from bot.feishu_api import FeishuApi
from bot.feishu_http import FeishuHttp, Patience
from bot.feishu_pacing import FeishuLimits
from tests.fakes.feishu_world import APP_ID, APP_SECRET

_AT_ONCE = 16
_UNPACED = FeishuLimits(chat_per_second=10**6, calls_per_second=10**6, calls_per_minute=10**6)
_CONTENT = {"text": "番茄炒蛋：番茄 300 克，鸡蛋 3 个。"}
Reply = Callable[[int], Awaitable[None]]


async def replies_a_second(reply: Reply, count: int) -> float:
    """Make `count` replies."""
    numbers = iter(range(1, count + 1))

    async def work() -> None:
        for number in numbers:
            await reply(number)

    await reply(0)
    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return count / (time.perf_counter() - start)


async def ours(domain: str, message_id: str, count: int) -> float:
    """`bot.feishu_api`."""
    api = FeishuApi(
        FeishuHttp(APP_ID, APP_SECRET, domain, timeout_seconds=30, patience=Patience(), limits=_UNPACED),
        APP_ID,
        APP_SECRET,
    )
    await api.open()

    async def reply(number: int) -> None:
        await api.reply(message_id, "text", _CONTENT, uuid=f"ours-{number}")

    try:
        return await replies_a_second(reply, count)
    finally:
        await api.close()


async def lark(domain: str, message_id: str, count: int) -> float:
    """lark-oapi's `areply`."""
    import lark_oapi
    from lark_oapi.api.im.v1 import ReplyMessageRequest, ReplyMessageRequestBody

    client = lark_oapi.Client.builder().app_id(APP_ID).app_secret(APP_SECRET).domain(domain).build()
    content = json.dumps(_CONTENT, ensure_ascii=False)

    async def reply(number: int) -> None:
        body = ReplyMessageRequestBody.builder().msg_type("text").content(content).uuid(f"lark-{number}")
        request = ReplyMessageRequest.builder().message_id(message_id).request_body(body.build()).build()
        response = await client.im.v1.message.areply(request)
        if not response.success():
            raise RuntimeError(f"refused with {response.code}")

    return await replies_a_second(reply, count)


def main() -> None:
    """Print the figure."""
    which, domain, message_id, count = sys.argv[1:]
    work = {"ours": ours, "lark": lark}[which]
    print(asyncio.run(work(domain, message_id, int(count))))


if __name__ == "__main__":
    main()
