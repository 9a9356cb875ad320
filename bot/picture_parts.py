"""Pictures of dishes, as the settings say: who draws them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from core.images.card_image_generator import CardImageGenerator
from core.images.diffusers_image_generator import DiffusersImageGenerator, DiffusionOptions
from core.images.fallback_image_generator import FallbackImageGenerator
from core.images.openai_image_generator import OpenAiImageGenerator
from core.images.picture_files import PictureFiles
from core.model_shelf import ModelShelf
from core.ports import ImageGenerator
from core.settings import Settings

_PHOTO_SHARE = 0.9
"""Of the time for a picture; the card, drawn in a fifth of a second, has the rest."""


class PhotoGenerator(ImageGenerator, Protocol):
    """An image generator with a model behind it."""

    async def prepare(self) -> None:
        """Load what is loaded on first use.

        Raises:
            ModelError: it cannot be loaded.
        """

    async def check(self) -> str:
        """Make one small real call and say in a line what answered.

        Raises:
            ModelError: the model does not work.
        """

    async def close(self) -> None:
        """Release what it holds."""


def photo_generator_of(settings: Settings, shelf: ModelShelf) -> PhotoGenerator | None:
    """Who makes photos; None where cards are all.

    Raises:
        SettingsError: a folder, an address or a key cannot be right.
    """
    files = PictureFiles(settings.pictures_dir, _cache_bytes(settings))
    if settings.image_backend == "taiyi":
        options = DiffusionOptions(
            device=settings.device,
            dtype=settings.dtype,
            lora=settings.image_lora,
            lora_scale=settings.image_lora_scale,
            steps=settings.image_steps,
            size=settings.image_size,
            guidance=settings.image_guidance,
            max_waiting=settings.image_max_waiting,
        )
        return DiffusersImageGenerator(Path(settings.image_model), files, shelf, options)
    if settings.image_backend == "openai":
        return OpenAiImageGenerator(
            base_url=settings.image_base_url,
            api_key=settings.image_api_key.get_secret_value(),
            model=settings.image_model,
            files=files,
            size=settings.image_size,
            max_waiting=settings.image_max_waiting,
            timeout_seconds=settings.illustrate_timeout_seconds,
        )
    return None


def image_generator_of(settings: Settings, photos: PhotoGenerator | None) -> ImageGenerator | None:
    """Who draws the pictures; None for answers without."""
    if settings.image_backend == "none":
        return None
    cards = CardImageGenerator(settings.pictures_dir, _cache_bytes(settings))
    if photos is None:
        return cards
    return FallbackImageGenerator(photos, cards, seconds=settings.illustrate_timeout_seconds * _PHOTO_SHARE)


def _cache_bytes(settings: Settings) -> int:
    return settings.picture_cache_megabytes * 1_000_000
