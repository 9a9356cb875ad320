"""Search that follows its index: when the manifest changes, the new index is opened and takes over.

Implements `core.ports.Retriever`. A search under way finishes on the index that it began with; one that
begins after the switch sees the new one, and none waits for it to be opened. An index that cannot be
opened is logged, and the old one stays.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.errors import BotError, IndexCorruptError, IndexMissingError
from core.ports import Retrieval
from index.manifest import FILE_NAME
from index.retriever import HybridRetriever

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
_OPENING_ATTEMPTS = 5

Open = Callable[[], HybridRetriever]
_Stamp = tuple[int, int, int]


def opened_steadily(folder: Path, open_index: Open) -> HybridRetriever:
    """Open an index that may be replaced meanwhile: what vanished while being opened is opened anew.

    Raises:
        RecipeIndexError: it cannot be opened, and nobody has replaced it either.
    """
    for _ in range(_OPENING_ATTEMPTS - 1):
        before = _stamp(folder)
        try:
            return open_index()
        except (IndexCorruptError, IndexMissingError):
            if _stamp(folder) == before:
                raise
    return open_index()


class LiveRetriever:
    """An index that may change while it is searched; safe to use from several threads.

    Args:
        folder: of the index.
        open_index: opens what is there now. Blocking; called in a thread.
        clock: seconds, monotonic.
        look_every: how many seconds the manifest is not looked at again.

    Raises:
        RecipeIndexError: the index cannot be opened.
    """

    def __init__(
        self,
        folder: Path,
        open_index: Open,
        *,
        clock: Callable[[], float] = time.monotonic,
        look_every: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._folder = folder
        self._open = open_index
        self._clock = clock
        self._look_every = look_every
        self._lock = threading.Lock()
        self._seen = _stamp(folder)
        self._looked = clock()
        self._current = opened_steadily(folder, open_index)

    def describe(self) -> str:
        """One line about the index that is searched now."""
        return self._current.describe()

    @property
    def current(self) -> HybridRetriever:
        """The index that is searched now."""
        return self._current

    def warm_up(self) -> None:
        """Load what the index that is searched now loads on first use; blocking."""
        self._current.warm_up()

    async def search(self, query: str, *, limit: int = 5, exclude: frozenset[str] = frozenset()) -> Retrieval:
        """Search for `query` in a thread.

        Raises:
            RetrievalError: the index cannot be searched.
        """
        self._look()
        return await self._current.search(query, limit=limit, exclude=exclude)

    def search_now(self, query: str, *, limit: int = 5, exclude: frozenset[str] = frozenset()) -> Retrieval:
        """Search for `query` in this thread."""
        self._look()
        return self._current.search_now(query, limit=limit, exclude=exclude)

    def follow(self) -> None:
        """Open the index anew if its manifest is another one than before. Blocking."""
        with self._lock:
            stamp = _stamp(self._folder)
            if stamp == self._seen:
                return
            self._seen = stamp
            try:
                self._current = opened_steadily(self._folder, self._open)
                logger.info("index_reopened %s", self._current.describe())
            except BotError as exc:
                logger.error("index_not_reopened the_old_one_stays reason=%s", exc.message)  # noqa: TRY400

    def _look(self) -> None:
        """Now and then see whether there is another manifest; opening takes a while, so a thread does it."""
        now = self._clock()
        if now - self._looked < self._look_every or self._lock.locked():
            return
        self._looked = now
        if _stamp(self._folder) != self._seen:
            threading.Thread(target=self.follow, name="index-reopen", daemon=True).start()


def _stamp(folder: Path) -> _Stamp:
    """What changes whenever the manifest is replaced; zeros without one."""
    try:
        stat = (folder / FILE_NAME).stat()
    except OSError:
        return 0, 0, 0
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
