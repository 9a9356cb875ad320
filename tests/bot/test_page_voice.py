"""Speaking to the chat page in a real Chromium, whose microphone plays a tone.

Run as: pytest -m browser tests/bot/test_page_voice.py
"""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request, Route, async_playwright, expect

from bot.web_recordings import WebRecordings
from tests.bot.browser_page import CHROMIUM, FLAGS, Watched, open_page
from tests.bot.web_client import Served, served
from tests.fakes.scripted_handler import gated_answer

INSECURE_HOST = "kitchen.test"
HEARD = "宫保鸡丁怎么做"
WEBM = b"\x1aE\xdf\xa3"
VOICE_URL = "**/api/voice?*"

KEEP_TRACKS = """
window.tracks = [];
if (navigator.mediaDevices) {
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wishes) => {
    if (window.refusal) throw new DOMException("", window.refusal);
    const stream = await original(wishes);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),  # one Chromium for all of them
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it, or name it by CHROMIUM_PATH"),
]


def write_tone(path: Path) -> None:
    """Two seconds of 440 Hz, 48 kHz mono."""
    samples = (int(12_000 * math.sin(2 * math.pi * 440 * n / 48_000)) for n in range(96_000))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    tone = tmp_path_factory.mktemp("microphone") / "tone.wav"
    write_tone(tone)
    microphone = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={tone}"]
    insecure = [f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1"]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *microphone, *insecure]
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    recordings = WebRecordings(max_seconds=60, max_megabytes=20)
    async with served(tmp_path / "pictures", allowed_hosts=[INSECURE_HOST], recordings=recordings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that may use the microphone."""
    opened = await browser.new_context(permissions=["microphone"], viewport={"width": 900, "height": 700})
    await opened.add_init_script(KEEP_TRACKS)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def watched(server: Served, context: BrowserContext) -> AsyncIterator[Watched]:
    """The page, opened. At the end the microphone is off and nothing may have been complained about."""
    opened = await open_page(server, context)
    yield opened
    assert opened.complaints == []
    assert await opened.page.evaluate("tracks.every((track) => track.readyState === 'ended')")
    assert [url for url in opened.requests if not url.startswith((server.address, "blob:"))] == []


async def begin(page: Page) -> None:
    """Record until there is something to send."""
    await page.get_by_role("button", name="录音提问").click()
    await expect(page.get_by_role("timer")).to_have_text("0:01 / 1:00")


async def record(page: Page) -> None:
    await begin(page)
    await page.get_by_role("button", name="发送录音").click()
    await expect(page.get_by_role("group", name="正在录音")).to_be_hidden()


