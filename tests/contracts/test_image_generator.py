"""What every `ImageGenerator` does alike: the card, a server's photos, a model's, the card behind a photo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from PIL import Image

from core.errors import IllustrationError
from core.images.card_image_generator import CardImageGenerator
from core.images.diffusers_image_generator import DiffusersImageGenerator, DiffusionOptions
from core.images.fallback_image_generator import FallbackImageGenerator
from core.images.openai_image_generator import OpenAiImageGenerator
from core.images.picture_files import PictureFiles
from core.model_shelf import ModelShelf
from core.ports import ImageGenerator
from tests.core.card_recipes import a_recipe
from tests.fakes.fake_image_generator import FakeImageGenerator
from tests.fakes.images_server import ImagesServer

BACKENDS = ["card", "openai", "fallback", pytest.param("diffusers", marks=pytest.mark.models)]
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # torch's, with NumPy 2.4
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("diffusers", reason="requirements-models.txt is not installed")
    from tests.fakes.tiny_diffusion import write_taiyi

    return write_taiyi(tmp_path_factory.mktemp("models") / "taiyi")


@pytest.fixture(params=BACKENDS)
async def generator(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ImageGenerator]:
    folder = tmp_path / "pictures"
    files = PictureFiles(folder, 10**8)
    async with AsyncExitStack() as stack:
        match request.param:
            case "card":
                yield CardImageGenerator(folder, 10**8)
            case "openai":
                server = await stack.enter_async_context(ImagesServer().running())
                photos = OpenAiImageGenerator(
                    base_url=server.base_url, api_key="", model="m", files=files, size=512
                )
                stack.push_async_callback(photos.close)
                yield photos
            case "fallback":
                broken = FakeImageGenerator()
                broken.failure = IllustrationError("as told")
                yield FallbackImageGenerator(broken, CardImageGenerator(folder, 10**8), seconds=60)
            case _:
                options = DiffusionOptions("cpu", "float32", steps=2, size=64)
                shelf = ModelShelf(10**10)
                yield DiffusersImageGenerator(request.getfixturevalue("model"), files, shelf, options)


async def test_a_picture_is_a_whole_file_of_the_size_it_says(generator: ImageGenerator) -> None:
    picture = await generator.draw(a_recipe())
    with Image.open(picture.path) as image:
        image.load()
        assert image.size == (picture.width, picture.height)
        assert Image.MIME[image.format or ""] == picture.media_type
    assert picture.kind == ("card" if picture.media_type == "image/png" else "photo")


async def test_the_same_dish_is_the_same_picture_and_others_are_not(generator: ImageGenerator) -> None:
    first = await generator.draw(a_recipe())
    written = first.path.stat().st_ino
    assert await generator.draw(a_recipe()) == first
    assert first.path.stat().st_ino == written
    other = await generator.draw(a_recipe(recipe_id="2222", name="红烧肉"))
    assert other.path != first.path


async def test_callers_at_the_same_time_share(generator: ImageGenerator) -> None:
    pictures = await asyncio.gather(*(generator.draw(a_recipe()) for _ in range(5)))
    assert len(set(pictures)) == 1
    assert list(pictures[0].path.parent.iterdir()) == [pictures[0].path]


async def test_steps_lead_to_the_total(generator: ImageGenerator) -> None:
    steps: list[tuple[int, int]] = []
    await generator.draw(a_recipe(), lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps)
    assert all(0 <= done <= total for done, total in steps)


async def test_a_damaged_file_is_made_anew(generator: ImageGenerator) -> None:
    picture = await generator.draw(a_recipe())
    picture.path.write_bytes(picture.path.read_bytes()[:100])
    assert await generator.draw(a_recipe()) == picture
    with Image.open(picture.path) as image:
        image.load()


async def test_it_has_a_name(generator: ImageGenerator) -> None:
    assert "/" in generator.name
