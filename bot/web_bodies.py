"""What browsers send, read within bounds of size and time: a message as JSON, or the bytes of a recording."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import web

from bot.web_recordings import Recording, WebRecordings
from core.errors import InputError

BODY_TIMEOUT_SECONDS = 15.0
STALL_TIMEOUT_SECONDS = 15.0
RECORDING_TIMEOUT_SECONDS = 120.0
"""A minute of speech is about 400 kB: at 32 kbit/s, the slowest of mobile connections, it takes 100 s."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def read_json(request: web.Request) -> Any:
    """What a request's body says in JSON.

    Raises:
        InputError: not_json, bad_request or request_timeout.
        web.HTTPRequestEntityTooLarge: the body is longer than MAX_BODY_BYTES.
    """
    if request.content_type != "application/json":
        raise InputError("not_json", "the body is not declared as application/json")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            body = await request.read()
        return json.loads(body.decode("utf-8"))
    except TimeoutError as exc:
        raise InputError("request_timeout", "the body did not arrive in time") from exc
    except (ValueError, RecursionError) as exc:
        raise InputError("bad_request", "the body is not JSON in UTF-8") from exc


async def read_message(request: web.Request) -> tuple[str, str]:
    """Text and message id of a request's body.

    Raises:
        InputError: as `read_json`; bad_request, too, for other JSON.
        web.HTTPRequestEntityTooLarge: the body is longer than MAX_BODY_BYTES.
    """
    match await read_json(request):
        case {"text": str(text), "message_id": str(message_id)}:
            return text, checked_message_id(message_id)
    raise InputError("bad_request", "the body needs a text and a message_id")


async def read_recording(request: web.Request, recordings: WebRecordings) -> Recording:
    """The recording in a request's body, which may be empty.

    Raises:
        InputError: not_audio, recording_too_large, request_timeout or server_busy.
    """
    if not request.content_type.startswith("audio/"):
        raise InputError("not_audio", "the body is not declared as audio")
    if (request.content_length or 0) > recordings.max_bytes:
        raise InputError("recording_too_large", f"larger than {recordings.max_bytes} bytes")
    try:
        async with asyncio.timeout(RECORDING_TIMEOUT_SECONDS), aclosing(_pieces(request)) as pieces:
            return await recordings.receive(pieces)
    except TimeoutError as exc:
        raise InputError("request_timeout", "the recording did not arrive in time") from exc


def checked_message_id(message_id: str) -> str:
    """`message_id` as it is.

    Raises:
        InputError: bad_request: it is no UUID in lower case.
    """
    if not _UUID.fullmatch(message_id):
        raise InputError("bad_request", "the message_id is not a UUID")
    return message_id


async def _pieces(request: web.Request) -> AsyncGenerator[bytes, None]:
    while True:
        async with asyncio.timeout(STALL_TIMEOUT_SECONDS):
            piece = await request.content.readany()
        if not piece:
            return
        yield piece
