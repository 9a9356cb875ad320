"""Stable Diffusion in this process, on tiny models in the layouts that are published."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    pytest.mark.models,
    # torch's tensors and NumPy's newest rule do not know each other yet
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
diffusers = pytest.importorskip("diffusers", reason="requirements-models.txt is not installed")

from core.devices import Placement  # noqa: E402
from core.errors import (  # noqa: E402
    IllustrationError,
    ModelRejectedError,
    ModelResponseError,
    ModelUnavailableError,
    SettingsError,
)
from core.images.diffusers_image_generator import DiffusersImageGenerator, DiffusionOptions  # noqa: E402
from core.images.diffusion_folder import DiffusionFolder  # noqa: E402
from core.images.diffusion_painter import DiffusionPainter  # noqa: E402
from core.images.dish_prompt import DishPrompt, chinese_prompt, english_prompt  # noqa: E402
from core.images.picture_checks import Pixels  # noqa: E402
from core.images.picture_files import PictureFiles  # noqa: E402
from core.model_shelf import LoadState, ModelShelf  # noqa: E402
from core.recipe import Recipe  # noqa: E402
from tests.core.card_recipes import a_recipe  # noqa: E402
from tests.fakes import tiny_diffusion  # noqa: E402

WRITERS: dict[str, Callable[[Path], Path]] = {
    "taiyi": tiny_diffusion.write_taiyi,
    "sd": tiny_diffusion.write_stable_diffusion,
    "sdxl": tiny_diffusion.write_sdxl,
}
CPU = Placement("cpu", "float32")
OPTIONS = DiffusionOptions("cpu", "float32", steps=2, size=64)
PROMPT = DishPrompt(("一盘番茄炒蛋", "高清"), ("水印",))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {name: write(root / f"{name}-v0.1") for name, write in WRITERS.items()}


@pytest.fixture
def shelf() -> ModelShelf:
    return ModelShelf(4_000_000_000)


@pytest.fixture
def generator_of(tmp_path: Path, shelf: ModelShelf) -> Callable[..., DiffusersImageGenerator]:
    def make(folder: Path, **changes: Any) -> DiffusersImageGenerator:
        files = PictureFiles(tmp_path / "pictures", 10**8)
        return DiffusersImageGenerator(folder, files, shelf, replace(OPTIONS, **changes))

    return make


Make = Callable[..., DiffusersImageGenerator]


def painted(painter: DiffusionPainter, *, seed: int = 1, steps: int = 2, size: int = 64) -> Pixels:
    pixels = painter.paint(
        PROMPT, seed=seed, steps=steps, size=size, guidance=7.5, on_step=lambda _done, _total: None
    )
    assert pixels is not None
    return pixels


def loaded(folder: Path, lora: Path | None = None, scale: float = 1.0) -> DiffusionPainter:
    return DiffusionPainter.load(DiffusionFolder.opened(folder), CPU, lora, scale)


@pytest.mark.parametrize("name", WRITERS)
async def test_every_layout_paints(models: dict[str, Path], generator_of: Make, name: str) -> None:
    generator = generator_of(models[name])
    assert generator.name == f"diffusers/{name}-v0.1"
    steps: list[tuple[int, int]] = []
    picture = await generator.draw(a_recipe(), lambda done, total: steps.append((done, total)))
    assert (picture.kind, picture.media_type, picture.width, picture.height) == (
        "photo",
        "image/jpeg",
        64,
        64,
    )
    assert steps == [(0, 2), (1, 2), (2, 2)]
    with Image.open(picture.path) as image:
        assert np.asarray(image).std() > 4
    await generator.close()


@pytest.mark.parametrize("name", WRITERS)
def test_it_paints_what_diffusers_own_loader_paints(models: dict[str, Path], name: str) -> None:
    """The parts that are loaded one by one are the pipeline that the library makes of the folder."""
    scheduler = diffusers.PNDMScheduler.from_pretrained(models[name] / "scheduler", steps_offset=1)
    others: dict[str, Any] = {"scheduler": scheduler, "feature_extractor": None}
    if name != "sdxl":
        others |= {"safety_checker": None, "requires_safety_checker": False}
    pipeline = diffusers.DiffusionPipeline.from_pretrained(models[name], local_files_only=True, **others)
    pipeline.scheduler = diffusers.DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.tokenizer.model_max_length = 77
    theirs = pipeline(
        PROMPT.text,
        negative_prompt=PROMPT.negative,
        width=64,
        height=64,
        num_inference_steps=3,
        guidance_scale=7.5,
        generator=torch.Generator("cpu").manual_seed(5),
    ).images[0]
    assert np.array_equal(painted(loaded(models[name]), seed=5, steps=3), np.asarray(theirs))


def test_old_attention_names_and_pickles_make_the_same_picture(tmp_path: Path) -> None:
    """The 2022 layout against the same weights saved as of today."""
    old = tiny_diffusion.write_taiyi(tmp_path / "old", seed=11)
    new = shutil.copytree(old, tmp_path / "new")
    for part, saved in (("unet", diffusers.UNet2DConditionModel), ("vae", diffusers.AutoencoderKL)):
        shutil.rmtree(new / part)
        saved.from_pretrained(old / part, use_safetensors=False).save_pretrained(new / part)
    assert np.array_equal(painted(loaded(old)), painted(loaded(new)))


def test_the_same_seed_is_the_same_picture(models: dict[str, Path]) -> None:
    painter = loaded(models["taiyi"])
    first = painted(painter, seed=1)
    assert np.array_equal(painted(painter, seed=1), first)
    assert not np.array_equal(painted(painter, seed=2), first)
    with painter.sparing():
        assert np.abs(painted(painter, seed=1).astype(int) - first).max() <= 1
    assert np.array_equal(painted(painter, seed=1), first)


def test_prompts_fit_the_text_encoder_and_its_language(models: dict[str, Path]) -> None:
    taiyi, english = loaded(models["taiyi"]), loaded(models["sd"])
    assert (taiyi.reads_chinese, english.reads_chinese) == (True, False)
    assert taiyi.fitted(chinese_prompt(a_recipe())) == chinese_prompt(a_recipe())
    long = chinese_prompt(a_recipe(ingredients=[(f"番茄鸡蛋红烧肉五花鲈鱼米饭{n}号", "") for n in range(4)]))
    assert 0 < len(taiyi.fitted(long).parts) < len(long.parts)
    assert english.fitted(english_prompt(a_recipe())).parts == english_prompt(a_recipe()).parts[:4]


async def test_a_photo_that_is_kept_loads_no_model(models: dict[str, Path], generator_of: Make) -> None:
    first = await generator_of(models["sd"]).draw(a_recipe())
    generator = generator_of(models["sd"])
    generator._shelf = ModelShelf(0)  # no model fits
    assert await generator.draw(a_recipe()) == first
    with pytest.raises(IllustrationError, match="MODEL_MEMORY_GIGABYTES"):
        await generator.draw(a_recipe(recipe_id="another"))


async def test_lora_weights_change_the_picture_by_their_scale(
    models: dict[str, Path], generator_of: Make, tmp_path: Path
) -> None:
    lora = tiny_diffusion.write_lora(tmp_path / "food.safetensors")
    plain = painted(loaded(models["sd"]))
    assert not np.array_equal(painted(loaded(models["sd"], lora)), plain)
    assert np.array_equal(painted(loaded(models["sd"], lora, 0.0)), plain)
    with_lora = await generator_of(models["sd"], lora=lora).draw(a_recipe())
    assert with_lora.path != (await generator_of(models["sd"]).draw(a_recipe())).path


@pytest.mark.parametrize("fault", ["another model's", "nothing of it", "damaged"])
def test_lora_weights_that_do_not_fit(models: dict[str, Path], tmp_path: Path, fault: str) -> None:
    lora = tmp_path / "food.safetensors"
    if fault == "another model's":
        tiny_diffusion.write_lora(lora, width=48)
    elif fault == "nothing of it":
        from safetensors.torch import save_file

        save_file({"transformer.blocks.0.attn.to_k.lora_A.weight": torch.zeros(4, 32)}, lora)
    else:
        lora.write_bytes(b"\xff" * 99)
    with pytest.raises(ModelRejectedError, match=r"^food.safetensors"):
        loaded(models["sd"], lora)


@pytest.mark.parametrize("value", [float("nan"), -10.0])
async def test_nothing_black_or_nan_is_sent(tmp_path: Path, generator_of: Make, value: float) -> None:
    folder = tiny_diffusion.write_stable_diffusion(tmp_path / "sd")
    tiny_diffusion.spoil_vae(folder, value)
    generator = generator_of(folder)
    steps: list[int] = []
    with pytest.raises(IllustrationError, match="one colour, twice: try DTYPE=float32"):
        await generator.draw(a_recipe(), lambda done, _total: steps.append(done))
    assert steps == [0, 1, 2, 0, 1, 2]  # drawn twice
    with pytest.raises(ModelResponseError, match="DTYPE=float32"):
        await generator.check()


async def test_cancelled_it_stops_at_the_next_step(models: dict[str, Path], generator_of: Make) -> None:
    generator = generator_of(models["taiyi"], steps=150)
    begun = asyncio.Event()
    last: list[int] = []

    def watch(done: int, _total: int) -> None:
        last.append(done)
        if done == 2:
            begun.set()

    drawing = asyncio.create_task(generator.draw(a_recipe(), watch))
    await begun.wait()
    painting = next(iter(generator._desk._under_way.values())).task
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    await asyncio.wait({painting})  # the device is free when this is over
    assert painting.cancelled()
    assert last[-1] < 100
    assert (await generator_of(models["taiyi"]).draw(a_recipe())).kind == "photo"


async def test_out_of_memory_it_paints_smaller_then_gives_up(
    models: dict[str, Path], generator_of: Make, shelf: ModelShelf
) -> None:
    generator = generator_of(models["sd"], size=320)
    await asyncio.to_thread(generator._loaded)
    with shelf.borrowed(generator._plan()) as painter:
        unet = painter._pipeline.unet
    failures = [torch.OutOfMemoryError("CUDA out of memory")]
    hook = unet.register_forward_pre_hook(lambda *_: _raise_next(failures))
    assert (await generator.draw(a_recipe())).width == 256
    failures += [torch.OutOfMemoryError("CUDA out of memory") for _ in range(2)]
    with pytest.raises(IllustrationError, match="out of memory, twice") as raised:
        await generator.draw(a_recipe(recipe_id="another"))
    assert isinstance(raised.value.__cause__, ModelUnavailableError)
    hook.remove()


def _raise_next(failures: list[Exception]) -> None:
    if failures:
        raise failures.pop(0)


async def test_one_at_a_time_and_no_more_than_may_wait(models: dict[str, Path], generator_of: Make) -> None:
    generator = generator_of(models["sd"], max_waiting=1, steps=20)
    recipes = [a_recipe(recipe_id=str(number)) for number in range(3)]
    results = await asyncio.gather(*map(generator.draw, recipes), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["IllustrationError", "Picture", "Picture"]


async def test_check_says_what_where_and_how_long(models: dict[str, Path], generator_of: Make) -> None:
    said = await generator_of(models["taiyi"]).check()
    assert said.startswith("taiyi-v0.1 ")
    assert " on cpu, float32, 0.0 GB, loaded in " in said
    assert "64×64 in " in said


async def test_it_leaves_the_shelf_on_close_and_comes_back(
    models: dict[str, Path], generator_of: Make, shelf: ModelShelf
) -> None:
    generator = generator_of(models["sd"])
    await generator.check()
    await generator.close()
    assert [status.state for status in shelf.statuses()] == [LoadState.ABSENT]
    await generator.check()
    assert [status.state for status in shelf.statuses()] == [LoadState.LOADED]


@pytest.mark.parametrize("fault", ["cut off", "another shape", "tensors missing", "code"])
async def test_weights_that_cannot_be_used_name_their_part(
    tmp_path: Path, generator_of: Make, fault: str
) -> None:
    folder = tiny_diffusion.write_taiyi(tmp_path / "taiyi")
    unet = folder / "unet" / "diffusion_pytorch_model.bin"
    if fault == "cut off":
        unet.write_bytes(unet.read_bytes()[:-5000])
    elif fault == "another shape":
        config = json.loads((folder / "unet" / "config.json").read_text())
        (folder / "unet" / "config.json").write_text(json.dumps(config | {"block_out_channels": [16, 64]}))
    elif fault == "tensors missing":
        torch.save({"conv_in.weight": torch.zeros(32, 4, 3, 3)}, unet)
    else:
        unet.write_bytes(b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.")
    with pytest.raises(ModelRejectedError, match=r"^taiyi/unet"):
        await generator_of(folder).check()


async def test_a_device_that_is_not_there_names_its_setting(
    models: dict[str, Path], generator_of: Make
) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(SettingsError, match=r"^DEVICE: is cuda, but"):
        await generator_of(models["sd"], device="cuda").check()


async def test_half_precision_folders_load(tmp_path: Path, generator_of: Make) -> None:
    folder = tiny_diffusion.write_stable_diffusion(tmp_path / "half", half=True)
    assert (await generator_of(folder, dtype="bfloat16").draw(a_recipe())).kind == "photo"


async def test_drawing_blocks_nobody(models: dict[str, Path], generator_of: Make) -> None:
    """Steps are told on the loop, painted elsewhere."""
    threads: set[int] = set()
    recipe: Recipe = a_recipe()
    await generator_of(models["sd"]).draw(recipe, lambda _done, _total: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}
