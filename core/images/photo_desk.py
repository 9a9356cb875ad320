"""What every generator of photos needs: a cache, turns, a bounded queue, and an eye on what comes out.

A generator holds a `PhotoDesk` and brings a `Paint`, which makes one picture and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.errors import BotError, IllustrationError
from core.images.picture_checks import Pixels, is_blank
from core.images.picture_files import PictureFiles, PictureSize
from core.messages import Picture
from core.ports import Progress

logger = logging.getLogger(__name__)

Paint = Callable[[int, Progress], Awaitable[Pixels | None]]
"""Paints one picture from a seed, telling its steps; None when what came out are no numbers (NaN).

Cancelled, it returns as soon as the device is free again. Raises BotError.
"""

JPEG_QUALITY = 88
_ATTEMPTS = 2
_SEED_BITS = 32


@dataclass(frozen=True, slots=True)
class Subject:
    """What a photo shows and how.

    Attributes:
        recipe_id: of the dish; the seed comes from it.
        look: everything else that the picture depends on: prompt, model, settings.
    """

    recipe_id: str
    look: str

    @property
    def file_name(self) -> str:
        """32 hexadecimal digits and `.jpg`."""
        content = json.dumps((self.recipe_id, self.look))  # ASCII: a lone surrogate is escaped
        return hashlib.sha256(content.encode("ascii")).hexdigest()[:32] + ".jpg"

    @property
    def seed(self) -> int:
        """The same dish gets the same picture from the same model."""
        digest = hashlib.sha256(json.dumps(self.recipe_id).encode("ascii")).digest()
        return int.from_bytes(digest[: _SEED_BITS // 8], "big")


@dataclass(eq=False, slots=True)
class _Drawing:
    """A picture under way and those who wait for it."""

    task: asyncio.Task[Picture]
    watchers: list[Progress] = field(default_factory=list)

    def tell(self, done: int, total: int) -> None:
        for watcher in self.watchers:
            watcher(done, total)


class PhotoDesk:
    """Keeps photos in `files`, and has at most `at_once` painted while `max_waiting` more wait."""

    def __init__(self, files: PictureFiles, *, at_once: int, max_waiting: int) -> None:
        self._files = files
        self._turns = asyncio.Semaphore(at_once)
        self._max_unfinished = at_once + max_waiting
        self._unfinished = 0
        self._under_way: dict[str, _Drawing] = {}

    async def photo(self, subject: Subject, paint: Paint, progress: Progress | None = None) -> Picture:
        """The photo of `subject`, from the cache or painted.

        Callers who ask for the same one share it. When the last of them gives up, so does the painter.

        Raises:
            IllustrationError: too many wait, the model failed, or what it painted is blank twice.
        """
        name = subject.file_name
        drawing = self._under_way.get(name)
        if drawing is None:
            found = await asyncio.to_thread(self._files.find, name)
            if found is not None:
                return self._picture(name, found)
            drawing = self._under_way.get(name) or self._begin(subject, paint)
        watcher = progress or _unseen
        drawing.watchers.append(watcher)
        try:
            return await asyncio.shield(drawing.task)
        finally:
            drawing.watchers.remove(watcher)
            if not drawing.watchers:
                self._forget(name, drawing)
                drawing.task.cancel()

    def _begin(self, subject: Subject, paint: Paint) -> _Drawing:
        """Have it painted in a task of its own.

        Raises:
            IllustrationError: too many wait.
        """
        if self._unfinished >= self._max_unfinished:
            raise IllustrationError("too many photos wait to be painted (IMAGE_MAX_WAITING)", retryable=True)

        def tell(done: int, total: int) -> None:
            drawing.tell(done, total)

        drawing = _Drawing(asyncio.create_task(self._made(subject, paint, tell)))
        self._under_way[subject.file_name] = drawing
        self._unfinished += 1
        drawing.task.add_done_callback(lambda task: self._ended(subject.file_name, drawing, task))
        return drawing

    def _ended(self, name: str, drawing: _Drawing, task: asyncio.Task[Picture]) -> None:
        self._unfinished -= 1
        self._forget(name, drawing)
        if not task.cancelled():
            task.exception()  # counts as seen even if every caller has gone

    def _forget(self, name: str, drawing: _Drawing) -> None:
        if self._under_way.get(name) is drawing:
            del self._under_way[name]

    async def _made(self, subject: Subject, paint: Paint, tell: Progress) -> Picture:
        async with self._turns:
            pixels = await _painted(subject.seed, paint, tell)
        return await asyncio.to_thread(self._kept, subject.file_name, pixels)

    def _kept(self, name: str, pixels: Pixels) -> Picture:
        from PIL import Image

        height, width, _ = pixels.shape
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, "JPEG", quality=JPEG_QUALITY, optimize=True)
        try:
            self._files.store(name, content.getvalue())
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
            raise IllustrationError(f"the pictures folder cannot be written: {reason}") from exc
        return self._picture(name, PictureSize(width, height))

    def _picture(self, name: str, size: PictureSize) -> Picture:
        return Picture(self._files.path(name), "image/jpeg", size.width, size.height, kind="photo")


async def _painted(seed: int, paint: Paint, tell: Progress) -> Pixels:
    """What `paint` makes; a blank picture is painted again from another seed, once.

    Raises:
        IllustrationError: it failed, or both are blank.
    """
    for attempt in range(_ATTEMPTS):
        try:
            pixels = await paint((seed + attempt) % 2**_SEED_BITS, tell)
        except BotError as exc:
            raise IllustrationError(exc.message, retryable=exc.retryable) from exc
        if pixels is not None and not await asyncio.to_thread(is_blank, pixels):
            return pixels
        logger.warning("blank_picture attempt=%d", attempt + 1)
    raise IllustrationError("the model painted nothing but one colour, twice: try DTYPE=float32")


def _unseen(_done: int, _total: int) -> None:
    """Progress that nobody watches."""
