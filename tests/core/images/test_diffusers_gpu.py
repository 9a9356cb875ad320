"""On a GPU: photos in every dtype, their time at Taiyi's real shape, and what the shelf reckons with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.gpu
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
if not torch.cuda.is_available():
    pytest.skip("no CUDA device", allow_module_level=True)

from core.images.diffusers_image_generator import DiffusersImageGenerator, DiffusionOptions  # noqa: E402
from core.images.picture_files import PictureFiles  # noqa: E402
from core.model_shelf import ModelShelf  # noqa: E402
from tests.benchmarks.pictures import cost_of, model_in  # noqa: E402
from tests.core.card_recipes import a_recipe  # noqa: E402
from tests.fakes.tiny_diffusion import write_taiyi  # noqa: E402

SECONDS_A_PICTURE = 1.0


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
async def test_a_photo_in_every_dtype_and_its_memory_given_back(tmp_path: Path, dtype: str) -> None:
    model = write_taiyi(tmp_path / "taiyi")
    options = DiffusionOptions("cuda", dtype, steps=2, size=64)
    before = torch.cuda.memory_allocated()
    generator = DiffusersImageGenerator(model, PictureFiles(tmp_path, 10**7), ModelShelf(10**10), options)
    assert (await generator.draw(a_recipe())).kind == "photo"
    assert "cuda:0" in await generator.check()
    await generator.close()
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() - before < 50_000_000


def test_a_photo_at_the_real_shape(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    model = model_in(tmp_path)
    cost = cost_of(model, "cuda", "auto", steps=20, size=512, times=5)
    record_property("seconds_a_picture", round(cost.picture_seconds, 2))
    record_property("peak_gigabytes", cost.peak_bytes / 1e9)
    options = DiffusionOptions("cuda")
    planned = DiffusersImageGenerator(model, PictureFiles(tmp_path, 10**7), ModelShelf(0), options)._plan()
    assert cost.peak_bytes <= planned.memory_bytes
    assert cost.picture_seconds <= SECONDS_A_PICTURE
