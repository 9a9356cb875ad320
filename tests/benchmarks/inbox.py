"""How many turns a second the durable inbox takes, and how long one takes from accepted to delivered.

Run as: python -m tests.benchmarks.inbox [--turns 1000] [--chats 50] [--rate 10] [--synchronous normal]

A stand-in handler answers at once and a channel in memory takes the answer, so this is the inbox's own cost.
The first figure accepts as fast as it can, the second at `--rate` turns a second.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Literal

from bot.inbox import Inbox
from tests.bot.inbox_bench import database_url, message, sorry
from tests.fakes.recording_channel import Delivery, RecordingChannel
from tests.fakes.scripted_handler import ScriptedHandler


async def measured(
    folder: Path, turns: int, chats: int, rate: float, synchronous: Literal["normal", "full"]
) -> tuple[float, list[float]]:
    """Turns a second, and the milliseconds from accepting to delivery of each, sorted."""
    channel = RecordingChannel()
    begun: dict[str, float] = {}
    took: list[float] = []

    def on_sent(delivery: Delivery) -> None:
        took.append((time.perf_counter() - begun[delivery.message_id]) * 1000)

    channel.on_sent = on_sent
    inbox = Inbox(
        ScriptedHandler(), {channel.name: channel}, database_url(folder), sorry, synchronous=synchronous
    )
    await inbox.start()
    start = time.perf_counter()
    for number in range(turns):
        if rate:
            await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        begun[str(number)] = time.perf_counter()
        await inbox.accept(message(str(number), chat_id=str(number % chats)))
    await inbox.drained()
    seconds = time.perf_counter() - start
    await inbox.stop()
    order = [[int(d.message_id) for d in channel.sent if d.chat_id == str(chat)] for chat in range(chats)]
    assert sum(map(len, order)) == turns, "lost or doubled"
    assert all(chat == sorted(chat) for chat in order), "out of order"
    return turns / seconds, sorted(took)


def main() -> None:
    """Print the figures as a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--synchronous", choices=("normal", "full"), default="normal")
    options = parser.parse_args()
    for rate, turns in ((0.0, options.turns), (options.rate, round(options.rate * 20))):
        with tempfile.TemporaryDirectory() as folder:
            a_second, took = asyncio.run(
                measured(Path(folder), turns, options.chats, rate, options.synchronous)
            )
        p50, p99 = (took[int(len(took) * part)] for part in (0.5, 0.99))
        pace = f"{rate:g}/s" if rate else "as fast as possible"
        print(
            f"accepting {pace}: {a_second:.0f} turns/s, accepted→delivered p50 {p50:.0f} ms, p99 {p99:.0f} ms"
        )


if __name__ == "__main__":
    main()
