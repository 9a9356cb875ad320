"""`python -m finetune chat`: the same question to base, adapter and merged model, side by side.

Run as:
    python -m finetune chat models/internlm2-chat-1_8b runs/first/adapter models/shishen-1_8b
    python -m finetune chat models/internlm2-chat-1_8b runs/first/adapter --once 红烧肉怎么做

Within: an empty line or Ctrl-D ends it, /new begins a new conversation.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from core.errors import ModelRejectedError, SettingsError
from core.language_models.internlm2_language_model import LocalModelOptions
from core.ports import Sampling
from finetune.side_by_side import SideBySide

HELP = "ask base, adapter and merged model the same, side by side"
_MOST = 4
_NARROWEST = 24
"""Columns narrower than this are shown one below the other."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("models", type=Path, nargs="+", metavar="FOLDER", help="models and adapters, 1 to 4")
    parser.add_argument("--once", metavar="QUESTION", help="ask this and end")
    parser.add_argument("--system", default="", help="what each model is told first")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    parser.add_argument("--dtype", default="auto", choices=["auto", "bfloat16", "float16", "float32"])
    parser.add_argument("--quantization", default="none", choices=["none", "int8", "nf4"])
    parser.add_argument("--temperature", type=float, help="0: the likeliest words; default: as recommended")
    parser.add_argument("--repetition-penalty", type=float, help="default: as recommended for its size")
    parser.add_argument("--max-tokens", type=int, default=600, help="of one answer")
    parser.add_argument("--models-dir", type=Path, default=Path("data/models"), help="for converted bases")


def run(options: argparse.Namespace) -> int:
    """Talk until there is nothing more to say."""
    if len(options.models) > _MOST:
        raise SettingsError("FOLDER", f"{_MOST} models fit side by side")
    held = LocalModelOptions(
        options.device, options.dtype, options.quantization, requests=1, cache_tokens=8192
    )
    sampling = Sampling(
        temperature=options.temperature,
        max_output_tokens=options.max_tokens,
        repetition_penalty=options.repetition_penalty,
    )
    models = SideBySide(options.models, options.models_dir, held, sampling, options.system)
    try:
        asyncio.run(_talk(models, options.once))
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    return 0


async def _talk(models: SideBySide, once: str | None) -> None:
    console = Console()
    try:
        if once is not None:
            await _show(models, once, console)
            return
        while question := (await asyncio.to_thread(_line, console)).strip():
            if question == "/new":
                models.forget()
            else:
                await _show(models, question, console)
    finally:
        await models.close()


def _line(console: Console) -> str:
    try:
        return console.input("[bold]你：[/]")
    except EOFError:
        return ""


async def _show(models: SideBySide, question: str, console: Console) -> None:
    if not console.is_terminal:
        for name, answer in zip(models.names, await models.ask(question), strict=True):
            print(f"── {name}\n{answer}\n")
        return
    texts = [""] * len(models.names)
    width = console.width // len(texts)
    with Live(console=console, refresh_per_second=8, vertical_overflow="visible") as live:

        def written(place: int, text: str) -> None:
            texts[place] = text
            panels = [
                Panel(Text(words), title=Text(name), width=width if width >= _NARROWEST else None)
                for name, words in zip(models.names, texts, strict=True)
            ]
            live.update(Columns(panels, padding=0))

        await models.ask(question, written)
