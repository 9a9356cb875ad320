"""`python -m bot run`: the chat page and every chat platform that is configured, in one process.

Order matters. Starting: the inbox goes on with what the last process left, then the platforms receive.
Stopping: the inbox finishes or parks what is under way, then the platforms' connections close.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import timedelta

from bot.access import AccessGate
from bot.bootstrap import Assistant
from bot.broadcast import BroadcastGate
from bot.chat_platforms import chat_platforms
from bot.delivery import Accept, Channel
from bot.error_replies import reply_for
from bot.inbox import Help, Inbox, InboxLimits
from bot.voice_parts import max_recording_bytes
from bot.web_channel import WebChannel
from bot.web_recordings import WebRecordings
from core.errors import BotError
from core.messages import ChatKey, IncomingMessage
from core.settings import Settings
from handlers.commands import COMMANDS

logger = logging.getLogger(__name__)


async def run(assistant: Assistant, stop: asyncio.Event, announce: Callable[[str], None]) -> None:
    """Run until `stop` is set; `announce` is told where the bot can be found once it can.

    Raises:
        SettingsError: a port, token or address is wrong.
    """
    settings = assistant.settings
    platforms = chat_platforms(settings)
    async with contextlib.AsyncExitStack() as stack:
        warming = asyncio.create_task(_warm_up(assistant))
        stack.callback(warming.cancel)
        page = web_channel(assistant, platforms)
        address = await page.start()
        stack.push_async_callback(page.stop)
        if platforms:
            await stack.enter_async_context(_inbox_running(assistant, platforms))
        announce(f"食神在这里：{address}  （按 Ctrl-C 停止）")
        for name in platforms:
            announce(f"已连接：{name}")
        await warming
        if settings.models_load == "start":
            loading = asyncio.create_task(_load_models(assistant))
            stack.callback(loading.cancel)
        # Libraries stay until the end. Python would look through their objects again and again for rubbish,
        # and nobody is answered meanwhile: 0.4 to 1.4 s at a time with lark-oapi loaded.
        gc.freeze()
        stack.callback(gc.unfreeze)
        await stop.wait()
        # Side by side: one after the other, their graces would add up to more than the 10 s promised.
        await asyncio.gather(page.stop(), stack.aclose())


def web_channel(assistant: Assistant, platforms: Mapping[str, Channel]) -> WebChannel:
    """The page, and beside it the webhooks of the platforms that want one."""
    settings = assistant.settings
    recordings = None
    if assistant.voice.speech_to_text is not None:
        recordings = WebRecordings(
            max_seconds=settings.voice_max_seconds, max_megabytes=settings.voice_max_megabytes
        )
        assistant.voice.hearing.recordings.add("web", recordings.fetch)
    return WebChannel(
        assistant.handler,
        assistant.history,
        settings.pictures_dir,
        host=settings.web_host,
        port=settings.web_port,
        allowed_hosts=settings.web_allowed_hosts,
        secure_cookie=settings.web_secure_cookie,
        commands=[(command.name, command.description) for command in COMMANDS],
        webhooks=[route for platform in platforms.values() for route in platform.routes()],
        recordings=recordings,
        narrate=assistant.voice.narrate,
        models=assistant.shelf.statuses,
        unfinished=assistant.unfinished,
        explain=assistant.explain,
        is_administrator=assistant.access.is_administrator,
    )


@contextlib.asynccontextmanager
async def _inbox_running(assistant: Assistant, platforms: Mapping[str, Channel]) -> AsyncIterator[None]:
    inbox = inbox_of(assistant, platforms)
    # Before: the inbox may finish the last process's broadcast as it starts.
    assistant.broadcasts.connect(inbox.accept, platforms)
    await inbox.start()
    assistant.forgetters.append(inbox.forget)
    assistant.operations.count_waiting = lambda: inbox.waiting
    max_bytes = max_recording_bytes(assistant.settings)
    for name, platform in platforms.items():
        fetch = functools.partial(platform.fetch_recording, max_bytes=max_bytes)
        assistant.voice.hearing.recordings.add(name, fetch)
    try:
        await _start_together(platforms.values(), inbox.accept)
        yield
    finally:
        assistant.forgetters.remove(inbox.forget)
        assistant.operations.count_waiting = None
        await inbox.stop()  # what comes in now is refused, so the platforms keep it for the next start
        assistant.broadcasts.disconnect()
        await asyncio.gather(*(platform.stop() for platform in platforms.values()))


async def _start_together(platforms: Iterable[Channel], accept: Accept) -> None:
    """Start all; when one cannot be started, the others are given up too.

    Raises:
        SettingsError: a token or address is wrong.
    """
    starting = [asyncio.ensure_future(platform.start(accept)) for platform in platforms]
    try:
        await asyncio.gather(*starting)
    finally:
        for start in starting:
            start.cancel()
        await asyncio.gather(*starting, return_exceptions=True)


def inbox_of(assistant: Assistant, platforms: Mapping[str, Channel]) -> Inbox:
    """The durable inbox in front of the assistant."""
    settings = assistant.settings

    async def retract(message: IncomingMessage) -> int:
        return await assistant.history.retract(message.chat, message.message_id)

    return Inbox(
        BroadcastGate(AccessGate(assistant.handler, assistant.access)),
        platforms,
        inbox_database_url(settings),
        reply_for,
        synchronous=settings.database_synchronous,
        limits=InboxLimits(
            concurrent_answers=settings.concurrent_answers,
            delivery_max_age=timedelta(hours=settings.delivery_max_hours),
            keep_finished=timedelta(hours=settings.keep_finished_hours),
        ),
        help_=Help(
            retract=retract,
            redraw=assistant.image_generator.draw if assistant.image_generator else None,
            narrate=assistant.voice.narrate,
        ),
        settled=assistant.broadcasts.settled,
        unfinished=assistant.unfinished,
    )


def inbox_database_url(settings: Settings) -> str:
    """A SQLite file beside the bot's own, or the bot's PostgreSQL."""
    url = settings.effective_database_url
    if url.startswith("postgresql"):
        return url
    return f"sqlite:///{(settings.data_dir / 'inbox.sqlite3').as_posix()}"


async def _warm_up(assistant: Assistant) -> None:
    """Load what loads on first use, so that the first question is answered as fast as the second."""
    with contextlib.suppress(BotError):
        await assistant.history.current(ChatKey("warm-up", ""))
    await assistant.load_search()
    await assistant.voice.warm_up()


async def _load_models(assistant: Assistant) -> None:
    """Load the models that answer and paint; what fails now fails again, with words, when somebody asks."""
    try:
        await assistant.model.load()
    except BotError as exc:
        logger.warning("model_not_loaded model=%s code=%s", assistant.model.describe().name, exc.code)
    if assistant.photos is not None:
        try:
            await assistant.photos.prepare()
        except BotError as exc:
            logger.warning("model_not_loaded model=%s code=%s", assistant.photos.name, exc.code)
    gc.freeze()
