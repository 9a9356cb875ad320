"""Telegram as a `bot.delivery.Channel`.

    telegram_updates   Update → what it asks      telegram_render   Reply → texts with entities
    telegram_polling, _webhook, _receiver        telegram_sender, _texts   messages, paced by telegram_pacing
    telegram_api       account, menu, updates      telegram_draft    answers while they are made
    telegram_delivery  whole answers               telegram_buttons, _memory  what must survive a restart

What can be doubled: Telegram has no idempotency keys. A message whose answer was lost, or that was sent just
before a kill, is sent again. Of an answer in several parts only the part at hand can be doubled: how far it
got is kept under the delivery's key. An answer streamed in a group is an edit, and cannot be doubled.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

from bot.delivery import Accept
from bot.telegram_buttons import ButtonCodes
from bot.telegram_delivery import TelegramDelivery
from bot.telegram_draft import DraftTiming, TelegramDraft
from bot.telegram_memory import TelegramMemory
from bot.telegram_pacing import Pacer, PacingLimits
from bot.telegram_polling import Poller
from bot.telegram_updates import (
    ALLOWED_UPDATES,
    CHANNEL,
    Identity,
    UpdateReader,
)
from bot.telegram_webhook import WebhookReceiver
from core.errors import ChannelError, SettingsError
from core.messages import IncomingMessage, Picture, Reply, VoiceClip

if TYPE_CHECKING:
    from bot.telegram_api import Me, TelegramApi
    from bot.telegram_receiver import UpdateReceiver
    from bot.telegram_sender import Place

logger = logging.getLogger(__name__)

_STOP_SECONDS = 2.5
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{8,128}")


@dataclass(frozen=True, slots=True)
class TelegramOptions:
    """What may differ between installations and tests.

    Attributes:
        pacing: how much may be sent.
        timing: how often an unfinished answer is shown.
        poll_seconds: how long Telegram holds a request without news.
        conflict_grace_seconds: see `bot.telegram_polling`.
        first_backoff_seconds: pause after a failed poll; doubles.
        proxy: an HTTP proxy, or "".
    """

    pacing: PacingLimits = field(default_factory=PacingLimits)
    timing: DraftTiming = field(default_factory=DraftTiming)
    poll_seconds: int = 30
    conflict_grace_seconds: float = 10.0
    first_backoff_seconds: float = 0.5
    proxy: str = ""


class TelegramChannel:
    """The channel.

    Args:
        token: TELEGRAM_BOT_TOKEN.
        memory_path: a small SQLite file for what must survive a restart.
        api_url: TELEGRAM_API_URL, root of the Bot API server.
        mode: TELEGRAM_MODE.
        webhook_url: TELEGRAM_WEBHOOK_URL, for mode webhook.
        webhook_secret: TELEGRAM_WEBHOOK_SECRET, for mode webhook.
        commands: (name, Chinese, English) of the command menu.
        options: limits and intervals.

    Raises:
        SettingsError: a setting cannot be right.
    """

    def __init__(
        self,
        token: str,
        memory_path: Path,
        *,
        api_url: str = "https://api.telegram.org",
        mode: Literal["polling", "webhook"] = "polling",
        webhook_url: str = "",
        webhook_secret: str = "",
        commands: Sequence[tuple[str, str, str]] = (),
        options: TelegramOptions | None = None,
    ) -> None:
        if not _TOKEN.fullmatch(token):
            raise SettingsError("TELEGRAM_BOT_TOKEN", "must look like 123456789:ABC…, as @BotFather gives it")
        if not api_url.startswith(("https://", "http://")):
            raise SettingsError("TELEGRAM_API_URL", "must begin with http:// or https://")
        self._token = token
        self._api_url = api_url
        self._commands = tuple((name.lstrip("/"), zh, en) for name, zh, en in commands)
        self._options = options or TelegramOptions()
        self._pacer = Pacer(self._options.pacing)
        self._memory = TelegramMemory(memory_path)
        self._buttons = ButtonCodes(self._memory)
        self._webhook: WebhookReceiver | None = None
        self._webhook_settings = (webhook_url, webhook_secret)
        if mode == "webhook":
            self._webhook = WebhookReceiver(webhook_url, webhook_secret, self._take)
        self._poller: Poller | None = None
        self._api: TelegramApi | None = None
        self._receiver: UpdateReceiver | None = None
        self._delivery = TelegramDelivery(self._memory, self._buttons)

    def __repr__(self) -> str:
        return "TelegramChannel()"

    @property
    def name(self) -> str:
        """The `channel` of its chats and users."""
        return CHANNEL

    @property
    def is_receiving(self) -> bool:
        """Whether messages come in: no more after a conflict with another poller."""
        return self._poller.is_receiving if self._poller is not None else self._receiver is not None

    def routes(self) -> list[web.RouteDef]:
        """The webhook's route, to be mounted in the bot's server; none in polling mode.

        It has its own guard, the secret: the chat page's checks of Host and Origin must not apply to it.
        """
        return self._webhook.routes() if self._webhook is not None else []

    async def start(self, accept: Accept) -> None:
        """Connect and begin to receive; see `bot.delivery.Channel`."""
        await self._memory.open()
        api = self._new_api()
        try:
            await api.open()
            me = await api.me()
            self._api, self._receiver = api, self._new_receiver(api, me, accept)
            await self._fill_menu(api)
            await self._begin_to_receive(api)
        except BaseException:
            self._api = self._receiver = None
            await api.close()
            await self._memory.close()
            raise
        logger.info(
            "telegram_started bot_id=%d mode=%s", me.user_id, "webhook" if self._webhook else "polling"
        )

    async def stop(self) -> None:
        """Stop receiving, finish what is being sent, close connections."""
        if self._poller is not None:
            await self._poller.stop()
        receiver, self._receiver = self._receiver, None
        await self._delivery.finish(_STOP_SECONDS)
        if receiver is not None:
            await receiver.close(_STOP_SECONDS)
        if self._api is not None:
            api, self._api = self._api, None
            await api.close()
        await self._memory.close()
        logger.info("telegram_stopped")

    async def check(self) -> str:
        """Ask Telegram who the bot is; see `bot.delivery.Channel`."""
        api = self._new_api()
        try:
            await api.open()
            return _described(await api.me())
        finally:
            await api.close()

    def open_draft(self, message: IncomingMessage) -> TelegramDraft:
        """Begin to show that `message` is being answered.

        Raises:
            ChannelError: the channel is stopped.
        """
        place = self._place(message)
        return TelegramDraft(self._started(), self._pacer, self._memory, place, message, self._options.timing)

    async def deliver_text(self, message: IncomingMessage, reply: Reply, *, key: str) -> None:
        """Send the whole answer; see `bot.delivery.Channel`, and above for what can be doubled."""
        await self._delivery.deliver_text(self._started(), self._place(message), message, reply, key)

    async def deliver_picture(
        self, message: IncomingMessage, picture: Picture, caption: str, *, key: str
    ) -> None:
        """Send the picture; see `bot.delivery.Channel`."""
        await self._delivery.deliver_picture(self._started(), self._place(message), picture, caption, key)

    async def deliver_voice(self, message: IncomingMessage, clip: VoiceClip, *, key: str) -> None:  # noqa: ARG002
        """Send the answer read aloud; see `bot.delivery.Channel`."""
        await self._delivery.deliver_voice(self._started(), self._place(message), clip)

    async def fetch_recording(self, message: IncomingMessage, *, max_bytes: int) -> bytes:
        """The bytes of the message's voice note; see `bot.delivery.Channel`."""
        api = self._started()
        if message.voice is None:
            raise ChannelError("the message has no voice note")
        return await api.files.fetch(message.voice.reference, message.voice.size_bytes, max_bytes=max_bytes)

    # Receiving.

    async def _begin_to_receive(self, api: TelegramApi) -> None:
        if self._webhook is not None:
            await api.set_webhook(*self._webhook_settings, ALLOWED_UPDATES)
            return
        await api.delete_webhook()
        self._poller = Poller(
            api,
            self._take,
            poll_seconds=self._options.poll_seconds,
            conflict_grace_seconds=self._options.conflict_grace_seconds,
            first_backoff_seconds=self._options.first_backoff_seconds,
        )
        self._poller.start()

    async def _take(self, raw: dict[str, Any]) -> None:
        if self._receiver is None:
            raise ChannelError("the channel is not started", retryable=True)
        await self._receiver.take(raw)

    # Setting up.

    async def _fill_menu(self, api: TelegramApi) -> None:
        """The menu in English for those whose Telegram is, and in Chinese for everybody else."""
        if not self._commands:
            return
        try:
            await api.set_commands([(name, zh) for name, zh, _ in self._commands], "")
            await api.set_commands([(name, en) for name, _, en in self._commands], "en")
        except ChannelError as exc:
            logger.warning("telegram_menu_not_set code=%s", exc.code)

    def _new_receiver(self, api: TelegramApi, me: Me, accept: Accept) -> UpdateReceiver:
        from bot.telegram_receiver import UpdateReceiver

        identity = Identity(me.user_id, me.username)
        reader = UpdateReader(identity, [name for name, _, _ in self._commands])
        return UpdateReceiver(api, reader, self._buttons, accept)

    def _new_api(self) -> TelegramApi:
        from bot.telegram_api import TelegramApi

        return TelegramApi(self._token, self._api_url, self._pacer, proxy=self._options.proxy)

    def _started(self) -> TelegramApi:
        if self._api is None:
            raise ChannelError("the Telegram channel is stopped", retryable=True)
        return self._api

    @staticmethod
    def _place(message: IncomingMessage) -> Place:
        from bot.telegram_sender import Place

        return Place.of(message)


def _described(me: Me) -> str:
    notes = []
    if not me.can_join_groups:
        notes.append("it may not be added to groups (@BotFather, /setjoingroups)")
    elif not me.reads_all_group_messages:
        notes.append("privacy mode is on: in groups it sees mentions, replies and commands")
    return "; ".join([f"@{me.username} ({me.user_id})", *notes])
