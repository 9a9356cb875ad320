"""The bot's account at Telegram: who it is, how updates come, its menu; and, inherited, sending.

Loaded when a channel starts, since the SDK takes a third of a second to import.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from telegram import Bot, BotCommand, Update
from telegram.error import BadRequest, Conflict, InvalidToken, TelegramError

from bot.telegram_errors import ConflictError, error_of
from bot.telegram_files import TelegramFiles
from bot.telegram_pacing import Pacer
from bot.telegram_request import AiohttpRequest, NoBotApiError
from bot.telegram_sender import TelegramSender
from core.errors import InputError, SettingsError

T = TypeVar("T")
Json = dict[str, Any]

_POLL_SLACK_SECONDS = 10.0

# The SDK's debug lines quote what users write, and its warnings say nothing that we do not.
logging.getLogger("telegram").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's own account."""

    user_id: int
    username: str
    can_join_groups: bool
    reads_all_group_messages: bool


class TelegramApi(TelegramSender):
    """The Bot API; `files` fetches what people sent.

    Args:
        token: the bot's.
        api_url: root of the Bot API server.
        pacer: when to send.
        proxy: address of an HTTP proxy, or "".
    """

    def __init__(self, token: str, api_url: str, pacer: Pacer, *, proxy: str = "") -> None:
        root = api_url.rstrip("/")
        self._request = AiohttpRequest(proxy=proxy)
        self._polling = AiohttpRequest(connections=2, proxy=proxy)
        bot = Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=self._request,
            get_updates_request=self._polling,
        )
        super().__init__(bot, pacer)
        self.files = TelegramFiles(self._request, root, token, pacer.sleep)

    def __repr__(self) -> str:
        return "TelegramApi()"  # the SDK's own repr shows the token

    async def open(self) -> None:
        """Open the sessions; nothing is sent."""
        await self._request.initialize()
        await self._polling.initialize()

    async def close(self) -> None:
        """Close every connection."""
        await self._request.shutdown()
        await self._polling.shutdown()

    # Setting up. These raise SettingsError.

    async def me(self) -> Me:
        """Who the bot is.

        Raises:
            SettingsError: TELEGRAM_BOT_TOKEN or TELEGRAM_API_URL is wrong.
        """
        user = await self._set_up(self._bot.get_me)
        return Me(
            user.id,
            user.username or "",
            user.can_join_groups is not False,
            bool(user.can_read_all_group_messages),
        )

    async def set_webhook(self, url: str, secret: str, allowed: Sequence[str]) -> None:
        """Have updates posted to `url`.

        Raises:
            SettingsError: Telegram refuses the address or the secret, the token, or cannot be reached.
        """

        async def set_url() -> None:
            try:
                await self._bot.set_webhook(url, secret_token=secret, allowed_updates=list(allowed))
            except BadRequest as exc:
                raise SettingsError("TELEGRAM_WEBHOOK_URL", f"Telegram refuses it: {exc.message}") from exc

        await self._set_up(set_url)

    async def delete_webhook(self) -> None:
        """Have updates wait for getUpdates; those that wait already are kept.

        Raises:
            SettingsError: as in `me`.
        """
        await self._set_up(self._bot.delete_webhook)

    async def set_commands(self, commands: Sequence[tuple[str, str]], language: str) -> None:
        """Fill the command menu for one language ("" for all others).

        Raises:
            ChannelError: it could not be filled.
        """
        listed = [BotCommand(name, text) for name, text in commands]
        try:
            await self._bot.set_my_commands(listed, language_code=language or None)
        except TelegramError as exc:
            raise error_of(exc) from exc

    async def _set_up(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except InvalidToken as exc:
            raise SettingsError(
                "TELEGRAM_BOT_TOKEN", "Telegram refuses this token; copy it anew from @BotFather"
            ) from exc
        except NoBotApiError as exc:
            raise SettingsError("TELEGRAM_API_URL", "this server is not a Telegram Bot API server") from exc
        except TelegramError as exc:
            raise SettingsError("TELEGRAM_API_URL", f"the server cannot be used: {exc}") from exc

    # Receiving.

    async def updates(self, offset: int, timeout_seconds: int, allowed: Sequence[str]) -> list[Json]:
        """The next updates from `offset` on, which confirms all before it; waits for one.

        They are returned unparsed: the SDK would refuse a whole batch for one malformed update.

        Raises:
            SettingsError: the token was withdrawn.
            ConflictError: another program receives, or a webhook is set.
            ChannelError: no answer; try again.
        """
        query = urlencode(
            {"offset": offset, "timeout": timeout_seconds, "allowed_updates": json.dumps(allowed)}
        )
        try:
            answer: Any = await self._polling.post(
                f"{self._bot.base_url}/getUpdates?{query}", read_timeout=timeout_seconds + _POLL_SLACK_SECONDS
            )
        except InvalidToken as exc:
            raise SettingsError("TELEGRAM_BOT_TOKEN", "Telegram refuses this token now") from exc
        except Conflict as exc:
            raise ConflictError("another program receives with the same token") from exc
        except TelegramError as exc:
            raise error_of(exc) from exc
        return [update for update in answer if isinstance(update, dict)] if isinstance(answer, list) else []

    @staticmethod
    def parsed(update: Json) -> Update:
        """The SDK's view of an update.

        Raises:
            InputError: it is malformed.
        """
        try:
            return Update.de_json(update, None)
        except Exception as exc:  # the SDK lets any error of a missing or odd field through
            reason = type(exc).__name__
            raise InputError("malformed_update", f"an update cannot be read ({reason})") from exc
