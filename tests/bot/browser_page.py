"""The chat page in a real Chromium, watched for what it complains about and what it asks for."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, expect

from tests.bot.web_client import Served

CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Visit:
    """A page, what it complained about, and what it asked for."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        """Nothing was complained about or asked of the outside."""
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith((self.address, "blob:"))] == []

    async def open(self) -> None:
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note_request)
        await self.page.goto(self.address)
        await expect(self.page.locator("#log")).to_have_attribute("aria-busy", "false")

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)


@dataclass(kw_only=True)
class Watched(Visit):
    """A page, and the server in this process that it came from."""

    server: Served


async def open_page(server: Served, context: BrowserContext) -> Watched:
    watched = Watched(await context.new_page(), server.address, server=server)
    await watched.open()
    return watched


async def ask(page: Page, text: str) -> None:
    await page.get_by_label("你的问题").fill(text)
    await page.keyboard.press("Enter")
