"""Files that people sent, fetched into memory: core.telegram.org/bots/api#getfile.

getFile names a path, good for an hour, of a file of at most 20 MB. The SDK would read that path from this
machine's disk if there is such a file (`telegram.File`, for Bot API servers run with --local), so it takes no
part in this: addresses are made of the settings' own root and a path that leads nowhere else.

An address carries the token; what leaves here says nothing of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

from telegram.error import BadRequest, NetworkError, TelegramError

from bot.telegram_errors import FILE_TOO_BIG, error_of
from bot.telegram_request import AiohttpRequest, FloodError
from core.errors import ChannelError, InputError

RETRY_PAUSES_SECONDS = (0.3, 1.0)
_LONGEST_FLOOD_SECONDS = 10.0
"""Whoever waits for an answer to a voice note is not kept waiting for longer than this by one 429."""
_MAX_PATH = 512


class TelegramFiles:
    """Fetches files.

    Args:
        request: how requests are made.
        root: of the Bot API server.
        token: the bot's.
        sleep: waits.
    """

    def __init__(
        self, request: AiohttpRequest, root: str, token: str, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._request = request
        self._methods = f"{root}/bot{token}"
        self._files = f"{root}/file/bot{token}"
        self._sleep = sleep

    async def fetch(self, file_id: str, size_bytes: int | None, *, max_bytes: int) -> bytes:
        """The file; `size_bytes` as Telegram told it before, or None.

        Raises:
            InputError: `audio_too_large`, for us or for Telegram.
            ChannelError: it cannot be had.
        """
        _check_size(size_bytes, max_bytes)
        for pause in (*RETRY_PAUSES_SECONDS, None):
            try:
                return await self._fetched(file_id, max_bytes)
            except BadRequest as exc:
                if FILE_TOO_BIG in exc.message.lower():
                    raise _too_large("Telegram gives bots no more than 20 MB") from exc
                raise error_of(exc) from exc
            except (FloodError, NetworkError) as exc:
                seconds = exc.seconds if isinstance(exc, FloodError) else pause
                if pause is None or seconds is None or seconds > _LONGEST_FLOOD_SECONDS:
                    raise error_of(exc) from exc
                await self._sleep(seconds)
            except TelegramError as exc:
                raise error_of(exc) from exc
        raise ChannelError("Telegram does not give a file", retryable=True)

    async def _fetched(self, file_id: str, max_bytes: int) -> bytes:
        file: Any = await self._request.post(f"{self._methods}/getFile?{urlencode({'file_id': file_id})}")
        path, size = (
            (file.get("file_path"), file.get("file_size")) if isinstance(file, dict) else (None, None)
        )
        _check_size(size if isinstance(size, int) else None, max_bytes)
        content = await self._request.download(f"{self._files}/{_relative(path)}", max_bytes=max_bytes)
        if content is None:
            raise _too_large(f"a file is longer than {max_bytes} bytes")
        return content


def _relative(path: object) -> str:
    """The path as a part of an address, which cannot leave the folder of the bot's files.

    Raises:
        ChannelError: it would, or names a file on the Bot API server's own disk.
    """
    if not isinstance(path, str) or not 0 < len(path) <= _MAX_PATH or {"", ".", ".."} & set(path.split("/")):
        raise ChannelError("the Bot API server names no file that can be fetched (is it run with --local?)")
    return quote(path, safe="/", errors="replace")


def _check_size(size_bytes: int | None, max_bytes: int) -> None:
    if size_bytes is not None and size_bytes > max_bytes:
        raise _too_large(f"a file of {size_bytes} bytes is longer than {max_bytes}")


def _too_large(reason: str) -> InputError:
    return InputError("audio_too_large", reason)
