"""The chat page's interface: its history, written and spoken messages in, and answers streamed out."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.message_handler import MessageHandler
from bot.unfinished_answers import UnfinishedAnswers
from bot.web_answers import Answer, Answers
from bot.web_bodies import checked_message_id, read_message, read_recording
from bot.web_errors import json_bytes, json_response, refusal_data
from bot.web_files import sound_response
from bot.web_json import event_data, history_data
from bot.web_recordings import Recording, WebRecordings
from bot.web_security import Sessions
from bot.web_speech import Narrate, WebSpeech
from core.conversation import HistoryMessage
from core.errors import InputError
from core.messages import ChatKey, IncomingMessage, UserKey, VoiceNote
from core.ports import History

logger = logging.getLogger(__name__)

WRITE_TIMEOUT_SECONDS = 30.0
"""A browser that takes nothing for so long is gone; its answer goes on without it."""
PATIENCE_SECONDS = 15.0
"""A sign of life on a quiet stream: proxies commonly cut one after 60 s."""
STREAMS_PER_USER = 8
"""Two tabs, each with a full line of messages (see `bot.web_answers`)."""
STREAMS_OVERALL = 256
HISTORY_MESSAGES = 100


class ChatApi:
    """What the page's script talks to.

    Args:
        router: answers messages.
        history: what the page shows after a reload.
        sessions: tells who is asking.
        recordings: where what people say is kept until it is answered; None while nobody can hear it.
        narrate: reads an answer aloud; None for answers that are only read.
        unfinished: ends answers early.
    """

    def __init__(
        self,
        router: MessageHandler,
        history: History,
        sessions: Sessions,
        *,
        recordings: WebRecordings | None = None,
        narrate: Narrate | None = None,
        unfinished: UnfinishedAnswers | None = None,
    ) -> None:
        self._history = history
        self._sessions = sessions
        self._recordings = recordings
        self._speech = WebSpeech(narrate) if narrate else None
        self._unfinished = unfinished or UnfinishedAnswers()
        self._answers = Answers(router, lambda event: _line(event_data(event)), self._unfinished, self._ended)
        self._streams: Counter[str] = Counter()

    def routes(self) -> list[web.RouteDef]:
        """Where it is found."""
        return [
            web.get("/api/history", self._get_history),
            web.post("/api/messages", self._post_message),
            web.post("/api/stop", self._post_stop),
            web.get("/api/voice", self._get_voice),
            web.post("/api/voice", self._post_recording),
            web.get("/api/speech/{message_id}", self._get_speech),
        ]

    async def close(self, grace_seconds: float) -> None:
        """Take no more messages; let answers finish for `grace_seconds`, then cancel them."""
        await self._answers.close(grace_seconds)
        if self._speech is not None:
            await self._speech.close()

    async def _get_history(self, request: web.Request) -> web.StreamResponse:
        chat = ChatKey("web", self._user_id(request))
        unfinished = self._answers.unfinished(chat)
        messages = await self._history.recent(chat, limit=HISTORY_MESSAGES)
        while unfinished != (now := self._answers.unfinished(chat)):  # one ended while history was read
            unfinished = now
            messages = await self._history.recent(chat, limit=HISTORY_MESSAGES)
        if unfinished:
            messages = _without(unfinished[0], messages)
        waiting = [
            {"message_id": a.message.message_id, "text": a.said, "spoken": a.message.voice is not None}
            for a in unfinished
        ]
        return json_response({"messages": [history_data(m) for m in messages], "unfinished": waiting})

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        user_id = self._user_id(request)
        text, message_id = await read_message(request)
        with self._stream_of(user_id):
            message = _message(user_id, message_id, text)
            return await _send_answer(request, self._answers.answer_to(message))

    async def _post_stop(self, request: web.Request) -> web.StreamResponse:
        """End the user's answers where they are; their streams end by themselves."""
        user_id = self._user_id(request)
        stopped = self._unfinished.stop(ChatKey("web", user_id), UserKey("web", user_id))
        return json_response({"stopped": stopped})

    async def _get_voice(self, _request: web.Request) -> web.StreamResponse:
        max_seconds = self._recordings.max_seconds if self._recordings else None
        return json_response({"max_seconds": max_seconds})

    async def _post_recording(self, request: web.Request) -> web.StreamResponse:
        """Answer a recording. Without one, its message id leads back to its answer: the page keeps none."""
        if self._recordings is None:
            raise InputError("voice_off", "nobody can hear recordings")
        user_id = self._user_id(request)
        message_id = checked_message_id(request.query.get("message_id", ""))
        with self._stream_of(user_id):  # also while it arrives: a slow upload holds memory
            recording = await read_recording(request, self._recordings)
            if recording.content:
                answer = self._answer_to_recording(user_id, message_id, recording, self._recordings)
            else:
                answer = self._answer_known_as(user_id, message_id, "recording_gone")
            del recording  # the answer may take minutes
            return await _send_answer(request, answer)

    def _answer_to_recording(
        self, user_id: str, message_id: str, recording: Recording, recordings: WebRecordings
    ) -> Answer:
        message = _message(user_id, message_id, "", recording.voice)
        if self._answers.known(message.chat, message_id) is None:
            recordings.check_room()
        answer = self._answers.answer_to(message)
        if answer.message is message:  # it begins when this task waits: the recording is there by then
            recordings.hold(message, recording)
        return answer

    async def _get_speech(self, request: web.Request) -> web.StreamResponse:
        user_id = self._user_id(request)
        answer = self._answer_known_as(user_id, request.match_info["message_id"], "speech_gone")
        if self._speech is None:
            raise InputError("speech_gone", "nobody reads answers aloud")
        return sound_response(request, (await self._speech.clip_of(answer)).content)

    def _answer_known_as(self, user_id: str, message_id: str, otherwise: str) -> Answer:
        answer = self._answers.known(ChatKey("web", user_id), message_id)
        if answer is None:
            raise InputError(otherwise, "no answer of this chat has that message_id")
        return answer

    def _ended(self, message: IncomingMessage) -> None:
        if self._recordings is not None:
            self._recordings.drop(message)

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


def _message(user_id: str, message_id: str, text: str, voice: VoiceNote | None = None) -> IncomingMessage:
    return IncomingMessage(
        chat=ChatKey("web", user_id),
        user=UserKey("web", user_id),
        message_id=message_id,
        text=text,
        received_at=datetime.now(UTC),
        voice=voice,
    )


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
            same = message.text.strip() == running.said.strip()
            later = message.created_at >= running.message.received_at
            return messages[:index] if same and later else messages
    return messages


def _line(data: dict[str, Any]) -> bytes:
    return json_bytes(data) + b"\n"
