"""Feishu (and Lark): events in, answers out.

Events come over a long connection (the default, which needs no public address) or as webhooks. Private
messages are all for the bot; in groups those that mention it, by its own open_id. A group, or a topic of
one, is one conversation; each member keeps their own `UserKey`.

Answers reply to their message, in its topic if it has one. One that takes a while is first shown on a card
that streams (`bot.feishu_draft`); the whole answer then replaces it (`bot.feishu_delivery`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Literal

from aiohttp import web

from bot.chat_order import ChatOrder
from bot.delivery import Accept, Draft
from bot.feishu_api import FeishuApi
from bot.feishu_delivery import FeishuDelivery
from bot.feishu_draft import FeishuDraft
from bot.feishu_errors import as_settings_error
from bot.feishu_events import (
    BUTTON_EVENT,
    CHANNEL_NAME,
    FeishuEvent,
    MalformedEventError,
    incoming_message,
    read_event,
    reply_target,
)
from bot.feishu_http import FeishuHttp, Patience
from bot.feishu_long_connection import LongConnection
from bot.feishu_options import FeishuOptions
from bot.feishu_permissions import missing_for_recordings, missing_permissions
from bot.feishu_webhook import WEBHOOK_PATH, FeishuWebhook
from core.errors import ChannelError, InputError, SettingsError
from core.messages import IncomingMessage, Picture, Reply, VoiceClip

logger = logging.getLogger(__name__)

_MAX_DRAFTS = 10_000
_STOP_SECONDS = 5.0
_AT_START = Patience(attempts=2, wait_seconds=5.0, backoff_seconds=0.2)


class FeishuChannel:
    """Implements `bot.delivery.Channel`.

    Args:
        app_id: FEISHU_APP_ID.
        app_secret: FEISHU_APP_SECRET.
        domain: FEISHU_DOMAIN, the root of the open platform.
        mode: FEISHU_MODE; for "webhook", mount `routes` in the bot's server.
        encrypt_key: FEISHU_ENCRYPT_KEY, without which there are no webhooks.
        verification_token: FEISHU_VERIFICATION_TOKEN, checked when it is set.
        options: times and limits.

    Raises:
        SettingsError: webhooks without an encrypt key.
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        domain: str = "https://open.feishu.cn",
        *,
        mode: Literal["websocket", "webhook"] = "websocket",
        encrypt_key: str = "",
        verification_token: str = "",
        options: FeishuOptions | None = None,
    ) -> None:
        self._app_id = app_id
        self._domain = domain
        self._options = options or FeishuOptions()
        http = FeishuHttp(
            app_id,
            app_secret,
            domain,
            timeout_seconds=self._options.request_timeout_seconds,
            patience=self._options.patience,
            limits=self._options.limits,
        )
        self._api = FeishuApi(http, app_id, app_secret)
        self._started_at = datetime.now(UTC)
        self._delivery = FeishuDelivery(self._api, self._started_at)
        self._webhook: FeishuWebhook | None = None
        if mode == "webhook":
            freshness = self._options.webhook_freshness_seconds
            self._webhook = FeishuWebhook(
                encrypt_key, verification_token, self.take, freshness_seconds=freshness
            )
        self._connection: LongConnection | None = None
        self._accept: Accept | None = None
        self._bot_open_id = ""
        self._identifying = asyncio.Lock()
        self._order = ChatOrder()
        self._drafts: OrderedDict[tuple[str, str], FeishuDraft] = OrderedDict()
        self._sending = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def name(self) -> str:
        """The `channel` of its `ChatKey`s."""
        return CHANNEL_NAME

    def routes(self) -> list[web.RouteDef]:
        """What the bot's server must answer in webhook mode; it must let requests without Origin through."""
        return [web.post(WEBHOOK_PATH, self._webhook.handle)] if self._webhook else []

    async def start(self, accept: Accept) -> None:
        """Find out who the bot is and begin to receive.

        Raises:
            SettingsError: FEISHU_APP_ID, FEISHU_APP_SECRET or FEISHU_DOMAIN is wrong.
        """
        await self._api.open()
        self._accept = accept
        try:
            await self._identify()
            if self._webhook is None:
                self._connection = LongConnection(
                    self._app_id, self._api.connection_endpoint, self.take, self._options.connection
                )
                await self._connection.start()
        except ChannelError as exc:
            await self.stop()
            raise as_settings_error(exc, self._domain) from exc
        logger.info("feishu_started mode=%s", "websocket" if self._connection else "webhook")

    async def stop(self) -> None:
        """Stop receiving, let what is being sent be sent, close the session."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.stop()
        drafts = list(self._drafts.values())
        self._drafts.clear()
        await asyncio.gather(*(draft.close() for draft in drafts), return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._idle.wait()
        await self._api.close()
        logger.info("feishu_stopped")

    async def take(self, payload: Mapping[str, Any]) -> Mapping[str, object] | None:
        """Take an event as the platform sent it; returns, with what to answer, once it is stored.

        Raises:
            BotError: it is not stored; the platform shall send it again.
        """
        try:
            event = read_event(payload)
            if event.app_id != self._app_id:
                logger.warning("feishu_event_of_another_app event_id=%s", event.event_id)
                return None
            if event.is_group_message and not self._bot_open_id:
                await self._identify()
            message = incoming_message(event, self._bot_open_id, datetime.now(UTC))
        except MalformedEventError as exc:
            logger.warning("feishu_event_malformed field=%s", exc)
            return None
        if message is not None and self._accept is not None:
            async with self._order.turn(message.chat.chat_id):
                await self._accept(message)
        return _toast(event)

    def open_draft(self, message: IncomingMessage) -> Draft:
        """Begin to show that `message` is being answered; not where an earlier attempt may have begun to."""
        key = _draft_key(message)
        is_repeated = message.received_at < self._started_at or key in self._drafts
        draft = FeishuDraft(self._api, message, self._options.draft, is_repeated=is_repeated)
        self._drafts[key] = draft
        while len(self._drafts) > _MAX_DRAFTS:
            self._drafts.popitem(last=False)
        return draft

    async def deliver_text(self, message: IncomingMessage, reply: Reply, *, key: str) -> None:
        """Send the whole answer; see `bot.delivery.Channel`.

        A message has one answer: its card's idempotency key comes from the message, so that a draft which
        outlived its process becomes the answer. What is sent of the bot's own accord (timers, broadcasts)
        needs a `message_id` of its own that does not begin with "om_", and goes to the chat.

        Raises:
            ChannelError: see `bot.delivery.Channel`.
        """
        async with self._counted():
            draft = self._drafts.get(_draft_key(message))
            if draft is not None:
                await draft.close()
            await self._delivery.deliver_text(message, reply, draft, key)
            self._drafts.pop(_draft_key(message), None)

    async def deliver_picture(
        self, message: IncomingMessage, picture: Picture, caption: str, *, key: str
    ) -> None:
        """Send the picture as a reply of its own; see `bot.delivery.Channel`.

        Raises:
            ChannelError: see `bot.delivery.Channel`.
        """
        async with self._counted():
            await self._delivery.deliver_picture(message, picture, caption, key)

    async def deliver_voice(self, message: IncomingMessage, clip: VoiceClip, *, key: str) -> None:
        """Send the answer read aloud as a voice message of its own; see `bot.delivery.Channel`.

        Raises:
            ChannelError: see `bot.delivery.Channel`.
        """
        async with self._counted():
            await self._delivery.deliver_voice(message, clip, key)

    async def fetch_recording(self, message: IncomingMessage, *, max_bytes: int) -> bytes:
        """The bytes of the message's recording; see `bot.delivery.Channel`.

        Raises:
            InputError: see `bot.delivery.Channel`.
            ChannelError: likewise.
        """
        target = reply_target(message)
        if message.voice is None or not target:
            raise ChannelError("the message has no recording")
        content = await self._api.download(target, message.voice.reference, "file", max_bytes=max_bytes)
        if content is None:
            raise InputError("audio_too_large", f"a recording is longer than {max_bytes} bytes")
        return content

    async def check(self) -> str:
        """Say who the bot is, having tried its permissions; needs no `start`.

        Raises:
            SettingsError: a wrong id or secret, an unreachable platform, or the permissions that are missing.
        """
        is_started = self._accept is not None
        await self._api.open()
        try:
            identity = await self._api.bot_identity(_AT_START)
            missing = await missing_permissions(self._api)
            deaf = await missing_for_recordings(self._api)
            if self._webhook is None:
                await self._api.connection_endpoint()
        except ChannelError as exc:
            raise as_settings_error(exc, self._domain) from exc
        finally:
            if not is_started:
                await self._api.close()
        if missing:
            raise SettingsError("FEISHU_APP_ID", f"the app lacks the permissions {', '.join(missing)}")
        note = f"; it cannot fetch voice messages without {deaf}" if deaf else ""
        return f"{identity.name or 'Feishu bot'} ({identity.open_id}){note}"

    async def _identify(self) -> None:
        """Learn the bot's own open_id, without which no group is answered.

        Raises:
            ChannelError: the platform does not say.
        """
        async with self._identifying:
            if not self._bot_open_id:
                self._bot_open_id = (await self._api.bot_identity(_AT_START)).open_id

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self._sending += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._sending -= 1
            if not self._sending:
                self._idle.set()


def _draft_key(message: IncomingMessage) -> tuple[str, str]:
    return message.chat.chat_id, message.message_id


def _toast(event: FeishuEvent) -> Mapping[str, object] | None:
    """What to show whoever pressed a button."""
    if event.event_type != BUTTON_EVENT:
        return None
    return {"toast": {"type": "info", "content": "收到"}}
