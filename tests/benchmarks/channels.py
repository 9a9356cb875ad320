"""Telegram and Feishu under load: the bot as its users run it against the fakes, in processes of their own.

Run as: python -m tests.benchmarks.channels [--quick] [--only sustained latency …]

`python -m bot run` answers with the embedded composer, from the index of its own cookbook and from pictures
that are drawn already; a full recipe turn is typing, the recipe's text with buttons, and its picture. The
figures of docs/benchmarks.md come from here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

from index.build import COOKBOOK_DIR
from tests.benchmarks import channel_scenarios as scenarios
from tests.benchmarks.channel_questions import FeishuQuestions, TelegramQuestions
from tests.benchmarks.channel_scenarios import QUICK, Bench, Sizes

_DISHES = 24
_SCENARIOS = {
    "sustained": scenarios.sustained,
    "latency": scenarios.latency,
    "feishu_turns": scenarios.feishu_turns,
    "feishu_replies": scenarios.feishu_replies,
    "limited": scenarios.limited,
    "half_open": scenarios.half_open,
}


def dishes() -> list[str]:
    """Some dishes of the cookbook."""
    lines = (COOKBOOK_DIR / "home.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["name"] for line in lines[:_DISHES]]


async def measured(sizes: Sizes, wanted: list[str], kitchen: Path) -> str:
    """The table."""
    telegram, feishu = TelegramQuestions(dishes()), FeishuQuestions(dishes())
    bench = Bench(kitchen, telegram, feishu, sizes)
    async with telegram.running(), feishu.running():
        await scenarios.warm_up(bench)
        for name in wanted:
            start = time.monotonic()
            print(f"{name} (load {os.getloadavg()[0]:.1f})", flush=True)
            await _SCENARIOS[name](bench)
            print(f"  {time.monotonic() - start:.0f} s", flush=True)
    return bench.table.as_markdown()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer turns: a look, no figures")
    parser.add_argument("--only", nargs="+", choices=list(_SCENARIOS), default=list(_SCENARIOS))
    parser.add_argument("--turns", type=int, default=Sizes.sustained_turns, help="of `sustained`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = asyncio.run(
            measured(
                QUICK if options.quick else Sizes(sustained_turns=options.turns), options.only, Path(folder)
            )
        )
    print(f"\n{table}")


if __name__ == "__main__":
    main()
