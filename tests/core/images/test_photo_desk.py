"""Turns, queue, cache, blank pictures: what stands around every model that paints."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import IllustrationError, ModelRejectedError, ModelUnavailableError, SettingsError
from core.images.photo_desk import PhotoDesk, Subject
from core.images.picture_checks import Pixels, is_blank
from core.images.picture_files import PictureFiles
from tests.core.images.painters import ScriptedPaint, noise, plain

PORK = Subject("1111", "红烧肉")
EGGS = Subject("2222", "番茄炒蛋")


def desk_in(folder: Path, *, at_once: int = 1, max_waiting: int = 9) -> PhotoDesk:
    return PhotoDesk(PictureFiles(folder, 10**7), at_once=at_once, max_waiting=max_waiting)


async def test_a_photo_is_a_jpeg_of_what_was_painted(tmp_path: Path) -> None:
    gradient = np.zeros((64, 96, 3), dtype=np.uint8)
    gradient[..., 0] = np.arange(96) * 2
    picture = await desk_in(tmp_path).photo(PORK, ScriptedPaint(gradient))
    assert (picture.media_type, picture.kind, picture.width, picture.height) == (
        "image/jpeg",
        "photo",
        96,
        64,
    )
    assert picture.path == tmp_path / PORK.file_name
    with Image.open(picture.path) as image:
        assert (image.format, image.size, image.info.keys() & {"exif", "comment"}) == (
            "JPEG",
            (96, 64),
            set(),
        )
        assert np.abs(np.asarray(image, dtype=int) - gradient).mean() < 4


async def test_a_photo_is_painted_once(tmp_path: Path) -> None:
    paint = ScriptedPaint()
    first = await desk_in(tmp_path).photo(PORK, paint)
    assert await desk_in(tmp_path).photo(PORK, paint) == first  # a restart later
    assert len(paint.seeds) == 1
    await desk_in(tmp_path).photo(Subject(PORK.recipe_id, "other steps"), paint)
    assert len(paint.seeds) == 2


def test_what_a_photo_is_named_and_seeded_by() -> None:
    other_look = Subject(PORK.recipe_id, "with LoRA")
    assert other_look.file_name != PORK.file_name
    assert other_look.seed == PORK.seed != EGGS.seed
    assert 0 <= PORK.seed < 2**32
    assert len(Subject("\ud800", "\ud800").file_name) == 36


@pytest.mark.parametrize("first", [plain(0), plain(255), plain(120), None])
async def test_a_blank_picture_is_painted_again_from_another_seed(
    tmp_path: Path, first: Pixels | None
) -> None:
    paint = ScriptedPaint(first)
    picture = await desk_in(tmp_path).photo(PORK, paint)
    assert paint.seeds == [PORK.seed, PORK.seed + 1]
    with Image.open(picture.path) as image:
        assert not is_blank(np.asarray(image))


async def test_nothing_is_sent_that_is_blank_twice(tmp_path: Path) -> None:
    paint = ScriptedPaint(plain(0), None)
    with pytest.raises(IllustrationError, match="nothing but one colour, twice"):
        await desk_in(tmp_path).photo(PORK, paint)
    assert [*tmp_path.glob("*")] == []  # noqa: ASYNC240


def test_noise_of_a_decoder_is_no_picture() -> None:
    faint = plain(20) + np.random.default_rng(5).integers(0, 4, (64, 64, 3), dtype=np.uint8)
    assert [is_blank(pixels) for pixels in (faint, plain(0), noise(1))] == [True, True, False]
    corner = plain(0)
    corner[:16, :16] = 200
    assert not is_blank(corner)


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (ModelUnavailableError("out of memory, twice"), True),
        (ModelRejectedError("is it whole?"), False),
        (SettingsError("DEVICE", "is cuda, but"), False),
    ],
)
async def test_a_failed_model_is_an_illustration_error(
    tmp_path: Path, error: Exception, retryable: bool
) -> None:
    paint = ScriptedPaint(error)
    with pytest.raises(IllustrationError) as raised:
        await desk_in(tmp_path).photo(PORK, paint)
    assert (raised.value.retryable, raised.value.__cause__) == (retryable, error)
    assert len(paint.seeds) == 1
    await desk_in(tmp_path).photo(PORK, paint)


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("a file")
    with pytest.raises(IllustrationError, match="the pictures folder cannot be written"):
        await desk_in(tmp_path / "pictures").photo(PORK, ScriptedPaint())


async def test_one_after_the_other(tmp_path: Path) -> None:
    desk, paint = desk_in(tmp_path), ScriptedPaint()
    await asyncio.gather(*(desk.photo(Subject(str(number), ""), paint) for number in range(4)))
    assert (paint.at_once, len(paint.seeds)) == (1, 4)


async def test_who_comes_too_late_is_told_at_once(tmp_path: Path) -> None:
    desk, paint = desk_in(tmp_path, max_waiting=1), ScriptedPaint()
    paint.gate.clear()
    patient = [asyncio.create_task(desk.photo(Subject(str(number), ""), paint)) for number in range(2)]
    await paint.begun(1)
    while desk._unfinished < 2:  # noqa: ASYNC110 - the second looks for its picture in a thread first
        await asyncio.sleep(0.001)
    with pytest.raises(IllustrationError, match="IMAGE_MAX_WAITING") as raised:
        await desk.photo(PORK, paint)
    assert raised.value.retryable
    joined = asyncio.create_task(desk.photo(Subject("1", ""), paint))  # adds no work
    paint.gate.set()
    await asyncio.gather(*patient, joined)
    await desk.photo(PORK, paint)
    assert len(paint.seeds) == 3


async def test_those_who_want_the_same_share_it_and_its_steps(tmp_path: Path) -> None:
    desk, paint = desk_in(tmp_path), ScriptedPaint()
    paint.gate.clear()
    steps: list[tuple[str, int, int]] = []
    one = asyncio.create_task(desk.photo(PORK, paint, lambda done, total: steps.append(("one", done, total))))
    await paint.begun(1)
    other = asyncio.create_task(
        desk.photo(PORK, paint, lambda done, total: steps.append(("two", done, total)))
    )
    silent = asyncio.create_task(desk.photo(PORK, paint))
    await asyncio.sleep(0)  # the others join
    paint.gate.set()
    assert len({await task for task in (one, other, silent)}) == 1
    assert steps == [("one", 1, 2), ("one", 2, 2), ("two", 2, 2)]
    assert len(paint.seeds) == 1


async def test_one_who_gives_up_does_not_stop_it_for_others(tmp_path: Path) -> None:
    desk, paint = desk_in(tmp_path), ScriptedPaint()
    paint.gate.clear()
    impatient = asyncio.create_task(desk.photo(PORK, paint))
    await paint.begun(1)
    patient = asyncio.create_task(desk.photo(PORK, paint))
    await asyncio.sleep(0)  # the others join
    impatient.cancel()
    await asyncio.wait({impatient})
    paint.gate.set()
    assert (await patient).kind == "photo"
    assert (paint.cancelled, len(paint.seeds)) == (0, 1)


async def test_when_the_last_one_gives_up_so_does_the_painter(tmp_path: Path) -> None:
    desk, paint = desk_in(tmp_path, max_waiting=0), ScriptedPaint()
    paint.gate.clear()
    task = asyncio.create_task(desk.photo(PORK, paint))
    await paint.begun(1)
    painting = desk._under_way[PORK.file_name].task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait({painting})
    paint.gate.set()
    assert paint.cancelled == 1
    assert (await desk.photo(PORK, paint)).kind == "photo"


async def test_who_asks_again_at_once_gets_a_new_painting(tmp_path: Path) -> None:
    desk, paint = desk_in(tmp_path), ScriptedPaint()
    paint.gate.clear()
    task = asyncio.create_task(desk.photo(PORK, paint))
    await paint.begun(1)
    task.cancel()
    await asyncio.wait({task})
    paint.gate.set()
    assert (await desk.photo(PORK, paint)).kind == "photo"
    assert len(paint.seeds) == 2
