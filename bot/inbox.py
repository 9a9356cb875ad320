"""The durable inbox: a message that was accepted is answered, once, in order, whatever is killed meanwhile.

Accepting stores the message under its number; only then may a channel acknowledge it.
docs/decisions/0005-durable-inbox.md says what is promised.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from bot.delivery import Channel
from bot.inbox_codec import (
    Answer,
    Event,
    decode_answer,
    decode_event,
    digest,
    encode_answer,
    encode_event,
    event_key,
)
from bot.inbox_deletion import delete_old, forget_user, key_of
from bot.inbox_delivery import PatientDelivery
from bot.inbox_limits import Help, InboxLimits, ReplyFor
from bot.inbox_queue import WorkQueue, work_id_of
from bot.inbox_turn import TurnSteps
from bot.message_handler import MessageHandler
from bot.unfinished_answers import UnfinishedAnswers
from core.errors import StorageError
from core.messages import IncomingMessage, UserKey
from storage.accepted_events import AcceptedEvents, StoredEvent

__all__ = ["Help", "Inbox", "InboxLimits"]

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Settled = Callable[[IncomingMessage, str], Awaitable[None]]
"""Called with a message and what became of its text: sent, gone, refused, expired or no_channel.

Called again after a kill that came before its end was noted. A `BotError` has it called again later."""

_PURGE_SECONDS = 3600.0
_CANCEL_SECONDS = 1.0
"""How long cancelled turns may clean up; whoever stops the process does not wait for ever."""


class Inbox:
    """Accepts messages, has them answered and delivered.

    Args:
        handler: answers.
        channels: where messages come from and answers go to, by name.
        database_url: `sqlite:///path/of/file` of its own, or the bot's PostgreSQL.
        reply_for: finds the words for an error.
        synchronous: SQLite only: `normal` survives a killed process, `full` a power cut too.
        limits: how much at once, how long, how often.
        help_: what a turn may ask of the assistant beside its answers.
        settled: told of each message whose text was delivered, or given up.
        unfinished: told of each message from its acceptance until its work is done.
    """

    def __init__(
        self,
        handler: MessageHandler,
        channels: Mapping[str, Channel],
        database_url: str,
        reply_for: ReplyFor,
        *,
        synchronous: Literal["normal", "full"] = "normal",
        limits: InboxLimits | None = None,
        help_: Help | None = None,
        settled: Settled | None = None,
        unfinished: UnfinishedAnswers | None = None,
    ) -> None:
        self._database_url = database_url
        self._synchronous = synchronous
        self._channels = channels
        self._settled = settled
        self._unfinished = unfinished or UnfinishedAnswers()
        self._limits = limits or InboxLimits()
        self._delivery = PatientDelivery(self._limits)
        self._steps = TurnSteps(handler, channels, reply_for, self._limits, help_ or Help(), self._delivery)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._upkeep: set[asyncio.Task[None]] = set()
        self._events: AcceptedEvents | None = None
        self._queue: WorkQueue | None = None
        # One thread: messages are numbered in the order in which `accept` was called.
        self._acceptor: ThreadPoolExecutor | None = None

    @property
    def counts(self) -> Counter[str]:
        """What happened since the start, for metrics: accepted, duplicates, text_sent and so on."""
        return self._delivery.counts

    async def start(self) -> None:
        """Open the database and go on where the last process stopped. Channels are started after it.

        Raises:
            SettingsError: the address of the database cannot be used.
            StorageError: the database cannot be opened or is damaged.
        """
        self._events = await asyncio.to_thread(
            lambda: AcceptedEvents(
                self._database_url,
                synchronous=self._synchronous,
                busy_timeout_seconds=self._limits.busy_timeout_seconds,
            )
        )
        self._acceptor = ThreadPoolExecutor(1, thread_name_prefix="inbox-accept")
        self._queue = WorkQueue(
            self._events,
            self._work,
            queued=lambda stored: self._unfinished.begin(decode_event(stored.data).message),
            done=lambda stored: self._unfinished.end(decode_event(stored.data).message),
        )
        try:
            await self._queue.start()
        except BaseException:
            await self.stop(grace_seconds=0)
            raise
        self._in_background(self._purge_now_and_then())

    async def accept(self, message: IncomingMessage) -> None:
        """Store a message for processing; returns when it is stored, or was before.

        Raises:
            StorageError: it could not be stored, so it must not be acknowledged.
        """
        event = Event(event_key(message), message, datetime.now(UTC))
        stored = await self._in_thread(lambda: self._stored(event))
        self.counts["accepted" if stored else "duplicates"] += 1
        if stored is None:
            logger.info("accepted event=%s duplicate=yes", event.key)
            return
        logger.info("accepted event=%s work=%s", event.key, work_id_of(stored))
        self._open_queue().put(stored)

    async def forget(self, user: UserKey) -> int:
        """Delete the finished work of a user, with their words; returns how many. Work under way finishes.

        Raises:
            StorageError: some of it may not have been deleted.
        """
        await self._open_queue().flush()
        return await self._in_thread(lambda: forget_user(user, self._open_events(), self._delete_work))

    async def purge(self) -> int:
        """Delete finished work and known events that are past their age; returns how much work.

        Raises:
            StorageError: some of it may not have been deleted.
        """
        await self._open_queue().flush()
        return await self._in_thread(lambda: delete_old(self._limits, self._open_events(), self._delete_work))

    @property
    def waiting(self) -> int:
        """How many accepted messages are not done yet."""
        return self._queue.waiting if self._queue is not None else 0

    async def drained(self) -> None:
        """Wait until every accepted message is done."""
        await self._open_queue().idle.wait()

    async def stop(self, grace_seconds: float = 6.0) -> None:
        """Finish what can be finished in `grace_seconds`, park the rest for the next start, close.

        Stop the channels' receiving before, their connections after.
        """
        self._delivery.parking.set()
        for upkeep in self._upkeep:
            upkeep.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        parked = list(self._tasks)
        for task in parked:
            task.cancel()
        await asyncio.gather(*self._upkeep, return_exceptions=True)
        if parked:
            await asyncio.wait(parked, timeout=_CANCEL_SECONDS)
        if self._queue is not None:
            await self._queue.stop()
            self._queue = None
        if self._acceptor is not None:
            self._acceptor.shutdown(wait=True)
            self._acceptor = None
        if self._events is not None:
            self._events.close()
            self._events = None
        logger.info("stopped parked=%d", len(parked))

    async def _work(self, work_id: str, data: str) -> None:
        """All of a turn, called by the queue; replayed with the kept results after a kill."""
        if self._delivery.parking.is_set():
            raise asyncio.CancelledError
        self._watch()
        event = decode_event(data)
        if event.message.chat.channel not in self._channels:
            logger.warning("channel_missing event=%s work=%s", event.key, work_id)
            self.counts["text_no_channel"] += 1
            await self._settle(event, "no_channel")
            return
        try:
            await self._turn(work_id, event)
        finally:
            await self._steps.forget_drawing(event)

    async def _turn(self, work_id: str, event: Event) -> None:
        queue = self._open_queue()
        interrupted = work_id in queue.interrupted

        async def answered() -> str:
            return encode_answer(await self._steps.answer(event, interrupted=interrupted))

        answer = decode_answer(await queue.step("answer", answered))
        queue.interrupted.discard(work_id)
        if not answer.reply.text:
            logger.info("silent event=%s work=%s", event.key, work_id)
            return  # a handler that has nothing to say: the writer is ignored
        sent = await queue.step("text", lambda: self._steps.deliver_text(event, answer.reply))
        await self._settle(event, sent)
        if sent == "sent":
            await self._deliver_more(event, answer)
        logger.info("done event=%s work=%s text=%s", event.key, work_id, sent)

    async def _deliver_more(self, event: Event, answer: Answer) -> None:
        """Deliver what follows the text. The last is no step: the end of the work tells of its delivery."""
        steps, parts = self._steps, list[tuple[str, Callable[[], Awaitable[str]]]]()
        if answer.picture_follows or answer.reply.picture is not None:
            parts.append(("picture", lambda: steps.deliver_picture(event, answer)))
        if answer.reply.read_aloud:
            parts.append(("voice", lambda: steps.deliver_voice(event, answer.reply)))
        for name, deliver in parts[:-1]:
            await self._open_queue().step(name, deliver)
        for _, deliver in parts[-1:]:
            await deliver()

    async def _settle(self, event: Event, outcome: str) -> None:
        if self._settled is not None:
            await self._settled(event.message, outcome)

    def _watch(self) -> None:
        """Know the task of a turn, so that `stop` can wait for it until its outcome is stored."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _purge_now_and_then(self) -> None:
        while True:
            try:
                logger.info("purged work=%d", await self.purge())
            except StorageError as exc:
                logger.warning("purge_failed code=%s", exc.code)
            await asyncio.sleep(_PURGE_SECONDS)

    def _stored(self, event: Event) -> StoredEvent | None:
        chat = event.message.chat
        chat_key = digest(chat.channel, chat.chat_id, chat.thread_id)[:16]
        user_key = key_of(event.message.user)
        return self._open_events().record(event.key, user_key, chat_key, encode_event(event))

    def _delete_work(self, events: Sequence[StoredEvent]) -> None:
        self._open_queue().delete(events)

    def _open_events(self) -> AcceptedEvents:
        if self._events is None:
            raise StorageError("the inbox is not running", retryable=True)
        return self._events

    def _open_queue(self) -> WorkQueue:
        if self._queue is None:
            raise StorageError("the inbox is not running", retryable=True)
        return self._queue

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        if self._acceptor is None:
            raise StorageError("the inbox is not running", retryable=True)
        return await asyncio.get_running_loop().run_in_executor(self._acceptor, call)

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._upkeep.add(task)
        task.add_done_callback(self._upkeep.discard)
