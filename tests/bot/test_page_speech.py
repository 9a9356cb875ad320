"""Answers read aloud on the chat page in a real Chromium.

Run as: pytest -m browser tests/bot/test_page_speech.py
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from core.messages import Reply, ReplyFinished, TextFinished, VoiceClip
from tests.bot.browser_page import CHROMIUM, FLAGS, Watched, ask, open_page
from tests.bot.web_client import Served, served

SPEECH = Path(__file__).parent / "sounds" / "tone.ogg"
PLAYER = "听这条回答"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),  # one Chromium for all of them
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it, or name it by CHROMIUM_PATH"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        await launched.close()


async def narrate(_reply: Reply) -> VoiceClip:
    return VoiceClip(await asyncio.to_thread(SPEECH.read_bytes), duration_ms=500)


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "pictures", narrate=narrate) as running:
        reply = Reply(text="听好", read_aloud=True)
        running.handler.scripts["说"] = [TextFinished(reply), ReplyFinished(reply)]
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def watched(server: Served, browser: Browser) -> AsyncIterator[Watched]:
    context = await browser.new_context()
    yield await open_page(server, context)
    await context.close()


def asked_for(watched: Watched) -> int:
    return sum("/api/speech/" in url for url in watched.requests)


async def test_an_answer_is_read_aloud_when_wanted(watched: Watched) -> None:
    page = watched.page
    await ask(page, "说")
    player = page.get_by_label(PLAYER)
    await expect(player).to_have_js_property("preload", "none")
    await expect(player).to_have_js_property("ended", value=True)  # it began by itself
    assert await player.evaluate("node => Math.round(node.duration * 10)") == 5
    assert asked_for(watched) == 1
    await ask(page, "你好")
    await expect(page.locator(".bubble.bot")).to_have_count(2)
    await expect(player).to_have_count(1)
    assert watched.complaints == []


async def test_a_browser_that_stays_silent_plays_on_request(watched: Watched) -> None:
    page = watched.page
    await page.evaluate(
        """() => {
          const play = HTMLMediaElement.prototype.play;
          HTMLMediaElement.prototype.play = function () {
            HTMLMediaElement.prototype.play = play;
            return Promise.reject(new DOMException("", "NotAllowedError"));
          };
        }"""
    )
    await ask(page, "说")
    player = page.get_by_label(PLAYER)
    await expect(player).to_have_js_property("paused", value=True)
    assert asked_for(watched) == 0
    await player.evaluate("node => node.play()")
    await expect(player).to_have_js_property("ended", value=True)
    assert watched.complaints == []


async def test_one_answer_speaks_at_a_time(watched: Watched) -> None:
    page = watched.page
    await ask(page, "说")
    await page.get_by_label(PLAYER).evaluate("node => { node.loop = true; return node.play(); }")
    await ask(page, "说")
    await expect(page.get_by_label(PLAYER).last).to_have_js_property("ended", value=True)
    await expect(page.get_by_label(PLAYER).first).to_have_js_property("paused", value=True)


async def test_speech_that_fails_can_be_tried_again(watched: Watched) -> None:
    page = watched.page
    await page.route("**/api/speech/*", lambda route: route.fulfill(status=503), times=1)
    await ask(page, "说")
    await expect(page.locator(".speech .failure")).to_have_text("没能读出来，请过一会儿再试。")
    await page.locator(".speech").get_by_role("button", name="重试").click()
    await expect(page.get_by_label(PLAYER)).to_have_js_property("ended", value=True)
