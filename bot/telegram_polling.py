"""Receiving by long polling: an update is confirmed only once it is stored.

getUpdates confirms everything below its `offset` (core.telegram.org/bots/api#getupdates), so the offset
moves on only after `take` has returned. A killed process gets what it had not confirmed again.

Two pollers on one token: Telegram answers 409 to the older one, which says so and stops; were it to try
again, the two would cut each other off for ever. Only in the first seconds after its start a poller tries
again, since its own predecessor's last request may still be open.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bot.telegram_pacing import TooManyRequestsError
from bot.telegram_updates import ALLOWED_UPDATES
from core.errors import BotError, ChannelError, SettingsError

if TYPE_CHECKING:
    from bot.telegram_api import TelegramApi

logger = logging.getLogger(__name__)

Json = dict[str, Any]
Take = Callable[[Json], Awaitable[None]]

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
_STORING_SECONDS = 3.0
_LAST_CONFIRMATION_SECONDS = 1.0


class Poller:
    """Fetches updates and hands each to `take`, those of a chat in their order.

    Args:
        api: the Bot API.
        take: stores an update.
        poll_seconds: how long Telegram holds a request while there is no news.
        conflict_grace_seconds: how long after the start a conflict is taken for the predecessor's.
        first_backoff_seconds: pause after a first failure; it doubles up to `LONGEST_BACKOFF_SECONDS`.
    """

    def __init__(
        self,
        api: TelegramApi,
        take: Take,
        *,
        poll_seconds: int = 30,
        conflict_grace_seconds: float = 10.0,
        first_backoff_seconds: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        self._api = api
        self._take = take
        self._poll_seconds = poll_seconds
        self._conflict_grace_seconds = conflict_grace_seconds
        self._first_backoff_seconds = first_backoff_seconds
        self._offset = 0
        self._failures = 0
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_receiving(self) -> bool:
        """Whether it polls; no more after a conflict or when the token was withdrawn."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop polling; what was fetched is stored first, and what was stored is confirmed."""
        self._stopping.set()
        if self._task is None:
            return
        was_receiving = self.is_receiving
        await asyncio.wait({self._task}, timeout=_STORING_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if was_receiving and self._offset:
            try:
                async with asyncio.timeout(_LAST_CONFIRMATION_SECONDS):
                    await self._api.updates(self._offset, 0, ALLOWED_UPDATES)
            except (BotError, TimeoutError):
                logger.info("telegram_last_offset_unconfirmed")  # those come again, and are known

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        while not self._stopping.is_set():
            try:
                updates = await self._fetch()
                await self._store(updates)
                self._failures = 0
            except SettingsError as exc:
                logger.error("telegram_receiving_stopped setting=%s reason=token_refused", exc.setting)  # noqa: TRY400
                return
            except ChannelError as exc:
                is_fresh = loop.time() - started_at < self._conflict_grace_seconds
                if exc.code == "channel_conflict" and not is_fresh:
                    logger.error(  # noqa: TRY400
                        "telegram_receiving_stopped reason=conflict: another program receives with this "
                        "token; stop it, then start this one again"
                    )
                    return
                await self._back_off(exc)
            except BotError as exc:
                await self._back_off(exc)

    async def _fetch(self) -> list[Json]:
        """The next updates; none when it is time to stop."""
        fetching = asyncio.ensure_future(self._api.updates(self._offset, self._poll_seconds, ALLOWED_UPDATES))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({fetching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return await fetching if fetching.done() else []
        finally:
            stopping.cancel()
            fetching.cancel()
            await asyncio.gather(fetching, stopping, return_exceptions=True)

    async def _store(self, updates: list[Json]) -> None:
        """Store a batch, chats side by side; the offset stops before the first that could not be stored."""
        numbered = [update for update in updates if isinstance(update.get("update_id"), int)]
        if len(numbered) < len(updates):
            logger.warning("telegram_update_without_id count=%d", len(updates) - len(numbered))
        chats: dict[object, list[Json]] = {}
        for update in numbered:
            chats.setdefault(chat_id_in(update), []).append(update)
        failures = await asyncio.gather(*(self._store_chat(chat) for chat in chats.values()))
        failed = [failure for failure in failures if failure is not None]
        if not failed:
            self._offset = max((update["update_id"] + 1 for update in numbered), default=self._offset)
            return
        first_id, error = min(failed, key=lambda pair: pair[0])
        self._offset = max(self._offset, first_id)
        raise error

    async def _store_chat(self, updates: list[Json]) -> tuple[int, BotError] | None:
        for update in updates:
            try:
                await self._take(update)
            except BotError as exc:
                return update["update_id"], exc
        return None

    async def _back_off(self, exc: BotError) -> None:
        pause = min(self._first_backoff_seconds * 2**self._failures, LONGEST_BACKOFF_SECONDS)
        pause *= random.uniform(0.8, 1.2)  # noqa: S311
        if isinstance(exc, TooManyRequestsError):
            pause = exc.seconds
        self._failures = min(self._failures + 1, 10)
        logger.warning("telegram_receiving_failed code=%s retry_in_seconds=%.1f", exc.code, pause)
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return


def chat_id_in(update: Json) -> object:
    """The chat of a raw update, whatever its kind; None where there is none."""
    for body in update.values():
        if isinstance(body, dict):
            chat = body.get("chat") or (body.get("message") or {}).get("chat")
            if isinstance(chat, dict):
                chat_id = chat.get("id")
                return chat_id if isinstance(chat_id, int) else None
    return None
