"""The only wiring: settings → storage → retriever → models → handlers. Channels are added by `__main__`.

Heavy libraries load when they are first used, never here; a test holds this module to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.access import AccessControl, AccessRules
from bot.broadcast import Broadcasts
from bot.error_replies import GuardedHandler
from bot.message_handler import MessageHandler
from bot.model_parts import switchable_model_of
from bot.operations import EnforcedBlockList, ObservedHandler, Operations
from bot.picture_parts import PhotoGenerator, image_generator_of, photo_generator_of
from bot.search_view import Explain
from bot.unfinished_answers import UnfinishedAnswers
from bot.voice_parts import VoiceParts, voice_parts_of
from core.errors import BotError, SettingsError
from core.language_models.choice import shelf_of
from core.messages import UserKey
from core.model_shelf import ModelShelf
from core.model_switch import SwitchableModel
from core.pipeline import CookingPipeline, PipelineLimits
from core.ports import (
    History,
    ImageGenerator,
    PersonalData,
    Retriever,
)
from core.settings import Settings
from core.web_ports import WebSearch
from core.web_search.ddgs_web_search import DdgsWebSearch
from handlers.admin_commands import AdminCommandHandler, AdminServices
from handlers.commands import CommandHandler, CommandServices
from handlers.router import Router
from handlers.text import TextHandler
from index.build import COOKBOOK_DIR, build_index, is_current
from index.embedder_choice import SearchModels, search_models_for
from index.hyde import HydeRetriever
from index.live_retriever import LiveRetriever
from index.opening import opened_index
from index.second_stage import SecondStage
from index.segment_build import ReportProgress
from index.vector_stores.choice import stores_for
from storage.block_list import SqlBlockList
from storage.broadcast_log import SqlBroadcastLog
from storage.history import SqlHistory
from storage.operator_settings import SqlOperatorSettings
from storage.personal_data import SqlPersonalData
from storage.profiles import SqlProfiles
from storage.session import Database
from storage.statistics import SqlStatistics

logger = logging.getLogger(__name__)


Forget = Callable[[UserKey], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class EveryStore:
    """`core.ports.PersonalData` over the database and whatever else keeps a user's words for a while."""

    database: PersonalData
    others: Sequence[Forget]

    async def export(self, user: UserKey) -> dict[str, Any]:
        """What is kept for good; the others hold nothing beyond it."""
        return await self.database.export(user)

    async def forget(self, user: UserKey) -> int:
        """Delete it everywhere; returns the number of messages deleted from the database."""
        deleted = await self.database.forget(user)
        for other in self.others:
            await other(user)
        return deleted


@dataclass(frozen=True, slots=True)
class Assistant:
    """The assembled assistant: what channels and `check` need of it."""

    settings: Settings
    handler: MessageHandler
    history: History
    retriever: Retriever
    warm_up_search: Callable[[], None]
    """Loads what search loads on first use. Blocking."""
    explain: Explain
    """How a query is searched, for the search view."""
    shelf: ModelShelf
    """Holds the models of this process."""
    model: SwitchableModel
    image_generator: ImageGenerator | None
    photos: PhotoGenerator | None
    """The model within `image_generator`, if there is one."""
    database: Database
    forgetters: list[Forget]
    """What else forgets a user when the database does: the inbox, while it runs."""
    access: AccessControl
    unfinished: UnfinishedAnswers
    operations: Operations
    broadcasts: Broadcasts
    voice: VoiceParts

    async def load_search(self) -> None:
        """Load what search loads on first use: no question waits as long as a model may take."""
        with contextlib.suppress(BotError):
            await asyncio.to_thread(self.warm_up_search)


@dataclass(frozen=True, slots=True)
class _Models:
    """What models do here, and the shelf that all of them stand on."""

    shelf: ModelShelf
    answering: SwitchableModel
    pictures: ImageGenerator | None
    photos: PhotoGenerator | None
    voice: VoiceParts


@asynccontextmanager
async def assembled(settings: Settings, progress: ReportProgress) -> AsyncIterator[Assistant]:
    """Assemble the assistant, building the index if need be, and take it apart afterwards.

    Raises:
        BotError: a setting is wrong, or the index or the database cannot be opened.
    """
    make_data_dir(settings)
    shelf = shelf_of(settings)
    photos = photo_generator_of(settings, shelf)
    retriever = await asyncio.to_thread(open_retriever, settings, progress, shelf)
    database = await Database.open(settings.effective_database_url, synchronous=settings.database_synchronous)
    model = await switchable_model_of(settings, shelf, SqlOperatorSettings(database))
    voice = voice_parts_of(settings)
    try:
        models = _Models(shelf, model, image_generator_of(settings, photos), photos, voice)
        yield await _assistant(settings, retriever, database, models)
    finally:
        await voice.close()
        if photos is not None:
            await photos.close()
        await model.close()
        await database.close()


