"""Photos by a server that speaks OpenAI's images API: LocalAI, CogView, other hosted ones.

Protocol: OpenAI API reference, "Create image". The official `openai` package takes most of a second to
import, so all that touches it lives in `openai_images` and is loaded on first use, in a thread.
"""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ModelResponseError, SettingsError
from core.images.dish_prompt import PROMPT_VERSION, chinese_prompt
from core.images.photo_desk import PhotoDesk, Subject
from core.images.picture_checks import Pixels, is_blank
from core.images.picture_files import PictureFiles
from core.messages import Picture
from core.openai_api.lazy_client import LazyClient
from core.openai_api.server_settings import ServerSettings
from core.ports import Progress
from core.recipe import Recipe

if TYPE_CHECKING:
    from core.images.openai_images import ImagesClient

_SETTINGS = ServerSettings(
    "IMAGE",
    bad_request="check IMAGE_MODEL and IMAGE_SIZE: most servers know certain sizes only",
    too_large="the prompt is too long for it",
)
_AT_ONCE = 4
_FORMATS = ("PNG", "JPEG", "WEBP")
_MAX_PIXELS = 4096 * 4096
_MAX_SHOWN = 2048
"""Chats make larger pictures smaller themselves."""


class OpenAiImageGenerator:
    """Implements `core.ports.ImageGenerator`.

    Args:
        base_url: address of the API, usually ending in /v1.
        api_key: "" when the server wants none.
        model: name of the model on that server.
        files: where pictures are kept.
        size: width and height in pixels.
        max_waiting: how many pictures may wait for their turn.
        timeout_seconds: bound of a single read or write.
        sleep: waits between retries.

    Raises:
        SettingsError: the address, the key or the name cannot be right.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        files: PictureFiles,
        size: int = 1024,
        max_waiting: int = 4,
        timeout_seconds: float = 60,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._host = _SETTINGS.host_of(base_url)
        self._base_url = base_url
        self._api_key = _SETTINGS.checked_key(api_key)
        self._model = _SETTINGS.checked_model(model)
        if not self._model.isprintable():
            raise SettingsError("IMAGE_MODEL", "must be a plain name")
        self._size = size
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._desk = PhotoDesk(files, at_once=_AT_ONCE, max_waiting=max_waiting)
        self._client = LazyClient("IMAGE_BACKEND", self._opened)

    @property
    def name(self) -> str:
        """Backend and model."""
        return f"openai/{self._model}"

    async def draw(self, recipe: Recipe, progress: Progress | None = None) -> Picture:
        """The photo of `recipe`, from the cache or the server; cancelled, it hangs up.

        Raises:
            IllustrationError: too many wait, the server fails or refuses (the message names the setting to
                look at), or what it sends is no picture.
        """
        prompt = chinese_prompt(recipe).text
        look = json.dumps((PROMPT_VERSION, prompt, self.name, self._base_url, self._size))

        async def paint(_seed: int, _tell: Progress) -> Pixels | None:
            return await self._painted(prompt)

        return await self._desk.photo(Subject(recipe.recipe_id, look), paint, progress)

    async def prepare(self) -> None:
        """Import the package and make the client, once."""
        await self._client.get()

    async def check(self) -> str:
        """Ask for one picture and say how long that took.

        Raises:
            ModelError: the server does not work.
        """
        started = time.monotonic()
        pixels = await self._painted(chinese_prompt(_SAMPLE).text)
        if is_blank(pixels):
            raise ModelResponseError(f"{self.name} paints nothing but one colour")
        height, width, _ = pixels.shape
        return f"{self._model} on {self._host}, {width}×{height} in {time.monotonic() - started:.1f} s"

    async def close(self) -> None:
        """Release connections; a later call opens new ones."""
        await self._client.close()

    async def _painted(self, prompt: str) -> Pixels:
        client = await self._client.get()
        content = await client.image(model=self._model, prompt=prompt, size=self._size)
        return await asyncio.to_thread(pixels_of, content, self._host)

    def _opened(self) -> ImagesClient:
        from core.images.openai_images import ImagesClient

        return ImagesClient(
            base_url=self._base_url,
            host=self._host,
            api_key=self._api_key,
            settings=_SETTINGS,
            timeout_seconds=self._timeout_seconds,
            sleep=self._sleep,
        )


def pixels_of(content: bytes, host: str) -> Pixels:
    """A picture file's pixels, at most `_MAX_SHOWN` a side.

    Raises:
        ModelResponseError: it is no PNG, JPEG or WebP, is damaged, or has too many pixels.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise ModelResponseError(f"{host} sent a picture of {image.width}×{image.height} pixels")
            picture = image.convert("RGB")
    except ModelResponseError:
        raise
    except Exception as exc:
        raise ModelResponseError(f"{host} sent something that is no picture") from exc
    picture.thumbnail((_MAX_SHOWN, _MAX_SHOWN))
    pixels: Pixels = np.asarray(picture, dtype=np.uint8)
    return pixels


_SAMPLE = Recipe(recipe_id="check", name="番茄炒蛋", ingredients=(), steps=())
