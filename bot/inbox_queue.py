"""Durable work in order, by DBOS (https://docs.dbos.dev): the only file that knows it.

Work runs on the event loop that started the queue, one piece at a time within a chat, and goes on after a
kill from the step that was cut short. DBOS is one per process and takes 0.6 s to import, so it is imported
when the queue starts. Its own queues are not used: they poll, which cost 12 % of a core at rest for 15 ms
of waiting on average; here a piece of work begins when the one before it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING, Any

from bot.dbos_logs import silence_dbos
from bot.last_resort import expected
from core.errors import BotError, StorageError
from storage.accepted_events import AcceptedEvents, StoredEvent

if TYPE_CHECKING:
    from dbos import DBOSClient

logger = logging.getLogger(__name__)

VERSION = "1"
"""The shape of the steps. Work of another version stays where it is, so this changes only with a migration;
left to itself, DBOS would take a hash of the code and strand what was pending at every update."""

_EXECUTOR = "bot"
_APPLICATION = "shishen"
_WORKFLOW = "turn"
_SCHEMA = "dbos"
_THREADS = 16
_POLL_SECONDS = 0.5
"""How often to look whether work that an earlier process began is done."""
_BATCH = 500
_REPAIR_SECONDS = 5.0
"""How long to wait before work whose database failed is begun again."""
_LISTENER_SECONDS = 0.1
"""How often DBOS's listener, which has nothing to listen for here, wakes up: stopping waits for it."""
_FLUSH_SECONDS = 1.0
"""How late the note that work is done is made; until then, a restart finds the kept result."""
_MAX_REPAIRS = 10
"""How often work is begun again that ended with an error; far more than a full disk, once emptied, needs."""
_MAX_ATTEMPTS = 1000
"""Restarts that a message may be caught in. A crash loop must not lose what waits, only be noticed."""

Work = Callable[[str, str], Awaitable[None]]
"""Does the work with this id and this input."""
Told = Callable[[StoredEvent], None]


