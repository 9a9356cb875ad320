"""A running `python -m bot run`."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.whole.bot_process import BotProcess


@dataclass(frozen=True)
class RunningBot:
    """The process, the line that it printed, and the address in it."""

    bot: BotProcess
    process: Process
    said: str

    @property
    def address(self) -> str:
        return self.said.partition("：")[2].partition(" ")[0]

    async def beside(self, text: str) -> dict[str, Any]:
        """One turn in another process on the same data, while this one runs."""
        command = self.bot.command("chat", "--once", text, "--json")
        other = await asyncio.create_subprocess_exec(
            *command, cwd=self.bot.folder, env=self.bot.environment(), stdout=PIPE
        )
        output, _ = await other.communicate()
        assert other.returncode == 0
        data: dict[str, Any] = json.loads(output)
        return data


@asynccontextmanager
async def running(bot: BotProcess, **settings: str) -> AsyncIterator[RunningBot]:
    """Start the bot; at the end it is told to stop, if it has not been."""
    process = await asyncio.create_subprocess_exec(
        *bot.command("run"), cwd=bot.folder, env=bot.environment(LOG_LEVEL="error", **settings), stdout=PIPE
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    try:
        yield RunningBot(bot, process, line.decode().rstrip("\n"))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
