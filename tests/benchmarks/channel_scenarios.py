"""What the benchmark of the channels tries, and the lines of its table."""

from __future__ import annotations

import asyncio
import math
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import channel_processes as processes
from tests.benchmarks.channel_questions import FeishuQuestions, Question, Questions, TelegramQuestions
from tests.fakes.feishu_limits import RateLimits
from tests.fakes.feishu_world import APP_ID, APP_SECRET

CHATS = 50
_UNPACED = {
    "TELEGRAM_MESSAGES_PER_SECOND": "1000",
    "TELEGRAM_CHAT_MESSAGES_PER_SECOND": "30",
    "FEISHU_CHAT_MESSAGES_PER_SECOND": "1000",
    "FEISHU_CALLS_PER_SECOND": "10000",
    "FEISHU_CALLS_PER_MINUTE": "1000000",
}
_NOTICED_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Sizes:
    """How long each figure is measured."""

    sustained_turns: int = 10_000
    memory_turns: int = 1_000
    echoes: int = 3_000
    seconds: float = 30.0
    feishu_turns: int = 1_000
    our_replies: int = 3_000
    lark_replies: int = 200


QUICK = Sizes(600, 200, 600, 5.0, 200, 500, 40)


@dataclass
class Table:
    """Figures with the bars that they are held to."""

    lines: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, figure: str, bar: str = "", *, reached: bool | None = None) -> None:
        verdict = {None: "", True: "yes", False: "NO"}[reached]
        self.lines.append((what, figure, bar, verdict))
        print(f"  {what}: {figure}  {bar} {verdict}", flush=True)

    def as_markdown(self) -> str:
        head = ("figure", "measured", "bar", "reached")
        return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * 4, *self.lines))


@dataclass
class Bench:
    """Both fakes, and a folder with an index and the pictures of all dishes asked for."""

    kitchen: Path
    telegram: TelegramQuestions
    feishu: FeishuQuestions
    sizes: Sizes
    table: Table = field(default_factory=Table)

    @asynccontextmanager
    async def bot(self, **settings: str) -> AsyncIterator[Process]:
        async with processes.bot(self.kitchen, **self.tokens, **settings) as process:
            yield process

    @property
    def tokens(self) -> dict[str, str]:
        return {
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_API_URL": self.telegram.api_url,
            "FEISHU_APP_ID": APP_ID,
            "FEISHU_APP_SECRET": APP_SECRET,
            "FEISHU_DOMAIN": self.feishu.domain,
        }

    def limit(self, *, on: bool) -> None:
        """Switch the platforms' rate limits."""
        self.telegram.limits.on = on
        self.feishu.rates.limits = RateLimits() if on else None


async def warm_up(bench: Bench) -> None:
    """Build the index, and draw the picture of every dish."""
    async with processes.first_start(bench.kitchen, **bench.tokens, **_UNPACED):
        await bench.telegram.at_once(len(bench.telegram.dishes), 1)
    if not _is_whole(bench.telegram):
        raise RuntimeError(f"{bench.telegram.mistakes} {len(bench.telegram.done)} answered")


async def sustained(bench: Bench) -> None:
    """Telegram as fast as it goes, with the memory that it takes; and the same of a bare echo."""
    telegram, sizes, table = bench.telegram, bench.sizes, bench.table
    telegram.begin()
    async with bench.bot(**_UNPACED) as process:
        asking = asyncio.create_task(telegram.one_after_another(CHATS, sizes.sustained_turns))
        await telegram.until_done(sizes.memory_turns)
        early, begun = processes.resident_megabytes(process), processes.processor_seconds(process)
        done = len(telegram.done)
        await asking
        late, busy = processes.resident_megabytes(process), processes.processor_seconds(process) - begun
        milliseconds = 1000 * busy / (len(telegram.done) - done)
    turns, slowest = _rates(telegram)
    minute = _first_minute(telegram)
    lost = f"{len(telegram.asked) - len(telegram.done)} lost, {_mistakes(telegram)}"
    enough = minute >= 30 and _is_whole(telegram)
    table.add(
        "Telegram, full recipe turns, the first minute",
        f"{minute:.0f}/s, {lost}",
        "≥ 30/s, none lost, in order",
        reached=enough,
    )
    what = f"Telegram, {sizes.sustained_turns} full recipe turns in {CHATS} chats"
    figure = f"{turns:.0f}/s (slowest 10 s: {slowest:.0f}/s), {lost}"
    table.add(what, figure)
    table.add("the bot's processor time", f"{milliseconds:.1f} ms a turn")
    growth = late / early - 1
    table.add(
        f"resident memory after {sizes.memory_turns} and {sizes.sustained_turns} turns",
        f"{early:.0f} MB → {late:.0f} MB ({growth:+.1%})",
        "within 10 %",
        reached=abs(growth) <= 0.1,
    )
    await _echoed(bench, turns)


async def _echoed(bench: Bench, turns: float) -> None:
    telegram = bench.telegram
    telegram.begin()
    telegram.with_picture = False
    try:
        async with processes.echo(bench.kitchen, telegram.api_url, telegram.token):
            await telegram.one_after_another(CHATS, bench.sizes.echoes)
    finally:
        telegram.with_picture = True
    echoes, _ = _rates(telegram)
    bench.table.add("python-telegram-bot 22 on httpx, bare echo", f"{echoes:.0f}/s")
    bench.table.add("ratio of full turns to bare echoes", f"{turns / echoes:.2f}")


