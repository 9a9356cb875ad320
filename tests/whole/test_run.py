"""`python -m bot run`: the page is there, other processes may work beside it, and it stops when told to."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from aiohttp import ClientSession, CookieJar

from tests.bot.web_client import Client
from tests.whole.bot_process import BotProcess
from tests.whole.running_bot import running


async def test_a_question_over_http_and_one_beside_it(bot: BotProcess) -> None:
    async with running(bot) as page:
        async with ClientSession(page.address, cookie_jar=CookieJar(unsafe=True)) as session:
            async with session.get("/healthz") as response:
                assert await response.json() == {"status": "ok", "models": []}
            async with session.get("/") as response:
                assert "食神" in await response.text()
            client = Client(session, page.address)
            events = await client.ask("番茄炒蛋怎么做")
            assert events[-1]["reply"]["recipe"]["name"] == "番茄炒蛋"

            beside = await page.beside("红烧肉怎么做")
            assert beside["recipe"]["name"] == "红烧肉"

            follow_up = await client.ask("要多少盐")
            assert follow_up[-1]["reply"]["text"].startswith("盐的用量（2 人份）：")
            long = await client.ask("盐" * 3000)
            assert long[-1]["reply"]["text"].startswith("这段话有 3000 个字，太长了")
        page.process.send_signal(signal.SIGTERM)
        assert await page.process.wait() == 0
        assert page.said == f"食神在这里：{page.address}  （按 Ctrl-C 停止）"


async def test_check_knows_a_running_bot_from_another_program(bot: BotProcess, tmp_path: Path) -> None:
    async with running(bot) as page:
        port = page.address.rpartition(":")[2]
        outcome = bot.run("check", WEB_PORT=port, COLUMNS="200")
        assert outcome.returncode == 0
        assert f"{page.address}, in use by a running bot" in outcome.stdout
    assert page.process.returncode == 0


def test_a_busy_port_is_named(bot: BotProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = bot.run("run", WEB_PORT=str(port))
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        f"设置有误 WEB_PORT: port {port} on 127.0.0.1 is taken by another program; "
        "choose another, or 0 for any free port\n"
    )
