"""The search view in a real Chromium: `pytest -m browser tests/bot/test_search_view_browser.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from index.build import build_index
from index.retriever import HybridRetriever
from tests.bot.browser_page import CHROMIUM, FLAGS
from tests.bot.web_client import served
from tests.index.corpora import own_row, write_jsonl

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it, or name it by CHROMIUM_PATH"),
]


async def test_a_threshold_is_moved(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", [own_row(n) for n in ("红烧肉", "番茄炒蛋", f"{HOSTILE}蛋")])
    build_index([corpus], tmp_path / "index", None)
    index = HybridRetriever.open(tmp_path / "index", None)
    complaints: list[str] = []
    async with (
        served(tmp_path / "p", explain=lambda q: (index.explain(q), index.search_now(q))) as server,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{server.address}/search")
        questions = ["红烧肉怎么做", "红肉怎么做", "今天股票怎么样", f"{HOSTILE}蛋"]
        await page.get_by_label("问题，一行一个").fill("\n".join(questions))
        await page.get_by_role("button", name="看看怎么找的").click()
        verdicts = page.locator(".verdict")
        await expect(verdicts).to_have_count(4)
        await expect(verdicts.nth(0)).to_have_text("答：红烧肉")
        await expect(page.locator("#summary")).to_contain_text("变了 0 个")
        await page.get_by_label("门槛").fill("1")
        await expect(verdicts.nth(1)).to_have_text("婉拒，最近的是：红烧肉")
        await expect(page.locator("#advice")).to_contain_text("SEARCH_THRESHOLD=1.00")
        await page.get_by_label("门槛").fill("0")
        await expect(verdicts.nth(1)).to_have_text("答：红烧肉")
        await page.get_by_role("button", name="恢复现在的值").click()
        await expect(page.locator("#advice")).to_be_hidden()
        await page.locator("summary").first.click()
        await expect(page.locator("details").first.locator("table")).to_have_count(2)
        assert await page.title() == "食神 · 检索台"
        await browser.close()
    assert complaints == []
