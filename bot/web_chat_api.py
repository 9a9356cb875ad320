"""The chat page's interface: its history, and messages in with answers streamed out."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.message_handler import MessageHandler
from bot.web_answers import Answer, Answers
from bot.web_errors import json_bytes, json_response, refusal_data
from bot.web_json import event_data, history_data
from bot.web_security import Sessions
from core.conversation import HistoryMessage
from core.errors import InputError
from core.messages import ChatKey, IncomingMessage, UserKey
from core.ports import History

logger = logging.getLogger(__name__)

BODY_TIMEOUT_SECONDS = 15.0
WRITE_TIMEOUT_SECONDS = 30.0
"""A browser that takes nothing for so long is gone; its answer goes on without it."""
PATIENCE_SECONDS = 15.0
"""A sign of life on a quiet stream: proxies commonly cut one after 60 s."""
STREAMS_PER_USER = 8
"""Two tabs, each with a full line of messages (see `bot.web_answers`)."""
STREAMS_OVERALL = 256
HISTORY_MESSAGES = 100
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ChatApi:
    """What the page's script talks to.

    Args:
        router: answers messages.
        history: what the page shows after a reload.
        sessions: tells who is asking.
    """

    def __init__(self, router: MessageHandler, history: History, sessions: Sessions) -> None:
        self._history = history
        self._sessions = sessions
        self._answers = Answers(router, lambda event: _line(event_data(event)))
        self._streams: Counter[str] = Counter()

    def routes(self) -> list[web.RouteDef]:
        """Where it is found."""
        return [
            web.get("/api/history", self._get_history),
            web.post("/api/messages", self._post_message),
        ]

    async def close(self, grace_seconds: float) -> None:
        """Take no more messages; let answers finish for `grace_seconds`, then cancel them."""
        await self._answers.close(grace_seconds)

    async def _get_history(self, request: web.Request) -> web.StreamResponse:
        chat = ChatKey("web", self._user_id(request))
        unfinished = self._answers.unfinished(chat)
        messages = await self._history.recent(chat, limit=HISTORY_MESSAGES)
        while unfinished != (now := self._answers.unfinished(chat)):  # one ended while history was read
            unfinished = now
            messages = await self._history.recent(chat, limit=HISTORY_MESSAGES)
        if unfinished:
            messages = _without(unfinished[0], messages)
        waiting = [{"message_id": a.message.message_id, "text": a.message.text} for a in unfinished]
        return json_response({"messages": [history_data(m) for m in messages], "unfinished": waiting})

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        user_id = self._user_id(request)
        text, message_id = await _read_message(request)
        with self._stream_of(user_id):
            message = IncomingMessage(
                chat=ChatKey("web", user_id),
                user=UserKey("web", user_id),
                message_id=message_id,
                text=text,
                received_at=datetime.now(UTC),
            )
            return await _send_answer(request, self._answers.answer_to(message))

    def _user_id(self, request: web.Request) -> str:
        user_id = self._sessions.user_id_of(request)
        if user_id is None:
            raise InputError("no_session", "the request carries no session cookie")
        return user_id

    @contextmanager
    def _stream_of(self, user_id: str) -> Iterator[None]:
        """Hold one of the user's streams.

        Raises:
            InputError: too_many_streams or server_busy.
        """
        if self._streams[user_id] >= STREAMS_PER_USER:
            raise InputError("too_many_streams", f"{STREAMS_PER_USER} streams of this user are open")
        if self._streams.total() >= STREAMS_OVERALL:
            raise InputError("server_busy", f"{STREAMS_OVERALL} streams are open")
        self._streams[user_id] += 1
        try:
            yield
        finally:
            self._streams[user_id] -= 1
            if not self._streams[user_id]:
                del self._streams[user_id]


async def _read_message(request: web.Request) -> tuple[str, str]:
    """Text and message id of a request's body.

    Raises:
        InputError: not_json, bad_request or request_timeout.
        web.HTTPRequestEntityTooLarge: the body is longer than MAX_BODY_BYTES.
    """
    if request.content_type != "application/json":
        raise InputError("not_json", "the body is not declared as application/json")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            body = await request.read()
        data = json.loads(body.decode("utf-8"))
    except TimeoutError as exc:
        raise InputError("request_timeout", "the body did not arrive in time") from exc
    except (ValueError, RecursionError) as exc:
        raise InputError("bad_request", "the body is not JSON in UTF-8") from exc
    match data:
        case {"text": str(text), "message_id": str(message_id)} if _UUID.fullmatch(message_id):
            return text, message_id
    raise InputError("bad_request", "the body needs a text and a message_id that is a UUID")


async def _send_answer(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Stream `answer` to the browser as it grows. A browser that goes away leaves the answer untouched."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/x-ndjson; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    message_id = answer.message.message_id
    try:
        await response.prepare(request)
        await response.write(_line({"type": "accepted", "message_id": message_id}))
        async with aclosing(answer.follow(PATIENCE_SECONDS)) as news:
            async for lines in news:
                async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
                    await response.write(lines or _line({"type": "waiting"}))
        if not answer.complete:
            await response.write(_line({"type": "failed", **refusal_data("interrupted")}))
        await response.write_eof()
    except (ConnectionError, TimeoutError) as exc:
        logger.info("stream_lost message_id=%s error=%s", message_id, type(exc).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response


def _without(running: Answer, messages: tuple[HistoryMessage, ...]) -> tuple[HistoryMessage, ...]:
    """`messages` less those of the answer that is being made: the page reads it from its stream."""
    for index in reversed(range(len(messages))):
        message = messages[index]
        if message.role == "user":
            asked = running.message
            same = message.text.strip() == asked.text.strip() and message.created_at >= asked.received_at
            return messages[:index] if same else messages
    return messages


def _line(data: dict[str, Any]) -> bytes:
    return json_bytes(data) + b"\n"
