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
class Watched:
    """A page, what it complained about, and what it asked for."""

    page: Page
    server: Served
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def note_request(self, request: Request) -> None:
        self.requests.append(request.url)


async def open_page(server: Served, context: BrowserContext) -> Watched:
    watched = Watched(await context.new_page(), server)
    watched.page.on("console", watched.note_message)
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    watched.page.on("request", watched.note_request)
    await watched.page.goto(server.address)
    await expect(watched.page.locator("#log")).to_have_attribute("aria-busy", "false")
    return watched


async def ask(page: Page, text: str) -> None:
    await page.get_by_label("你的问题").fill(text)
    await page.keyboard.press("Enter")
