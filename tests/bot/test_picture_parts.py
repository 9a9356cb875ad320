"""Which setting brings which pictures, and what is loaded for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot.bootstrap import assembled
from bot.check import check
from bot.run import _load_models
from core.model_shelf import LoadState
from core.recipe import Recipe
from core.settings import load_settings
from tests.fakes.images_server import ImagesServer, refuses

HEAVY = ("torch", "diffusers", "transformers", "openai", "httpx2")
DRAW_A_CARD = f"""
import asyncio, sys
from bot.picture_parts import image_generator_of, photo_generator_of
from core.model_shelf import ModelShelf
from core.recipe import Recipe
from core.settings import load_settings
settings = load_settings(data_dir=sys.argv[1])
photos = photo_generator_of(settings, ModelShelf(0))
pictures = image_generator_of(settings, photos)
assert photos is None and pictures is not None
asyncio.run(pictures.draw(Recipe("r", "番茄炒蛋", (), ())))
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""


def test_a_card_needs_no_model_library(tmp_path: Path) -> None:
    run = [sys.executable, "-c", DRAW_A_CARD, str(tmp_path)]
    outcome = subprocess.run(run, capture_output=True, text=True, check=True, timeout=120)
    assert outcome.stdout == "[]\n"


@pytest.mark.parametrize(
    ("answers", "line", "status"),
    [
        ((), "m on 127.0.0.1:", 0),
        ((refuses(404, "model_not_found"),), "check IMAGE_MODEL", 1),
    ],
)
async def test_check_names_the_server_and_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[object, ...], line: str, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    async with ImagesServer().running() as server:
        server.queue(*answers)  # type: ignore[arg-type]
        settings = load_settings(
            data_dir=tmp_path / "data",
            embedder="none",
            web_port=0,
            image_backend="openai",
            image_model="m",
            image_base_url=server.base_url,
        )
        console = Console(record=True, width=300)
        assert await check(settings, console) == status
    assert line in console.export_text()


@pytest.mark.models
async def test_a_model_that_is_loaded_with_the_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("diffusers", reason="requirements-models.txt is not installed")
    from tests.fakes.tiny_diffusion import write_taiyi

    monkeypatch.chdir(tmp_path)
    settings = load_settings(
        data_dir=tmp_path / "data",
        embedder="none",
        image_backend="taiyi",
        image_model=str(write_taiyi(tmp_path / "taiyi")),
        models_load="start",
    )
    async with assembled(settings, lambda _what, _done, _total: None) as assistant:
        await _load_models(assistant)
        assert [(status.name, status.state) for status in assistant.shelf.statuses()] == [
            ("diffusers/taiyi", LoadState.LOADED)
        ]
    assert [status.state for status in assistant.shelf.statuses()] == [LoadState.ABSENT]


async def test_a_server_that_is_down_keeps_no_bot_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(
        data_dir=tmp_path / "data",
        embedder="none",
        image_backend="openai",
        image_model="m",
        image_base_url="http://127.0.0.1:9/v1",
    )
    async with assembled(settings, lambda _what, _done, _total: None) as assistant:
        await _load_models(assistant)
        assert assistant.image_generator is not None
        picture = await assistant.image_generator.draw(Recipe("r", "番茄炒蛋", (), ()))
    assert picture.kind == "card"
