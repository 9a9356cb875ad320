"""The processes that the benchmark of the channels measures, each on its own beside the fakes."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
_START_SECONDS = 120.0


@asynccontextmanager
async def bot(kitchen: Path, **settings: str) -> AsyncIterator[Process]:
    """`python -m bot run` on a copy of `kitchen` (index and pictures), with an empty database."""
    with TemporaryDirectory() as name:
        for folder in ("index", "pictures"):
            shutil.copytree(kitchen / folder, Path(name) / folder)
        async with _running(
            "bot", "run", data_dir=Path(name), log=kitchen / "bot.log", **settings
        ) as process:
            yield process


@asynccontextmanager
async def first_start(kitchen: Path, **settings: str) -> AsyncIterator[Process]:
    """`python -m bot run` that builds the index in `kitchen` and draws pictures there."""
    async with _running("bot", "run", data_dir=kitchen, log=kitchen / "bot.log", **settings) as process:
        yield process


@asynccontextmanager
async def echo(kitchen: Path, api_url: str, token: str) -> AsyncIterator[Process]:
    """A bare echo with python-telegram-bot, as its documentation has it."""
    arguments = ("tests.benchmarks.echo_bot", api_url, token)
    async with _running(*arguments, data_dir=kitchen, log=kitchen / "echo.log") as process:
        yield process


async def output_of(kitchen: Path, *arguments: str) -> str:
    """What a module prints until its end."""
    process = await _started(*arguments, data_dir=kitchen, log=kitchen / "output.log")
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(_text_of(kitchen / "output.log"))
    return printed.decode()


def resident_megabytes(process: Process) -> float:
    """Its resident memory (Linux)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def processor_seconds(process: Process) -> float:
    """How long it has kept a processor busy (Linux, proc(5): utime and stime)."""
    numbers = Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def _running(*arguments: str, data_dir: Path, log: Path, **settings: str) -> AsyncIterator[Process]:
    """A process, from its first line on its output until it has been told to stop."""
    process = await _started(*arguments, data_dir=data_dir, log=log, **settings)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            if not await process.stdout.readline():
                raise RuntimeError(_text_of(log))
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _started(*arguments: str, data_dir: Path, log: Path, **settings: str) -> Process:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    environment = {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "DATA_DIR": str(data_dir),
        "EMBEDDER": "none",
        "WEB_PORT": "0",
        **settings,
    }
    with log.open("ab") as errors:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments), cwd=data_dir, env=environment, stdout=PIPE, stderr=errors
        )


def _text_of(log: Path) -> str:
    return log.read_text("utf-8")
