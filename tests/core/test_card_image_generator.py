import asyncio
import dataclasses
import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.errors import IllustrationError
from core.images import card_drawing, card_font, card_image_generator, picture_files
from core.images.card_image_generator import CardImageGenerator, card_file_name
from core.images.card_palette import palette_of
from core.images.card_sheet import MAX_HEIGHT, WIDTH
from core.ports import ImageGenerator
from core.recipe import Recipe
from tests.core.card_recipes import STEP, a_recipe, bare

MEGABYTE = 1_000_000


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the dishes that were really drawn, in order."""
    drawn: list[str] = []
    real = card_drawing.draw_card

    def counting(recipe: Recipe) -> card_drawing.DrawnCard:
        drawn.append(recipe.name)
        return real(recipe)

    monkeypatch.setattr(card_drawing, "draw_card", counting)
    return drawn


def names_in(folder: Path) -> list[str]:
    """The names of all files in `folder`, hidden ones included."""
    return sorted(path.name for path in folder.iterdir())


def make_folder(path: Path) -> None:
    """An empty folder at `path`."""
    path.mkdir()


# What comes out


async def test_card_is_a_real_png_with_the_size_that_is_promised(tmp_path: Path) -> None:
    generator: ImageGenerator = CardImageGenerator(tmp_path / "pictures", MEGABYTE)
    picture = await generator.draw(a_recipe())
    with Image.open(picture.path) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (picture.width, picture.height))
        colours = image.convert("RGB").getcolors(MEGABYTE)
    assert (picture.kind, picture.media_type, picture.width) == ("card", "image/png", WIDTH)
    assert colours is not None
    assert len(colours) > 100
    assert picture.path.stat().st_size < 400_000
    assert 800 < picture.height <= MAX_HEIGHT


def test_same_recipe_gives_the_same_bytes() -> None:
    assert card_drawing.draw_card(a_recipe()) == card_drawing.draw_card(a_recipe())


def test_file_name_depends_on_what_the_card_shows() -> None:
    name = card_file_name(a_recipe())
    changes: list[dict[str, Any]] = [
        {"name": "番茄炒鸡蛋"},
        {"servings": 4},
        {"servings": 10**5000},
        {"steps": (STEP,)},
        {"ingredients": (("番茄", "4个"),)},
        {"source": "别处"},
    ]
    others = {card_file_name(a_recipe(**change)) for change in changes}
    assert len(others | {name}) == len(changes) + 1
    assert name == card_file_name(a_recipe(recipe_id="another"))


def test_scaled_recipe_has_another_card_with_the_same_colours() -> None:
    recipe = a_recipe()
    assert card_file_name(recipe.scaled(4)) != card_file_name(recipe)
    assert palette_of(recipe.scaled(4)) == palette_of(recipe)


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "汤羹", "name": "冬瓜排骨汤"},
        {"category": "饮品", "name": "柠檬水", "tastes": ("酸甜", "果香")},
        {"category": "烘焙", "name": "戚风蛋糕"},
        {"category": "烘焙", "name": "曲奇"},
        {"category": "主食", "name": "韭菜饺子"},
    ],
)
def test_every_vessel_can_be_drawn(changes: dict[str, Any]) -> None:
    assert card_drawing.draw_card(a_recipe(**changes)).png != card_drawing.draw_card(a_recipe()).png


# The cache


async def test_second_request_is_served_from_the_folder(tmp_path: Path, drawings: list[str]) -> None:
    first = await CardImageGenerator(tmp_path, MEGABYTE).draw(a_recipe())
    os.utime(first.path, (1, 1))
    second = await CardImageGenerator(tmp_path, MEGABYTE).draw(a_recipe())
    assert second == first
    assert drawings == ["番茄炒蛋"]
    assert first.path.stat().st_mtime > 1


async def test_requests_at_the_same_time_share_one_drawing(tmp_path: Path, drawings: list[str]) -> None:
    generator = CardImageGenerator(tmp_path, MEGABYTE)
    pictures = await asyncio.gather(*(generator.draw(a_recipe()) for _ in range(8)), generator.draw(bare()))
    assert len(set(pictures)) == 2
    assert sorted(drawings) == ["番茄炒蛋", "白粥"]
    assert len(names_in(tmp_path)) == 2


async def test_one_caller_giving_up_leaves_the_card_to_the_others(
    tmp_path: Path, drawings: list[str]
) -> None:
    generator = CardImageGenerator(tmp_path, MEGABYTE)
    impatient = asyncio.create_task(generator.draw(bare()))
    patient = asyncio.create_task(generator.draw(bare()))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).path.is_file()
    assert impatient.cancelled()
    assert drawings == ["白粥"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"",
        lambda data: b"\x89PNG\r\n\x1a\n",
        lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
        lambda data: b"<html>" + data,
    ],
    ids=["half", "last byte", "empty", "signature", "one bit", "prefix"],
)
async def test_damaged_file_is_drawn_again(
    tmp_path: Path, drawings: list[str], damage: Callable[[bytes], bytes]
) -> None:
    generator = CardImageGenerator(tmp_path, MEGABYTE)
    picture = await generator.draw(bare())
    whole = picture.path.read_bytes()
    picture.path.write_bytes(damage(whole))
    assert await generator.draw(bare()) == picture
    assert picture.path.read_bytes() == whole
    assert len(drawings) == 2


def test_least_recently_used_files_are_deleted(tmp_path: Path) -> None:
    png = card_drawing.draw_card(bare()).png
    files = picture_files.PictureFiles(tmp_path, int(3.5 * len(png)))
    names = [f"{number:032x}.png" for number in range(5)]
    for second, name in enumerate(names[:3], start=1):
        os.utime(files.store(name, png), (second, second))
    (tmp_path / "notes.txt").write_bytes(b"x" * 10_000_000)
    assert files.find(names[0]) is not None  # now the most recently used
    files.store(names[3], png)
    assert {path.name for path in tmp_path.glob("*.png")} == {names[0], names[2], names[3]}
    assert (tmp_path / "notes.txt").is_file()


async def test_card_larger_than_the_cache_is_still_returned(tmp_path: Path) -> None:
    generator = CardImageGenerator(tmp_path, 1)
    first, second = await generator.draw(bare()), await generator.draw(bare("小米粥"))
    assert second.path.is_file()
    assert not first.path.exists()


def test_remains_of_a_killed_process_are_deleted(tmp_path: Path) -> None:
    old, new = tmp_path / ".old.part", tmp_path / ".new.part"
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))
    picture_files.PictureFiles(tmp_path, MEGABYTE).store("0" * 32 + ".png", b"")
    assert (old.exists(), new.exists()) == (False, True)


# What can go wrong


async def test_folder_that_is_a_file_is_an_illustration_error(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_bytes(b"")
    with pytest.raises(IllustrationError, match="pictures folder cannot be written: File exists") as caught:
        await CardImageGenerator(tmp_path / "pictures", MEGABYTE).draw(bare())
    assert not caught.value.retryable


async def test_folder_in_the_place_of_a_card_is_an_illustration_error(tmp_path: Path) -> None:
    name = card_file_name(bare())
    make_folder(tmp_path / name)
    with pytest.raises(IllustrationError, match="Is a directory"):
        await CardImageGenerator(tmp_path, MEGABYTE).draw(bare())
    assert names_in(tmp_path) == [name]


async def test_full_disk_leaves_nothing_behind_and_may_be_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, mode: str) -> object:
        os.close(handle)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    generator = CardImageGenerator(tmp_path, MEGABYTE)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", full)
        with pytest.raises(IllustrationError, match="No space left on device") as caught:
            await generator.draw(bare())
    assert caught.value.retryable
    assert names_in(tmp_path) == []
    assert (await generator.draw(bare())).path.is_file()


async def test_missing_font_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card_font._font_path.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(card_font, "FONT_PACKAGE", "no_such_package")
        with pytest.raises(IllustrationError, match="pip install manimgx-fonts-cjk"):
            await CardImageGenerator(tmp_path, MEGABYTE).draw(bare())


@pytest.mark.parametrize("error", [ImportError("PIL"), ValueError("?"), MemoryError()])
async def test_failed_drawing_is_an_illustration_error_for_every_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(recipe: Recipe) -> card_drawing.DrawnCard:
        raise error

    monkeypatch.setattr(card_image_generator, "_load", lambda: failing)
    generator = CardImageGenerator(tmp_path, MEGABYTE)
    results = await asyncio.gather(*(generator.draw(bare()) for _ in range(2)), return_exceptions=True)
    assert [type(result) for result in results] == [IllustrationError, IllustrationError]


async def test_event_loop_goes_on_while_a_card_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_went_on, drawn = threading.Event(), card_drawing.draw_card(bare())

    def waiting(recipe: Recipe) -> card_drawing.DrawnCard:
        assert loop_went_on.wait(10)
        return drawn

    monkeypatch.setattr(card_drawing, "draw_card", waiting)
    task = asyncio.create_task(CardImageGenerator(tmp_path, MEGABYTE).draw(bare()))
    await asyncio.sleep(0)
    loop_went_on.set()
    assert (await task).width == WIDTH


def test_hostile_texts_are_drawn() -> None:
    nasty = "番茄\x00\ud800🍅\u202e\n{}%s<b>\U0010ffff"
    recipe = a_recipe(
        name=nasty,
        ingredients=((nasty, nasty),),
        steps=(nasty,),
        aliases=(nasty,),
        tastes=(nasty,),
        source=nasty,
    )
    recipe = dataclasses.replace(recipe, cuisine=nasty, category=nasty, allergens=(nasty,), keywords=(nasty,))
    assert picture_files.png_size(card_drawing.draw_card(recipe).png) is not None
    assert len(card_file_name(recipe)) == 36


def test_importing_the_module_does_not_load_pillow() -> None:
    code = "import sys, core.images.card_image_generator; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