async def latency(bench: Bench) -> None:
    """From update to first byte at ten turns a second, from the first second on; everything by default."""
    bench.limit(on=True)
    for name, questions in (("Telegram", bench.telegram), ("Feishu", bench.feishu)):
        questions.begin()
        async with bench.bot():
            for state in ("just started", "warm"):
                questions.begin()
                await questions.at_rate(CHATS, 10, bench.sizes.seconds)
                _add_latency(
                    bench.table, f"{name}, 10 turns/s, {state}", questions, has_bar=name == "Telegram"
                )


def _add_latency(table: Table, what: str, questions: Questions, *, has_bar: bool) -> None:
    sign = _percentiles([q.sign_at - q.asked_at for q in questions.done])
    text = [q.text_at - q.asked_at for q in questions.done]
    p99 = sorted(text)[math.ceil(len(text) * 0.99) - 1] if text else math.inf
    table.add(
        f"{what}: update → first byte of the answer",
        f"{_percentiles(text)} (any sign of life: {sign})",
        "p99 ≤ 250 ms" if has_bar else "",
        reached=p99 <= 0.25 and _is_whole(questions) if has_bar else None,
    )


async def feishu_turns(bench: Bench) -> None:
    """Feishu as fast as it goes."""
    feishu = bench.feishu
    bench.limit(on=False)
    feishu.begin()
    async with bench.bot(**_UNPACED):
        await feishu.one_after_another(CHATS, bench.sizes.feishu_turns)
    turns, _ = _rates(feishu)
    bench.table.add(
        f"Feishu, {bench.sizes.feishu_turns} full recipe turns in {CHATS} chats",
        f"{turns:.0f}/s, {2 * turns:.0f} replies/s, {_mistakes(feishu)}",
    )


async def feishu_replies(bench: Bench) -> None:
    """Our REST beside lark-oapi's."""
    bench.limit(on=False)
    event = bench.feishu.events.private_text("番茄炒蛋怎么做", user="ou_0", chat="oc_0")
    message_id = event["event"]["message"]["message_id"]
    bench.feishu.ignore()
    figures = {}
    for which, count in (("ours", bench.sizes.our_replies), ("lark", bench.sizes.lark_replies)):
        arguments = ("tests.benchmarks.feishu_replies", which, bench.feishu.domain, message_id, str(count))
        figures[which] = float(await processes.output_of(bench.kitchen, *arguments))
    bench.feishu.listen()
    ratio = figures["ours"] / figures["lark"]
    bench.table.add(
        "Feishu, our REST", f"{figures['ours']:.0f} replies/s", "≥ 50/s", reached=figures["ours"] >= 50
    )
    bench.table.add("lark-oapi 1.7.5, its own areply", f"{figures['lark']:.0f} replies/s")
    bench.table.add("ratio", f"{ratio:.1f}", "≥ 20", reached=ratio >= 20)


async def limited(bench: Bench) -> None:
    """With the platforms' rate limits: 200 questions from 50 chats, and a burst of 250."""
    bench.limit(on=True)
    for name, questions in (("Telegram", bench.telegram), ("Feishu", bench.feishu)):
        for chats, each in ((50, 4), (250, 1)):
            questions.begin()
            refused = bench.telegram.limits.refused + bench.feishu.rates.refused
            start = time.monotonic()
            async with bench.bot():
                start = time.monotonic()
                await questions.at_once(chats, each)
            seconds = max((q.done_at for q in questions.done), default=start) - start
            refused = bench.telegram.limits.refused + bench.feishu.rates.refused - refused
            bench.table.add(
                f"{name}, limits on, {chats * each} questions from {chats} chats at once",
                f"{len(questions.done)} complete in {seconds:.0f} s, {_mistakes(questions)}, {refused} × 429",
                "all, in order",
                reached=_is_whole(questions) and len(questions.done) == chats * each,
            )


async def half_open(bench: Bench) -> None:
    """How long until a Feishu connection that has fallen silent is replaced."""
    pushes = bench.feishu.pushes
    async with bench.bot():
        await pushes.wait_for_connections()
        count, start = pushes.connection_count, time.monotonic()
        for connection in pushes.connections:
            connection.silent = True
        async with asyncio.timeout(_NOTICED_WITHIN_SECONDS):
            await pushes.wait_for_connections(1, ever=count + 1)
        seconds = time.monotonic() - start
    what = "Feishu, half-open connection: silent → replaced"
    bench.table.add(what, f"{seconds:.1f} s", "≤ 20 s", reached=seconds <= 20)


def _is_whole(questions: Questions) -> bool:
    return len(questions.done) == len(questions.asked) > 0 and not questions.mistakes


def _mistakes(questions: Questions) -> str:
    return ", ".join(f"{count} {what}" for what, count in questions.mistakes.items()) or "in order"


def _rates(questions: Questions) -> tuple[float, float]:
    """Answers a second over all, and over the slowest whole ten seconds."""
    done: list[Question] = questions.done
    start, end = questions.asked[0].asked_at, done[-1].done_at
    tens = [0] * max(1, int((end - start) // 10))
    for question in done:
        ten = int((question.done_at - start) // 10)
        if ten < len(tens):
            tens[ten] += 1
    overall = len(done) / (end - start)
    return overall, min(tens) / 10 if end - start >= 10 else overall


def _first_minute(questions: Questions) -> float:
    """Answers a second over the first 60 s, or over all where that was less."""
    done: list[Question] = questions.done
    start = questions.asked[0].asked_at
    seconds = min(60.0, done[-1].done_at - start)
    return sum(question.done_at - start <= seconds for question in done) / seconds


def _percentiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    if not ordered:
        return "none"
    p50, p99 = (ordered[math.ceil(len(ordered) * part) - 1] * 1000 for part in (0.5, 0.99))
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"
