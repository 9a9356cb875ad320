"""The picture server: what is asked of it, what it may send back, and how it fails."""

from __future__ import annotations

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from core.errors import IllustrationError, ModelError, ModelRejectedError, ModelResponseError, SettingsError
from core.errors import ModelUnavailableError as Unavailable
from core.images.openai_image_generator import OpenAiImageGenerator, pixels_of
from core.images.picture_files import PictureFiles
from tests.core.card_recipes import a_recipe
from tests.fakes.images_server import (
    Behaviour,
    ImagesServer,
    gives,
    hangs,
    picture,
    points_to,
    refuses,
    sends,
)

KEY = "sk-secret-0123456789"
PROMPT = "一盘番茄炒蛋, 番茄, 鸡蛋, 美食摄影, 4k壁纸, 高清"


class Studio:
    """A server and generators that ask it."""

    def __init__(self, server: ImagesServer, folder: Path) -> None:
        self.server = server
        self.waits: list[float] = []
        self.folder = folder
        self._made: list[OpenAiImageGenerator] = []

    def generator(self, **settings: object) -> OpenAiImageGenerator:
        plain = {
            "base_url": self.server.base_url,
            "api_key": KEY,
            "model": "cogview-4",
            "files": PictureFiles(self.folder, 10**8),
            "size": 512,
            "sleep": self._sleep,
        }
        generator = OpenAiImageGenerator(**{**plain, **settings})  # type: ignore[arg-type]
        self._made.append(generator)
        return generator

    async def close(self) -> None:
        for generator in self._made:
            await generator.close()

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def failure(self, *behaviours: Behaviour, **settings: object) -> ModelError:
        """What the failed drawing was caused by; neither key nor prompt nor address is in its words."""
        self.server.queue(*behaviours)
        with pytest.raises(IllustrationError) as caught:
            await self.generator(**settings).draw(a_recipe())
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert [word for word in (KEY, "番茄", "/pictures/") if word in told] == []
        cause = caught.value.__cause__
        assert isinstance(cause, ModelError)
        assert (caught.value.message, caught.value.retryable) == (cause.message, cause.retryable)
        return cause


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with ImagesServer(KEY).running() as server:
        studio = Studio(server, tmp_path / "pictures")
        yield studio
        await studio.close()


async def test_it_asks_in_the_protocols_words_and_keeps_the_picture(studio: Studio) -> None:
    generator = studio.generator()
    drawn = await generator.draw(a_recipe())
    assert studio.server.bodies == [{"model": "cogview-4", "prompt": PROMPT, "size": "512x512"}]
    assert (drawn.kind, drawn.media_type, drawn.width, drawn.height) == ("photo", "image/jpeg", 512, 512)
    assert await generator.draw(a_recipe()) == drawn
    assert len(studio.server.bodies) == 1
    await studio.generator(model="cogview-3").draw(a_recipe())
    assert len(studio.server.bodies) == 2


async def test_an_address_on_the_same_server_is_fetched_with_the_key(studio: Studio) -> None:
    studio.server.queue(points_to("/pictures/1"))
    assert (await studio.generator().draw(a_recipe())).width == 64
    assert [headers["Authorization"] for headers in studio.server.fetched] == [f"Bearer {KEY}"]


async def test_a_path_alone_is_on_the_same_server(studio: Studio) -> None:
    studio.server.queue(gives(url="/pictures/1"))
    assert (await studio.generator().draw(a_recipe())).width == 64


async def test_a_picture_within_the_address(studio: Studio) -> None:
    encoded = base64.b64encode(picture(form="WEBP")).decode()
    studio.server.queue(gives(url=f"data:image/webp;base64,{encoded}"))
    assert (await studio.generator().draw(a_recipe())).width == 64
    assert studio.server.fetched == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.png",
        "http://127.0.0.1:9/a.png",
        "https://127.0.0.1/a.png",
        "https://169.254.169.254/latest",
        "https://[::1]/a.png",
        "https://localhost/a.png",
        "https://printer.local/a.png",
        "ftp://example.org/a.png",
        "file:///etc/passwd",
    ],
)
async def test_addresses_where_no_picture_has_any_business(studio: Studio, url: str) -> None:
    failure = await studio.failure(gives(url=url))
    assert isinstance(failure, ModelRejectedError)
    assert "not public https" in failure.message