async def _assistant(
    settings: Settings, index: LiveRetriever, database: Database, models: _Models
) -> Assistant:
    model, voice = models.answering, models.voice
    retriever: Retriever = HydeRetriever(index, model.write) if settings.search_hyde else index
    history = SqlHistory(
        database,
        max_messages=settings.history_max_messages,
        max_age=timedelta(days=settings.history_max_days),
    )
    await history.purge(timedelta(days=settings.history_keep_days))
    profiles = SqlProfiles(database)
    forgetters: list[Forget] = []
    services = CommandServices(
        history=history,
        profiles=profiles,
        personal_data=EveryStore(SqlPersonalData(database), forgetters),
        describe_model=model.describe,
        draws_pictures=models.pictures is not None,
        reads_aloud=voice.narrate is not None,
    )
    pipeline = CookingPipeline(
        model,
        retriever,
        model,
        models.pictures,
        PipelineLimits(
            rewrite_seconds=settings.rewrite_timeout_seconds,
            retrieve_seconds=settings.retrieve_timeout_seconds,
            generate_seconds=settings.generate_timeout_seconds,
            illustrate_seconds=settings.illustrate_timeout_seconds,
            search_limit=settings.search_limit,
        ),
        web_search_of(settings),
    )
    access, operations = access_of(settings), Operations()
    unfinished = UnfinishedAnswers(
        on_new_message=settings.stop_on_new_message,
        unshown_after_seconds=settings.stop_unshown_after_seconds,
        is_administrator=access.is_administrator,
    )
    text = TextHandler(
        pipeline,
        history,
        profiles,
        max_question_characters=settings.max_question_characters,
        stop_of=unfinished.signal_of,
    )
    block_list = EnforcedBlockList(SqlBlockList(database), access)
    await block_list.load()
    statistics = SqlStatistics(database)
    broadcasts = Broadcasts(statistics, block_list, SqlBroadcastLog(database))
    admin = AdminServices(
        settings.administrators, statistics, block_list, operations, broadcasts, retriever.describe, model
    )
    router = Router(text, CommandHandler(services), AdminCommandHandler(admin), voice.hearing)
    return Assistant(
        settings=settings,
        handler=ObservedHandler(GuardedHandler(router), operations),
        history=history,
        retriever=retriever,
        warm_up_search=index.warm_up,
        explain=lambda query: (index.current.explain(query), index.search_now(query)),
        shelf=models.shelf,
        model=model,
        image_generator=models.pictures,
        photos=models.photos,
        database=database,
        forgetters=forgetters,
        access=access,
        unfinished=unfinished,
        operations=operations,
        broadcasts=broadcasts,
        voice=voice,
    )


def web_search_of(settings: Settings) -> WebSearch | None:
    """What WEB_SEARCH names."""
    if settings.web_search == "none":
        return None
    return DdgsWebSearch(
        engines=settings.web_search_engines,
        region=settings.web_search_region,
        results=settings.web_search_results,
        seconds=settings.web_search_timeout_seconds,
        proxy=settings.web_search_proxy_url.get_secret_value(),
        ca_file=settings.web_search_ca_file,
    )


def access_of(settings: Settings) -> AccessControl:
    """Who may write on the platforms, and how much."""
    return AccessControl(
        AccessRules(
            allowed_users=settings.allowed_users,
            allowed_chats=settings.allowed_chats,
            administrators=settings.administrators,
            messages_a_minute=settings.user_messages_per_minute,
            messages_a_day=settings.user_messages_per_day,
        )
    )


def make_data_dir(settings: Settings) -> None:
    """Make DATA_DIR.

    Raises:
        SettingsError: it cannot be made or written to.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        probe = settings.data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as exc:
        raise SettingsError("DATA_DIR", f"{settings.data_dir} cannot be written to ({exc.strerror})") from exc


def search_models_of(settings: Settings, shelf: ModelShelf) -> SearchModels:
    """What EMBEDDER and RERANKER name.

    Raises:
        SettingsError: a folder or the device cannot be used.
    """
    models = search_models_for(settings, shelf, report=logger.warning)
    shelf.show_beside(models.processor_shelf)
    return models


def corpora_of(settings: Settings) -> list[Path]:
    """What the bot's own index is built from.

    Raises:
        SettingsError: CORPORA names something that is not there.
    """
    for corpus in settings.corpora:
        if not corpus.exists():
            raise SettingsError("CORPORA", f"{corpus}: no such file or folder")
    return [COOKBOOK_DIR, *settings.corpora]


def open_retriever(settings: Settings, progress: ReportProgress, shelf: ModelShelf) -> LiveRetriever:
    """Open the index and follow its changes. The bot's own one is built if it is missing or out of date.

    The one of INDEX_DIR never is.

    Raises:
        SettingsError: CORPORA names something that is not there, or a model's folder cannot be used.
        RecipeIndexError: INDEX_DIR cannot be opened, or a corpus cannot be read.
    """
    models = search_models_of(settings, shelf)
    folder = settings.effective_index_dir
    if settings.index_dir is None:
        corpora = corpora_of(settings)
        if not is_current(folder, corpora, models.embedder):
            build_index(corpora, folder, models.embedder, stores=stores_for(settings), progress=progress)
    second_stage = SecondStage(models.reranker) if models.reranker else None
    return LiveRetriever(folder, lambda: opened_index(folder, settings, models.embedder, second_stage))