class WorkQueue:
    """Durable work, in order within a chat.

    Args:
        events: the database, and what is to be done.
        work: does one piece; a `CancelledError` leaves it to the next start.
        queued: told of each piece when it is put into the queue, also of what an earlier process left.
        done: told of each piece that is done.

    Attributes:
        interrupted: the work that was under way when the process was killed or stopped, or whose database
            failed.
        idle: set while nothing is to be done.
    """

    def __init__(self, events: AcceptedEvents, work: Work, *, queued: Told, done: Told) -> None:
        self._events = events
        self._work = work
        self._tell_queued = queued
        self._tell_done = done
        self._client: DBOSClient | None = None
        self._turn: Callable[[str], Coroutine[Any, Any, None]] | None = None
        self._chats: dict[str, deque[StoredEvent]] = {}
        self._finished: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._upkeep = ThreadPoolExecutor(1, thread_name_prefix="inbox-upkeep")
        self.interrupted: set[str] = set()
        self.idle = asyncio.Event()
        self.idle.set()

    async def start(self) -> None:
        """Begin to work; what was under way goes on.

        Raises:
            StorageError: the database cannot be used.
        """
        await asyncio.to_thread(_imported)
        from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer

        silence_dbos()
        serializer = DBOSPortableJSONSerializer()
        config = DBOSConfig(
            name=_APPLICATION,
            application_version=VERSION,
            executor_id=_EXECUTOR,
            system_database_engine=self._events.engine,
            dbos_system_schema=_SCHEMA,
            serializer=serializer,
            use_listen_notify=False,
            notification_listener_polling_interval_sec=_LISTENER_SECONDS,
            enable_otlp=False,
            max_executor_threads=_THREADS,
            log_level="WARNING",
        )
        with self._events.translated_errors():
            self._client = DBOSClient(
                system_database_engine=self._events.engine,
                dbos_system_schema=_SCHEMA,
                serializer=serializer,
                application_name=_APPLICATION,
                lazy=True,
            )
            await asyncio.to_thread(self._find_interrupted)
            unfinished = await asyncio.to_thread(self._events.unfinished)
            DBOS(config=config)
            self._turn = self._registered()
            # On this thread, because work runs on the event loop that launch finds.
            DBOS.launch()
        for event in unfinished:
            self.put(event)
        self._in_background(self._flush_now_and_then())

    @property
    def waiting(self) -> int:
        """How many pieces of work are not done."""
        return sum(len(events) for events in self._chats.values())

    def put(self, event: StoredEvent) -> None:
        """Have the work of a stored event done after what its chat is waiting for already."""
        waiting = self._chats.setdefault(event.chat_key, deque())
        waiting.append(event)
        self.idle.clear()
        self._tell_queued(event)
        if len(waiting) == 1:
            self._in_background(self._work_off(event.chat_key, waiting))

    async def step(self, name: str, work: Callable[[], Awaitable[str]]) -> str:
        """Do a part of the work under way and keep its result; done already, give back what was kept."""
        from dbos import DBOS

        result: str = await DBOS.run_step_async({"name": name}, _coroutine_function(work))
        return result

    async def _work_off(self, chat_key: str, waiting: deque[StoredEvent]) -> None:
        while waiting:
            await self._done(waiting[0])
            self._tell_done(waiting[0])
            self._finished.append(waiting.popleft().sequence)
        del self._chats[chat_key]
        if not self._chats:
            self.idle.set()

    async def _done(self, event: StoredEvent) -> None:
        """Have one piece of work done; begun by an earlier process already, wait until it is."""
        work_id = work_id_of(event)
        for _ in range(_MAX_REPAIRS):
            try:
                with self._events.translated_errors():
                    return await expected(self._begun(work_id, event.data), f"work={work_id}")
            except BotError as exc:
                logger.error("work_interrupted work=%s code=%s", work_id, exc.code)  # noqa: TRY400
                await self._repair(work_id)
        logger.error("work_given_up work=%s", work_id)
        return None

    async def _begun(self, work_id: str, data: str) -> None:
        """Run the work, or wait for it if it runs already; finished already, nothing happens."""
        from dbos import DBOS, SetWorkflowID

        if self._turn is None:
            return
        with SetWorkflowID(work_id):
            handle = await DBOS.start_workflow_async(self._turn, data)
        await handle.get_result(polling_interval_sec=_POLL_SECONDS)

    async def _repair(self, work_id: str) -> None:
        """Let work go on that ended because its database failed, as soon as the database takes it."""
        self.interrupted.add(work_id)
        while True:
            await asyncio.sleep(_REPAIR_SECONDS)
            try:
                return await expected(asyncio.to_thread(self._repaired, work_id), f"work={work_id}")
            except StorageError as exc:
                logger.warning("repair_postponed work=%s code=%s", work_id, exc.code)
            except BotError:
                return None

    def _repaired(self, work_id: str) -> None:
        """Drop the failed step, if the failure itself could be stored; what had not begun stays so."""
        client = self._started()
        with self._events.translated_errors():
            found = client.list_workflows(workflow_ids=[work_id], load_input=False, load_output=False)
            if not found:
                return
            if found[0].status != "ERROR":
                client.resume_workflow(work_id)
                return
            steps = client.list_workflow_steps(work_id)
            failed = [step["function_id"] for step in steps if step["error"] is not None]
            client.rewind_workflow(work_id, start_step=min(failed, default=len(steps) + 1))

    def delete(self, events: Sequence[StoredEvent]) -> None:
        """Delete the inputs and results of work that is done. Blocking.

        Raises:
            StorageError: some of it may be left.
        """
        with self._events.translated_errors():
            self._started().delete_workflows([work_id_of(event) for event in events])

    async def flush(self) -> None:
        """Note which work is done.

        Raises:
            StorageError: it could not be noted; it is noted later.
        """
        batch = self._finished[:_BATCH]
        if batch:
            await asyncio.get_running_loop().run_in_executor(self._upkeep, self._events.finish, batch)
            del self._finished[: len(batch)]

    async def stop(self) -> None:
        """Begin nothing more and close; work under way must have ended or been parked before."""
        from dbos import DBOS

        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StorageError):
            while self._finished:
                await self.flush()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._upkeep, lambda: DBOS.destroy(destroy_registry=True))
        self._upkeep.shutdown()
        if self._client is not None:
            self._client.destroy()
        # DBOS put its own threads, now gone, behind asyncio.to_thread.
        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))

    def _registered(self) -> Callable[[str], Coroutine[Any, Any, None]]:
        """The work as a function that DBOS knows; it registers no bound methods."""
        from dbos import DBOS

        async def turn(data: str) -> None:
            await self._work(DBOS.workflow_id or "", data)

        return DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_MAX_ATTEMPTS)(turn)

    async def _flush_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            try:
                await self.flush()
            except StorageError as exc:
                logger.warning("flush_failed code=%s", exc.code)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        # An empty context: whoever accepts a message may itself be in the middle of a turn.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _find_interrupted(self) -> None:
        if self._events.has_table("workflow_status", _SCHEMA):
            found = self._started().list_workflows(status="PENDING", load_input=False, load_output=False)
            self.interrupted.update(status.workflow_id for status in found)

    def _started(self) -> DBOSClient:
        if self._client is None:
            message = "the queue has not been started"
            raise RuntimeError(message)
        return self._client


def work_id_of(event: StoredEvent) -> str:
    """The id of an event's work: within a chat, ids sort in the order of acceptance."""
    return f"{event.chat_key}-{event.sequence:012d}"


def _imported() -> None:
    """Import in a thread, so that the event loop goes on."""
    import dbos  # noqa: F401


def _coroutine_function(work: Callable[[], Awaitable[str]]) -> Callable[[], Any]:
    """`work` in the only form that DBOS runs on the event loop."""

    async def step() -> str:
        return await work()

    return step
