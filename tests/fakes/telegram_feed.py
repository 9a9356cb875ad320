"""How updates leave the fake Bot API: getUpdates, or a webhook. Rules and sources: `telegram_server`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.fakes.telegram_methods import Parameters
from tests.fakes.telegram_rules import ApiError, webhook_fault
from tests.fakes.telegram_world import Json, TelegramWorld

_RETRY_SECONDS = 0.02  # the real server backs off for longer


@dataclass
class Webhook:
    """Where updates are posted; `failures` counts answers other than 2xx."""

    url: str = ""
    secret: str = ""
    allowed: list[str] = field(default_factory=list)
    failures: int = 0


class TelegramFeed:
    """Hands out updates.

    Attributes:
        offset: the highest offset of getUpdates; everything below is confirmed.
        webhook: where updates are posted, if anywhere.
        table: the methods that are answered at once.
    """

    def __init__(self, world: TelegramWorld, changed: asyncio.Condition) -> None:
        self.offset = 0
        self.webhook = Webhook()
        self.table: dict[str, Callable[[Parameters], Any]] = {
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
        }
        self._world = world
        self._changed = changed
        self._poller: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def get_updates(self, given: Parameters) -> list[Json]:
        if self.webhook.url:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to "
                "delete the webhook first",
            )
        if self._poller is not None:
            self._poller.set()
        terminated = self._poller = asyncio.Event()
        offset, limit = given.number("offset"), min(max(given.number("limit", 100), 1), 100)
        if offset > 0:
            async with self._changed:
                self.offset = max(offset, self.offset)
                self._changed.notify_all()
            self._world.updates[:] = [u for u in self._world.updates if u["update_id"] >= offset]
        try:
            await self._wait_for_update(terminated, given.number("timeout"))
        finally:
            if self._poller is terminated:
                self._poller = None
        allowed = given.parsed("allowed_updates")
        return [u for u in self._world.updates if not allowed or set(u) & set(allowed)][:limit]

    async def _wait_for_update(self, terminated: asyncio.Event, timeout_seconds: int) -> None:
        arrival = asyncio.ensure_future(self._any_update())
        ended = asyncio.ensure_future(terminated.wait())
        try:
            await asyncio.wait({arrival, ended}, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()
            ended.cancel()
        if terminated.is_set():
            raise ApiError(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
                "running",
            )

    async def _any_update(self) -> None:
        async with self._world.arrived:
            await self._world.arrived.wait_for(lambda: bool(self._world.updates))

    def _set_webhook(self, given: Parameters) -> bool:
        url, secret = given.text("url"), given.text("secret_token")
        if url and (fault := webhook_fault(url, secret)) is not None:
            raise fault
        self.webhook = Webhook(url, secret, given.parsed("allowed_updates") or [])
        if url:
            task = asyncio.ensure_future(self._deliver_to_webhook(self.webhook))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    async def _deliver_to_webhook(self, webhook: Webhook) -> None:
        async with aiohttp.ClientSession() as session:
            while self.webhook is webhook:
                await self._any_update()
                update = self._world.updates[0]
                headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
                async with session.post(webhook.url, json=update, headers=headers) as response:
                    accepted = 200 <= response.status < 300
                if accepted:
                    self._world.updates.remove(update)
                else:
                    webhook.failures += 1
                    await asyncio.sleep(_RETRY_SECONDS)

    def _delete_webhook(self, _given: Parameters) -> bool:
        self.webhook = Webhook()
        return True

    def _get_webhook_info(self, _given: Parameters) -> Json:
        pending = len(self._world.updates)
        return {"url": self.webhook.url, "has_custom_certificate": False, "pending_update_count": pending}
