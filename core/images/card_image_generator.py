"""ImageGenerator that draws a recipe card: no model, no network, a fifth of a second.

Drawing is in `card_drawing` and loads Pillow; importing this module does not.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import IllustrationError
from core.images.picture_files import PictureFiles, PictureSize
from core.messages import Picture
from core.ports import Progress
from core.recipe import Recipe

if TYPE_CHECKING:
    from core.images.card_drawing import DrawnCard

DRAWING_VERSION = 1
"""Part of every file name; raise it when cards look different, so that old ones are drawn anew."""


class CardImageGenerator:
    """Draws recipe cards into `pictures_dir`, of which it keeps the latest `cache_bytes`.

    A card is drawn once for the same content; callers who ask for it at the same time share the drawing.
    """

    def __init__(self, pictures_dir: Path, cache_bytes: int) -> None:
        self._files = PictureFiles(pictures_dir, cache_bytes)
        self._under_way: dict[str, asyncio.Task[Picture]] = {}

    @property
    def name(self) -> str:
        """What backs it."""
        return "card/Noto Sans CJK SC"

    async def draw(self, recipe: Recipe, progress: Progress | None = None) -> Picture:  # noqa: ARG002
        """The card of `recipe`, drawn in a thread or taken from the cache; too quick for `progress`.

        A caller who gives up does not stop the drawing for others.

        Raises:
            IllustrationError: the card cannot be drawn or stored.
        """
        name = card_file_name(recipe)
        task = self._under_way.get(name)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._find_or_draw, name, recipe))
            self._under_way[name] = task
            task.add_done_callback(partial(self._finished, name))
        return await asyncio.shield(task)

    def _finished(self, name: str, task: asyncio.Task[Picture]) -> None:
        self._under_way.pop(name, None)
        if not task.cancelled():
            task.exception()  # counts as seen even if every caller has gone

    def _find_or_draw(self, name: str, recipe: Recipe) -> Picture:
        size = self._files.find(name)
        if size is None:
            card = _drawn(recipe)
            try:
                self._files.store(name, card.png)
            except OSError as exc:
                reason = exc.strerror or type(exc).__name__
                raise IllustrationError(
                    f"the pictures folder cannot be written: {reason}", retryable=exc.errno == errno.ENOSPC
                ) from exc
            size = PictureSize(card.width, card.height)
        return Picture(self._files.path(name), "image/png", size.width, size.height, kind="card")


def card_file_name(recipe: Recipe) -> str:
    """32 hexadecimal digits of all that a card shows, and `.png`."""
    shown = (
        (recipe.name, recipe.aliases, recipe.cuisine, recipe.category, recipe.tastes, recipe.keywords),
        [number and hex(number) for number in (recipe.servings, recipe.minutes, recipe.difficulty)],
        [(ingredient.name, ingredient.amount) for ingredient in recipe.ingredients],
        (recipe.steps, recipe.allergens, recipe.tips, recipe.source),
    )
    content = json.dumps((DRAWING_VERSION, shown))  # ASCII: a lone surrogate is escaped
    return hashlib.sha256(content.encode("ascii")).hexdigest()[:32] + ".png"


def _drawn(recipe: Recipe) -> DrawnCard:
    try:
        return _load()(recipe)
    except ImportError as exc:
        raise IllustrationError("recipe cards need Pillow: pip install -r requirements.txt") from exc
    except OSError as exc:
        raise IllustrationError(f"the card font cannot be used: {exc}") from exc
    except (ValueError, MemoryError) as exc:
        raise IllustrationError(f"the recipe card cannot be drawn: {type(exc).__name__}") from exc


def _load() -> Callable[[Recipe], DrawnCard]:
    from core.images.card_drawing import draw_card

    return draw_card
