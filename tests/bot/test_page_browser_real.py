"""The page of a real `python -m bot run` in Chromium.

Run as: pytest -m browser tests/bot/test_page_browser_real.py

CHROMIUM_PATH names the browser; without it, `chromium` on the PATH is taken. SCREENSHOT names a file for
the picture in README.md; without it none is taken.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.bot.browser_page import CHROMIUM, FLAGS, Visit, ask
from tests.bot.test_page_browser import HOSTILE
from tests.whole.bot_process import BotProcess
from tests.whole.running_bot import running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it, or name it by CHROMIUM_PATH"),
]
SCREENSHOT = os.environ.get("SCREENSHOT")


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visit]:
    """The page of a bot that starts for the first time. Nothing outside may be asked for."""
    bot = BotProcess(tmp_path / "data", tmp_path)
    async with running(bot) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(viewport={"width": 1100, "height": 1250})
        visit = Visit(await context.new_page(), server.address)
        await visit.open()
        yield visit
        visit.assert_quiet()
        await browser.close()


async def test_a_first_conversation(visit: Visit) -> None:
    page = visit.page
    bubbles = page.locator(".bubble.bot")

    await ask(page, "番茄炒蛋怎么做")
    await expect(bubbles.first.get_by_role("heading", name="番茄炒蛋")).to_be_visible()
    await expect(bubbles.first.locator(".source")).to_have_text("来源：食神菜谱")
    image = page.get_by_alt_text("番茄炒蛋的菜谱卡片")
    await image.scroll_into_view_if_needed()
    await expect(image).to_have_js_property("complete", value=True)
    await expect(image).to_have_js_property("naturalWidth", 1080)

    await ask(page, "要多少盐")
    await expect(bubbles.nth(1).locator(".text")).to_contain_text("盐的用量（2 人份）")
    await expect(page.locator(".typing")).to_have_count(0)
    if SCREENSHOT:
        await page.set_viewport_size({"width": 960, "height": 1980})
        await page.screenshot(path=SCREENSHOT)

    await ask(page, HOSTILE)
    await expect(page.locator(".bubble.user .text").last).to_have_text(HOSTILE)
    await expect(bubbles).to_have_count(3)
    await ask(page, "今天股市怎么样")
    await expect(bubbles.nth(3).locator(".text")).to_contain_text("菜")
    await expect(bubbles.nth(3).locator(".recipe")).to_have_count(0)

    await page.reload()
    await expect(page.locator(".bubble.user .text")).to_have_text(
        ["番茄炒蛋怎么做", "要多少盐", HOSTILE, "今天股市怎么样"]
    )
    await expect(page.locator(".recipe h3").first).to_have_text("番茄炒蛋")
    assert await page.locator("#log script").count() == 0
    assert await page.title() == "食神 · 今天吃什么"

    await ask(page, "/clear")
    await expect(page.locator(".bubble.bot .text").last).to_contain_text("新的对话开始了")
    await ask(page, "要多少盐")
    await expect(page.locator(".bubble.bot .text").last).to_contain_text("你问的是哪道菜？")
