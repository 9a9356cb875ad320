"""Photos by Stable Diffusion in this process: Taiyi, any Stable Diffusion folder, SDXL.

The model is on the shelf with all others of its device. torch is imported with the model.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.devices import Placement, placement_of
from core.errors import BotError, ModelResponseError
from core.images.diffusion_folder import DiffusionFolder, lora_file
from core.images.dish_prompt import PROMPT_VERSION, chinese_prompt, english_prompt
from core.images.photo_desk import PhotoDesk, Subject
from core.images.picture_checks import Pixels, is_blank
from core.images.picture_files import PictureFiles
from core.messages import Picture
from core.model_shelf import ModelPlan, ModelShelf
from core.ports import Progress
from core.recipe import Recipe

if TYPE_CHECKING:
    from core.images.diffusion_painter import DiffusionPainter

_LEAST_SIZE = 256
_ACTIVATIONS_BYTES_A_PIXEL = 6000
"""Beside the weights, in 16 bits, while a picture is decoded: 1.6 GB at 512². 0.7 GB were measured on a
processor; a GPU's convolutions take room of their own."""


@dataclass(frozen=True, slots=True)
class DiffusionOptions:
    """How the model is held and how it paints.

    Attributes:
        device: as the setting DEVICE.
        dtype: as the setting DTYPE.
        lora: LoRA weights; None for the model as it is.
        lora_scale: how much of them.
        steps: of DPM-Solver++; 20 are enough for it.
        size: width and height in pixels, a multiple of 8.
        guidance: how closely the prompt is kept to.
        max_waiting: how many pictures may wait for their turn.
    """

    device: str = "auto"
    dtype: str = "auto"
    lora: Path | None = None
    lora_scale: float = 1.0
    steps: int = 20
    size: int = 512
    guidance: float = 7.5
    max_waiting: int = 4


class _NobodyWaits(Exception):  # noqa: N818 - ends a painting, is no error
    """The painting was cancelled."""


class DiffusersImageGenerator:
    """Implements `core.ports.ImageGenerator`, one picture at a time.

    Args:
        folder: the model's.
        files: where pictures are kept.
        shelf: holds the model.
        options: how.

    Raises:
        SettingsError: the folder or the LoRA weights cannot be used.
    """

    def __init__(
        self, folder: Path, files: PictureFiles, shelf: ModelShelf, options: DiffusionOptions | None = None
    ) -> None:
        self._options = options or DiffusionOptions()
        self._folder = DiffusionFolder.opened(folder)
        self._lora = lora_file(self._options.lora) if self._options.lora is not None else None
        self._shelf = shelf
        shelf.announce(self.name)
        self._desk = PhotoDesk(files, at_once=1, max_waiting=self._options.max_waiting)

    @property
    def name(self) -> str:
        """Backend and model."""
        return f"diffusers/{self._folder.name}"

    async def draw(self, recipe: Recipe, progress: Progress | None = None) -> Picture:
        """The photo of `recipe`, from the cache or painted; cancelled, it stops at the next step.

        Raises:
            IllustrationError: too many wait, no memory, or nothing but blank pictures.
        """
        subject = Subject(recipe.recipe_id, await asyncio.to_thread(self._look, recipe))

        async def paint(seed: int, tell: Progress) -> Pixels | None:
            return await self._painted(recipe, seed, tell)

        return await self._desk.photo(subject, paint, progress)

    async def prepare(self) -> None:
        """Load the model.

        Raises:
            ModelError: it cannot be loaded.
        """
        await asyncio.to_thread(self._loaded)

    async def check(self) -> str:
        """Load the model, paint one picture in as few steps as it takes to see, and say how long that took.

        Raises:
            ModelError: the model does not work.
        """
        started = time.monotonic()
        where = await asyncio.to_thread(self._loaded)
        loaded = time.monotonic()
        pixels = await self._painted(_SAMPLE, 0, lambda _done, _total: None)
        if pixels is None or is_blank(pixels):
            raise ModelResponseError(f"{self.name} paints nothing but one colour: try DTYPE=float32")
        return (
            f"{self._folder.name} {self._folder.revision} on {where}, loaded in {loaded - started:.1f} s, "
            f"{self._options.size}×{self._options.size} in {time.monotonic() - loaded:.1f} s"
        )

    async def close(self) -> None:
        """Let go of the model; a later call loads it again."""
        await asyncio.to_thread(self._shelf.drop, self.name)

    def _look(self, recipe: Recipe) -> str:
        options = self._options
        lora = (self._lora.name, self._lora.stat().st_mtime_ns, options.lora_scale) if self._lora else ()
        settings = (options.steps, options.size, options.guidance, *lora)
        return json.dumps(
            (PROMPT_VERSION, chinese_prompt(recipe).text, self.name, self._folder.revision, settings)
        )

    async def _painted(self, recipe: Recipe, seed: int, tell: Progress) -> Pixels | None:
        """Paint in a thread. Cancelled, wait for the thread: the device is busy for as long."""
        loop = asyncio.get_running_loop()
        is_over = threading.Event()

        def on_step(done: int, total: int) -> None:
            if is_over.is_set():
                raise _NobodyWaits
            loop.call_soon_threadsafe(tell, done, total)

        painting = asyncio.ensure_future(asyncio.to_thread(self._paint, recipe, seed, on_step))
        try:
            return await asyncio.shield(painting)
        except asyncio.CancelledError:
            is_over.set()
            await asyncio.wait({painting})
            painting.exception()  # counts as seen
            raise

    def _paint(self, recipe: Recipe, seed: int, on_step: Callable[[int, int], None]) -> Pixels | None:
        """Blocking. Out of memory, a smaller picture is tried.

        Raises:
            ModelError: it failed.
        """
        options = self._options
        smaller = max(min(options.size, _LEAST_SIZE), options.size * 3 // 4 // 64 * 64)

        def painted(painter: DiffusionPainter, size: int) -> Pixels | None:
            on_step(0, options.steps)
            prompt = chinese_prompt(recipe) if painter.reads_chinese else english_prompt(recipe)
            return painter.paint(
                painter.fitted(prompt),
                seed=seed,
                steps=options.steps,
                size=size,
                guidance=options.guidance,
                on_step=on_step,
            )

        def sparingly(painter: DiffusionPainter) -> Pixels | None:
            with painter.sparing():
                return painted(painter, smaller)

        try:
            return self._shelf.run(self._plan(), partial(painted, size=options.size), sparingly)
        except (BotError, _NobodyWaits):
            raise
        except Exception as exc:
            raise ModelResponseError(f"{self.name} failed ({type(exc).__name__})") from exc

    def _loaded(self) -> str:
        with self._shelf.borrowed(self._plan()) as painter:
            return f"{painter.where}, {painter.memory_bytes / 1e9:.1f} GB"

    def _plan(self) -> ModelPlan[DiffusionPainter]:
        placement = placement_of(self._options.device, self._options.dtype)
        bytes_each = 4 if placement.dtype == "float32" else 2
        activations = self._options.size**2 * _ACTIVATIONS_BYTES_A_PIXEL * bytes_each // 2
        return ModelPlan(
            self.name,
            partial(self._load, placement),
            self._folder.weight_bytes(bytes_each) + activations,
        )

    def _load(self, placement: Placement) -> DiffusionPainter:
        from core.images.diffusion_painter import DiffusionPainter

        return DiffusionPainter.load(self._folder, placement, self._lora, self._options.lora_scale)


_SAMPLE = Recipe(recipe_id="check", name="番茄炒蛋", ingredients=(), steps=())
