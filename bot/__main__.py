"""`python -m bot run|chat|check|models`.

Run as:
    python -m bot run
    python -m bot chat
    python -m bot chat --once "红烧肉怎么做" --user me --json
    python -m bot chat --voice question.ogg --json
    python -m bot check
    python -m bot models
    python -m bot models download sherpa-paraformer
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bot.bootstrap import Assistant, assembled
from bot.logs import set_up_logs
from bot.models_command import add_models_command, models
from bot.terminal_channel import CHANNEL, TerminalChannel, reply_as_json
from core.errors import BotError, SettingsError
from core.settings import Settings, load_settings
from index.progress import BuildProgressBar

_ERRORS = Console(stderr=True)
MAX_TERMINAL_CHARACTERS = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 fine, 1 something failed, 2 a setting is wrong."""
    _accept_any_text()
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        set_up_logs("warning" if options.command == "chat" else settings.log_level)
        return asyncio.run(_COMMANDS[options.command](options, settings))
    except SettingsError as exc:
        _complain("设置有误", exc)
        return 2
    except BotError as exc:
        _complain("出错了", exc)
        return 1
    except BrokenPipeError:  # whoever read the output has left: `| head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _accept_any_text() -> None:
    """Let no terminal's encoding end the conversation: what it cannot show is escaped."""
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _complain(what: str, error: BotError) -> None:
    """One line, unbroken, so that a command in it can be copied."""
    _ERRORS.print(f"[red]{what}[/] {escape(error.message)}", highlight=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="食神: a cooking assistant for chats.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="start the bot and print the address of its chat page")
    chat = commands.add_parser("chat", help="talk to the bot in this terminal")
    turn = chat.add_mutually_exclusive_group()
    turn.add_argument("--once", metavar="TEXT", help="one turn, then leave")
    turn.add_argument("--voice", metavar="FILE", type=Path, help="one turn with a recording, then leave")
    chat.add_argument("--user", default="me", help="whose conversation it is (default: me)")
    chat.add_argument("--json", action="store_true", help="with --once or --voice: print one JSON object")
    commands.add_parser("check", help="name every component, what backs it and whether it works")
    add_models_command(commands.add_parser("models", help="list models, download them, export one"))
    return parser


async def _run(_options: argparse.Namespace, settings: Settings) -> int:
    from bot.run import run

    stop = _stop_on_signals()
    async with _assembled(settings) as assistant:
        await run(assistant, stop, lambda line: print(line, flush=True))
    return 0


async def _chat(options: argparse.Namespace, settings: Settings) -> int:
    one_turn = options.once is not None or options.voice is not None
    if options.json and not one_turn:
        raise SettingsError("--json", "goes with --once TEXT or --voice FILE")
    if options.voice and not options.voice.is_file():
        raise SettingsError("--voice", f"{options.voice}: no such file")
    async with _assembled(settings) as assistant:
        terminal = TerminalChannel(
            assistant.handler,
            settings.data_dir / "exports",
            max_recording_megabytes=settings.voice_max_megabytes,
            unfinished=assistant.unfinished,
        )
        assistant.voice.hearing.recordings.add(CHANNEL, terminal.fetch_recording)
        await assistant.load_search()
        if not one_turn:
            await terminal.session(options.user)
            return 0
        text = (options.once or "")[:MAX_TERMINAL_CHARACTERS]
        reply, timings_ms = await terminal.once(options.user, text, options.voice)
        document = terminal.keep(reply.document) if reply.document else None
        if options.json:
            _print_json(reply_as_json(reply, timings_ms, document))
        else:
            print(reply.text, flush=True)
    return 1 if reply.error_code else 0


def _print_json(line: str) -> None:
    """JSON is UTF-8 wherever it goes; lone surrogates, which UTF-8 cannot hold, become JSON's own escapes."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


async def _check(_options: argparse.Namespace, settings: Settings) -> int:
    from bot.check import check

    return await check(settings, Console())


async def _models(options: argparse.Namespace, settings: Settings) -> int:
    return await models(options, settings, Console(), _ERRORS)


@contextlib.asynccontextmanager
async def _assembled(settings: Settings) -> AsyncIterator[Assistant]:
    """The assistant, with a progress bar while its index is built."""
    with contextlib.ExitStack() as stack:
        bars: list[BuildProgressBar] = []

        def show(what: str, done: int, total: int) -> None:
            if not bars:
                _ERRORS.print("第一次启动，或菜谱有更新：正在建立菜谱索引…")
                bars.append(stack.enter_context(BuildProgressBar(_ERRORS)))
            bars[0].show(what, done, total)

        async with assembled(settings, show) as assistant:
            stack.close()
            yield assistant


def _stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, stop.set)
    return stop


_COMMANDS = {"run": _run, "chat": _chat, "check": _check, "models": _models}

if __name__ == "__main__":
    exit_status = main()
    gc.freeze()  # leaving, Python would look once more at each object of each library: 0.4 to 0.9 s
    sys.exit(exit_status)