@pytest.mark.parametrize(
    ("behaviours", "error", "said"),
    [
        ([refuses(500)] * 3, Unavailable, "overloaded or failing"),
        ([refuses(429, "insufficient_quota")], ModelRejectedError, "IMAGE_API_KEY has no credit"),
        ([refuses(400)], ModelRejectedError, "check IMAGE_MODEL and IMAGE_SIZE"),
        ([refuses(404, "model_not_found")], ModelRejectedError, "check IMAGE_MODEL"),
        ([sends(b'{"data": []}')], ModelResponseError, "without a picture"),
        ([sends(b'{"data": "x"}')], ModelResponseError, "without a picture"),
        ([gives(b64_json="", url="")], ModelResponseError, "without a picture"),
        ([gives(b64_json="not base64!")], ModelResponseError, "not Base64"),
        ([gives(b64_json="aGVsbG8=")], ModelResponseError, "no picture"),
        ([gives(url="https://[")], ModelResponseError, "an address that is none"),
        ([points_to("/pictures/gone")], ModelResponseError, "HTTP 404"),
        ([points_to("/pictures/elsewhere")], ModelResponseError, "HTTP 302"),
        ([sends(b" " * 31_000_000)], ModelResponseError, "more than"),
    ],
)
async def test_failures_are_told_apart(
    studio: Studio, behaviours: list[Behaviour], error: type[ModelError], said: str
) -> None:
    failure = await studio.failure(*behaviours)
    assert isinstance(failure, error)
    assert said in failure.message


async def test_a_picture_that_is_too_large_to_fetch(studio: Studio) -> None:
    studio.server.served = bytes(21_000_000)
    assert "more than" in (await studio.failure(points_to("/pictures/1"))).message


async def test_a_busy_server_is_asked_again(studio: Studio) -> None:
    studio.server.queue(refuses(503), refuses(429))
    assert (await studio.generator().draw(a_recipe())).kind == "photo"
    assert len(studio.waits) == 2


async def test_a_wrong_key_names_its_setting(studio: Studio) -> None:
    assert "IMAGE_API_KEY" in (await studio.failure(api_key="sk-wrong")).message


async def test_nobody_there(studio: Studio) -> None:
    failure = await studio.failure(base_url="http://127.0.0.1:9/v1")
    assert isinstance(failure, Unavailable)
    assert "is the server of IMAGE_BASE_URL up" in failure.message


async def test_one_who_gives_up_hangs_up(studio: Studio) -> None:
    studio.server.queue(hangs)
    generator = studio.generator()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await generator.draw(a_recipe())


async def test_a_black_picture_is_asked_for_again(studio: Studio) -> None:
    black = Image.new("RGB", (64, 64))
    path = studio.folder.parent / "black.png"
    black.save(path)
    encoded = base64.b64encode(path.read_bytes()).decode()
    studio.server.queue(gives(b64_json=encoded))
    assert (await studio.generator().draw(a_recipe())).width == 512
    assert len(studio.server.bodies) == 2


async def test_check_makes_one_real_call(studio: Studio) -> None:
    host = studio.server.base_url.removeprefix("http://").removesuffix("/v1")
    assert (await studio.generator().check()).startswith(f"cogview-4 on {host}, 512×512 in ")
    assert len(studio.server.bodies) == 1


async def test_it_draws_again_after_close(studio: Studio) -> None:
    generator = studio.generator()
    await generator.check()
    await generator.close()
    await generator.close()
    await generator.check()
    assert generator.name == "openai/cogview-4"


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"base_url": "ftp://x"}, "IMAGE_BASE_URL"),
        ({"api_key": "a b"}, "IMAGE_API_KEY"),
        ({"model": " "}, "IMAGE_MODEL"),
        ({"model": "a\nb"}, "IMAGE_MODEL"),
    ],
)
async def test_settings_that_cannot_be_right(studio: Studio, changes: dict[str, str], setting: str) -> None:
    with pytest.raises(SettingsError) as raised:
        studio.generator(**changes)
    assert raised.value.setting == setting


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGB")]
)
def test_pictures_of_every_kind_become_rgb(form: str, mode: str) -> None:
    pixels = pixels_of(picture(64, form, mode), "s")
    assert (pixels.shape, pixels.dtype.name) == ((64, 64, 3), "uint8")


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", picture(form="GIF"), picture()[:200], b"<svg/>", bytes(999)]
)
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(ModelResponseError, match="s sent something that is no picture"):
        pixels_of(content, "s")


def test_too_many_pixels_are_never_unpacked() -> None:
    with pytest.raises(ModelResponseError, match=r"s sent a picture of 5000×5000 pixels"):
        pixels_of(picture(5000, mode="1"), "s")


def test_large_pictures_are_made_smaller() -> None:
    assert pixels_of(picture(3000, mode="1"), "s").shape == (2048, 2048, 3)