def uploads(page: Page) -> list[Request]:
    """Fills with the recordings that the page sends."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/api/voice?" in request.url else None)
    return sent


async def test_a_question_is_spoken_heard_and_corrected(watched: Watched) -> None:
    page, handler = watched.page, watched.server.handler
    question = page.get_by_label("你的问题")
    await question.fill("写了一半")
    await begin(page)
    await expect(page.get_by_role("button", name="发送录音")).to_be_focused()
    await expect(question).to_be_hidden()
    await page.wait_for_function("document.querySelector('#recording-level').value > 0.3")
    await page.get_by_role("button", name="发送录音").click()

    await expect(page.locator(".bubble.user .text")).to_have_text(f"🎤 {HEARD}")
    await expect(page.locator(".bubble.bot .text")).to_have_text(f"收到：{HEARD}")
    [recording] = handler.recordings
    assert recording.startswith(WEBM)
    assert b"A_OPUS" in recording
    voice = handler.handled[0].voice
    assert voice is not None
    assert voice.size_bytes == len(recording)

    await page.get_by_role("button", name="改一改").click()
    await expect(question).to_be_focused()
    await expect(question).to_have_value(HEARD)
    await question.fill("公保鸡丁少辣")
    await question.press("Enter")
    await expect(page.locator(".bubble.bot .text").last).to_have_text("收到：公保鸡丁少辣")
    await expect(question).to_have_value("写了一半")
    await page.reload()
    await expect(page.locator(".bubble.user .text")).to_have_text([HEARD, "公保鸡丁少辣"])


async def test_two_recordings_in_a_row_are_two_messages(watched: Watched) -> None:
    page, handler = watched.page, watched.server.handler
    handler.hears = ["第一句", "第二句"]
    released = asyncio.Event()

    async def slowly(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await page.route(VOICE_URL, slowly, times=1)
    sent = uploads(page)
    await record(page)
    await begin(page)  # while the first is still being sent
    await expect(page.locator(".typing .words")).to_have_text("正在准备…")
    released.set()
    await expect(page.locator(".bubble.user .text")).to_have_text("🎤 第一句")
    await page.get_by_role("button", name="发送录音").click()
    await expect(page.locator(".bubble.user .text")).to_have_text(["🎤 第一句", "🎤 第二句"])
    await expect(page.locator(".typing")).to_have_count(0)
    first, second = handler.recordings
    assert first != second
    assert (first.count(WEBM), second.count(WEBM)) == (1, 1)
    assert len({request.url for request in sent}) == 2
    assert len({message.message_id for message in handler.handled}) == 2


@pytest.mark.parametrize("by", ["button", "Escape"])
async def test_a_cancelled_recording_is_gone(watched: Watched, by: str) -> None:
    page, sent = watched.page, uploads(watched.page)
    await begin(page)
    if by == "button":
        await page.get_by_role("button", name="取消录音").click()
    else:
        await page.keyboard.press("Escape")
    await expect(page.get_by_role("group", name="正在录音")).to_be_hidden()
    await expect(page.get_by_role("button", name="录音提问")).to_be_focused()
    assert await page.evaluate("tracks.map((track) => track.readyState)") == ["ended"]
    assert sent == []

    await record(page)
    await expect(page.locator(".bubble.user .text")).to_have_text([f"🎤 {HEARD}"])
    assert len(sent) == len(watched.server.handler.recordings) == 1


async def test_a_double_click_records_once_and_sends_nothing(watched: Watched) -> None:
    page, sent = watched.page, uploads(watched.page)
    await page.get_by_role("button", name="录音提问").evaluate("node => { node.click(); node.click(); }")
    await expect(page.get_by_role("group", name="正在录音")).to_be_visible()
    await page.get_by_role("button", name="发送录音").evaluate("node => { node.click(); node.click(); }")
    await expect(page.get_by_role("timer")).to_have_text("0:01 / 1:00")
    assert await page.evaluate("tracks.length") == 1
    assert sent == []
    await page.get_by_role("button", name="发送录音").evaluate("node => { node.click(); node.click(); }")
    await expect(page.locator(".bubble.bot .text")).to_have_text([f"收到：{HEARD}"])
    assert len(sent) == 1


async def test_recording_stops_by_itself(tmp_path: Path, context: BrowserContext) -> None:
    recordings = WebRecordings(max_seconds=1.5, max_megabytes=20)
    async with served(tmp_path, recordings=recordings) as server:
        page = (await open_page(server, context)).page
        await page.get_by_role("button", name="录音提问").click()
        await expect(page.locator(".bubble.user .text")).to_have_text(f"🎤 {HEARD}")
        assert await page.evaluate("tracks.map((track) => track.readyState)") == ["ended"]


async def test_leaving_the_page_ends_a_recording(watched: Watched) -> None:
    page, sent = watched.page, uploads(watched.page)
    await begin(page)
    await page.goto("about:blank")
    await page.go_back()
    await expect(page.get_by_role("button", name="录音提问")).to_be_visible()
    await expect(page.get_by_role("group", name="正在录音")).to_be_hidden()
    assert sent == []


async def test_an_answer_to_a_recording_outlives_the_page(watched: Watched) -> None:
    page, gate = watched.page, asyncio.Event()
    watched.server.handler.scripts[HEARD] = gated_answer(gate, "结尾")
    await record(page)
    await expect(page.locator(".bubble.bot .text")).to_have_text("开头")
    sent = uploads(page)
    await page.reload()
    await expect(page.locator(".bubble.user .text")).to_have_text(f"🎤 {HEARD}")
    await expect(page.locator(".bubble.bot .text")).to_have_text("开头")
    gate.set()
    await expect(page.locator(".bubble.bot .text")).to_have_text("开头结尾")
    assert [request.post_data_buffer for request in sent] == [None]
    assert len(watched.server.handler.recordings) == 1


async def test_a_lost_recording_is_never_sent_again(server: Served, context: BrowserContext) -> None:
    page = (await open_page(server, context)).page
    await page.route(VOICE_URL, lambda route: route.abort(), times=1)
    await record(page)
    await expect(page.locator(".failure")).to_have_text("连接断开了，没有收到完整的回答。")
    sent = uploads(page)
    await page.get_by_role("button", name="重试").click()
    await expect(page.locator(".failure")).to_have_text("这段录音没有送到，请再录一遍。")
    await expect(page.get_by_role("button", name="重试")).to_have_count(0)
    assert [request.post_data_buffer for request in sent] == [None]
    await record(page)
    await expect(page.locator(".bubble.user .text")).to_have_text(["（语音）", f"🎤 {HEARD}"])


async def test_a_lost_answer_to_a_recording_is_fetched(server: Served, context: BrowserContext) -> None:
    page = (await open_page(server, context)).page
    await page.evaluate(
        """() => {
          const original = fetch;
          window.fetch = async (...request) => {
            window.fetch = original;
            await (await original(...request)).text();
            throw new TypeError("lost");
          };
        }"""
    )
    await record(page)
    await page.get_by_role("button", name="重试").click()
    await expect(page.locator(".bubble.user .text")).to_have_text(f"🎤 {HEARD}")
    await expect(page.locator(".bubble.bot .text")).to_have_text(f"收到：{HEARD}")
    assert len(server.handler.recordings) == 1


async def test_a_recording_that_is_too_large_is_told_in_words(
    tmp_path: Path, context: BrowserContext
) -> None:
    recordings = WebRecordings(max_seconds=60, max_megabytes=0.001)
    async with served(tmp_path, recordings=recordings) as server:
        page = (await open_page(server, context)).page
        await record(page)
        await expect(page.locator(".failure")).to_have_text("这段录音太大了，请录短一点再发。")
        assert server.handler.handled == []


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("NotFoundError", "没有找到麦克风"),
        ("NotReadableError", "麦克风打不开"),
        ("AbortError", "这个浏览器录不了音"),
    ],
)
async def test_a_microphone_that_does_not_work_is_explained(
    watched: Watched, refusal: str, words: str
) -> None:
    page = watched.page
    await page.evaluate("(name) => { window.refusal = name; }", refusal)
    await page.get_by_role("button", name="录音提问").click()
    await expect(page.locator("#notice")).to_contain_text(words)
    await page.get_by_role("button", name="知道了").click()
    await expect(page.locator("#notice")).to_be_hidden()
    await page.evaluate("() => { window.refusal = null; }")
    await record(page)
    await expect(page.locator(".bubble.user .text")).to_have_text(f"🎤 {HEARD}")


async def test_a_microphone_that_dies_ends_the_recording(watched: Watched) -> None:
    page, sent = watched.page, uploads(watched.page)
    await begin(page)
    await page.evaluate("() => { tracks[0].stop(); tracks[0].dispatchEvent(new Event('ended')); }")
    await expect(page.locator("#notice")).to_contain_text("录音中断了，请再录一遍。")
    await expect(page.get_by_role("group", name="正在录音")).to_be_hidden()
    assert sent == []


async def test_a_denied_microphone_is_explained(server: Served, browser: Browser) -> None:
    denied = await browser.new_context()
    page = (await open_page(server, denied)).page
    await page.get_by_role("button", name="录音提问").click()
    await expect(page.locator("#notice")).to_contain_text("没有使用麦克风的许可。请在浏览器地址栏旁")
    await expect(page.get_by_role("group", name="正在录音")).to_be_hidden()
    await denied.close()


async def test_an_insecure_address_is_explained(server: Served, context: BrowserContext) -> None:
    page = await context.new_page()
    await page.goto(server.address.replace("127.0.0.1", INSECURE_HOST))
    await page.get_by_role("button", name="录音提问").click()
    await expect(page.locator("#notice")).to_contain_text("https 或 localhost")


async def test_nobody_to_hear_means_no_button(tmp_path: Path, context: BrowserContext) -> None:
    async with served(tmp_path) as server:
        page = (await open_page(server, context)).page
        await expect(page.get_by_role("button", name="新对话")).to_be_visible()  # all is loaded
        await expect(page.get_by_role("button", name="录音提问")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390])
async def test_the_bar_fits_a_phone(server: Served, context: BrowserContext, width: int) -> None:
    page = (await open_page(server, context)).page
    await page.set_viewport_size({"width": width, "height": 640})
    await begin(page)
    for name in ("取消录音", "发送录音"):
        await expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    assert await page.evaluate("document.documentElement.scrollWidth") == width
