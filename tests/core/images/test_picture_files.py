"""Photos in the picture folder: JPEG files that are whole, beside the cards, under one bound."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.images.picture_files import PictureFiles, PictureSize, jpeg_size, png_size


def picture(form: str = "JPEG", **options: Any) -> bytes:
    content = io.BytesIO()
    pixels = np.random.default_rng(3).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(content, form, **options)
    return content.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_a_jpegs_size(options: dict[str, Any]) -> None:
    assert jpeg_size(picture(**options)) == PictureSize(40, 30)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff", picture()[:-1], picture("PNG"), b"\xff\xd8\xff\xd9"]
)
def test_what_is_no_whole_jpeg(content: bytes) -> None:
    assert jpeg_size(content) is None


def test_segments_that_lead_nowhere_end() -> None:
    assert jpeg_size(b"\xff\xd8" + b"\xff\xe0\x00\x00" * 9 + b"\xff\xd9") is None


def test_photos_and_cards_share_the_room(tmp_path: Path) -> None:
    photo, card = picture(), picture("PNG")
    files = PictureFiles(tmp_path, len(photo) + len(card))
    old, new, last = "0" * 32 + ".jpg", "1" * 32 + ".png", "2" * 32 + ".jpg"
    files.store(old, photo)
    files.store(new, card)
    assert (files.find(old), files.find(new)) == (PictureSize(40, 30), png_size(card))
    files.store(last, photo)
    assert len([name for name in (old, new, last) if files.find(name)]) < 3
    assert files.find(last) == PictureSize(40, 30)


def test_a_photo_that_was_cut_off_is_none(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path, 10**6)
    name = "0" * 32 + ".jpg"
    files.store(name, picture()).write_bytes(picture()[:500])
    assert files.find(name) is None
