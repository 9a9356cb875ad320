"""`python -m bot check`: every component, what backs it, whether it works."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from yarl import URL

from bot.bootstrap import (
    make_data_dir,
    open_retriever,
    search_models_of,
    web_search_of,
)
from bot.chat_platforms import chat_platforms
from bot.picture_parts import image_generator_of, photo_generator_of
from bot.web_channel import unusable
from core.errors import BotError, SettingsError
from core.language_models.choice import language_model_of, shelf_of
from core.model_choice import ModelChoice
from core.recipe import Recipe
from core.settings import Settings
from core.speech.choice import speech_to_text_for
from core.speech_synthesis.choice import speech_synthesizer_for
from storage.session import Database

_SAMPLE = Recipe(recipe_id="check", name="番茄炒蛋", ingredients=(), steps=("检查",))
_ANSWER_SECONDS = 3
"""A bot on this machine answers /healthz within milliseconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One component: what backs it, and what is wrong with it, if anything; `status` is for the shell."""

    component: str
    backing: str
    problem: str = ""
    status: int = 0


async def check(settings: Settings, console: Console) -> int:
    """Check every component, print what was found, and return the exit status.

    0: all work. 1: something failed. 2: a setting is wrong.
    """
    parts: tuple[tuple[str, Callable[[Settings], Awaitable[str]]], ...] = (
        ("data folder", _data_folder),
        ("database", _database),
        ("embedder", _embedder),
        ("reranker", _reranker),
        ("recipe index", _index),
        ("language model", _language_model),
        *((f"or {choice.name}", _language_model_of(choice)) for choice in settings.model_choices[1:]),
        ("pictures", _pictures),
        ("speech recognition", _speech_to_text),
        ("reading aloud", _speech_synthesizer),
        ("web search", _web_search),
        ("web page", _web_page),
        ("telegram", _telegram),
        ("feishu", _feishu),
    )
    findings = [await _finding(name, probe, settings) for name, probe in parts]
    table = Table()
    for column in ("component", "backed by", "state"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        state = f"[red]{escape(finding.problem)}[/]" if finding.problem else "[green]ok[/]"
        table.add_row(finding.component, escape(finding.backing), state)
    console.print(table)
    return max(finding.status for finding in findings)


async def _finding(name: str, probe: Callable[[Settings], Awaitable[str]], settings: Settings) -> Finding:
    try:
        return Finding(name, await probe(settings))
    except SettingsError as exc:
        return Finding(name, exc.setting, exc.message, status=2)
    except BotError as exc:
        return Finding(name, "–", exc.message, status=1)


async def _data_folder(settings: Settings) -> str:
    make_data_dir(settings)
    return str(settings.data_dir)


async def _database(settings: Settings) -> str:
    database = await Database.open(settings.effective_database_url, synchronous=settings.database_synchronous)
    try:
        await database.check()
    finally:
        await database.close()
    return (
        "DATABASE_URL" if settings.database_url.get_secret_value() else str(settings.data_dir / "bot.sqlite3")
    )


async def _embedder(settings: Settings) -> str:
    models = await asyncio.to_thread(search_models_of, settings, shelf_of(settings))
    return await asyncio.to_thread(models.embedder.check) if models.embedder else "none: lexical search alone"


async def _reranker(settings: Settings) -> str:
    models = await asyncio.to_thread(search_models_of, settings, shelf_of(settings))
    return await asyncio.to_thread(models.reranker.check) if models.reranker else "none: one stage of search"


async def _index(settings: Settings) -> str:
    retriever = await asyncio.to_thread(open_retriever, settings, _no_progress, shelf_of(settings))
    await retriever.search("番茄炒蛋怎么做")
    return retriever.describe()


def _no_progress(_what: str, _done: int, _total: int) -> None:
    pass


async def _language_model(settings: Settings) -> str:
    model = language_model_of(settings, shelf_of(settings))
    if model is None:
        return "composer: the recipe itself is the answer, no model"
    try:
        return await model.check()
    finally:
        await model.close()


def _language_model_of(choice: ModelChoice) -> Callable[[Settings], Awaitable[str]]:
    """Tries a model that administrators may change to."""

    async def probe(settings: Settings) -> str:
        try:
            return await _language_model(settings.answered_by(choice))
        except SettingsError as exc:
            raise SettingsError("LLM_CHOICES", exc.message.removeprefix(f"{exc.setting}: ")) from exc

    return probe


async def _pictures(settings: Settings) -> str:
    photos = photo_generator_of(settings, shelf_of(settings))
    if photos is not None:
        try:
            return await photos.check()
        finally:
            await photos.close()
    generator = image_generator_of(settings, None)
    if generator is None:
        return "none"
    picture = await generator.draw(_SAMPLE)
    return f"{generator.name}, {picture.width}×{picture.height}"


async def _speech_to_text(settings: Settings) -> str:
    speech_to_text = speech_to_text_for(settings)
    if speech_to_text is None:
        return "none: voice notes are declined"
    try:
        return await speech_to_text.check()
    finally:
        await speech_to_text.close()


async def _speech_synthesizer(settings: Settings) -> str:
    synthesizer = speech_synthesizer_for(settings)
    if synthesizer is None:
        return "none"
    try:
        return await synthesizer.check()
    finally:
        await synthesizer.close()


async def _web_search(settings: Settings) -> str:
    web_search = web_search_of(settings)
    if web_search is None:
        return "none: what the recipes do not know is declined"
    pages = await web_search.search("番茄炒蛋 做法")
    return f"{web_search.name}, {len(pages)} pages for a dish"


async def _telegram(settings: Settings) -> str:
    return await _platform(settings, "telegram", "TELEGRAM_BOT_TOKEN")


async def _feishu(settings: Settings) -> str:
    return await _platform(settings, "feishu", "FEISHU_APP_ID")


async def _platform(settings: Settings, name: str, setting: str) -> str:
    platform = chat_platforms(settings).get(name)
    return await platform.check() if platform else f"off: {setting} is not set"


async def _web_page(settings: Settings) -> str:
    host, port = settings.web_host, settings.web_port
    try:
        server = await asyncio.start_server(lambda _reader, _writer: None, host, port)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE and await _is_running(host, port):
            return f"http://{host}:{port}, in use by a running bot"
        raise unusable(host, port, exc) from exc
    server.close()
    await server.wait_closed()
    return f"http://{host}:{port or '(any free port)'}"


async def _is_running(host: str, port: int) -> bool:
    """Whether what listens there answers as the bot does."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    url = URL.build(scheme="http", host=reachable, port=port, path="/healthz")
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=_ANSWER_SECONDS)) as session,
            session.get(url) as response,
        ):
            health = await response.json()
            return isinstance(health, dict) and health.get("status") == "ok" and "models" in health
    except (ClientError, TimeoutError, ValueError):
        return False
