"""A photo if it can be had in time, else the card."""

from __future__ import annotations

import asyncio
import logging

import pytest

from core.errors import IllustrationError, ModelUnavailableError, SettingsError
from core.images.fallback_image_generator import FallbackImageGenerator
from tests.core.card_recipes import bare
from tests.fakes.fake_image_generator import FakeImageGenerator


def with_second(
    first: FakeImageGenerator, seconds: float = 60
) -> tuple[FallbackImageGenerator, FakeImageGenerator]:
    second = FakeImageGenerator()
    return FallbackImageGenerator(first, second, seconds=seconds), second


async def test_the_first_ones_picture_and_its_steps() -> None:
    first = FakeImageGenerator()
    first.steps = 2
    both, second = with_second(first)
    steps: list[tuple[int, int]] = []
    await both.draw(bare(), lambda done, total: steps.append((done, total)))
    assert (steps, second.drawn) == ([(0, 2), (1, 2), (2, 2)], [])
    assert both.name == "fake/picture, else fake/picture"


@pytest.mark.parametrize(
    "error",
    [IllustrationError("too many wait"), ModelUnavailableError("down"), SettingsError("DEVICE", "is none")],
)
async def test_an_error_brings_the_second(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    first = FakeImageGenerator()
    first.failure = error
    both, second = with_second(first)
    with caplog.at_level(logging.WARNING):
        await both.draw(bare())
    assert second.drawn == [bare()]
    assert caplog.messages == [f"picture_replaced reason={getattr(error, 'code', '')} message={error}"]


async def test_lateness_brings_the_second_and_stops_the_first() -> None:
    first = FakeImageGenerator()
    first.gate = asyncio.Event()
    both, second = with_second(first, seconds=0.01)
    await both.draw(bare())
    assert (first.cancelled, second.drawn) == (1, [bare()])


async def test_one_who_gives_up_gets_no_card() -> None:
    first = FakeImageGenerator()
    first.gate = asyncio.Event()
    both, second = with_second(first)
    task = asyncio.create_task(both.draw(bare()))
    await first.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (first.cancelled, second.drawn) == (1, [])


async def test_a_bug_is_no_reason_for_a_card() -> None:
    first = FakeImageGenerator()
    first.failure = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await with_second(first)[0].draw(bare())
