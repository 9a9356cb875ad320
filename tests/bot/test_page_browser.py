"""The chat page in a real Chromium: `pytest -m browser tests/bot/test_page_browser.py`.

CHROMIUM_PATH names the browser; without it, `chromium` on the PATH is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    async_playwright,
    expect,
)

from bot.unfinished_answers import UnfinishedAnswers
from core.messages import (
    Document,
    Reply,
    ReplyFinished,
    Stage,
    StageProgress,
    StageStarted,
    TextDelta,
    TextFinished,
)
from tests.bot.browser_page import CHROMIUM, FLAGS, Watched, ask, open_page
from tests.bot.web_client import Served, served
from tests.fakes.scripted_handler import (
    TOMATO_EGGS,
    Step,
    draw_picture,
    gated_answer,
    plain_answer,
    recipe_answer,
)

SIDEWAYS = """() => ["html", "#scroller"].map((name) => {
  const node = document.querySelector(name);
  return node.scrollWidth - node.clientWidth;
})"""
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"

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


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "pictures") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def watched(server: Served, browser: Browser) -> AsyncIterator[Watched]:
    """The page, opened. At the end nothing may have been complained about or asked of the outside."""
    context = await browser.new_context(viewport={"width": 1100, "height": 800})
    opened = await open_page(server, context)
    yield opened
    opened.assert_quiet()
    await context.close()


async def test_a_recipe_from_question_to_picture(watched: Watched) -> None:
    page, server = watched.page, watched.server
    picture = draw_picture(server.pictures_dir)
    server.handler.scripts["番茄炒蛋怎么做"] = recipe_answer(
        TOMATO_EGGS, picture, lead="家常味道，十五分钟："
    )
    await page.get_by_role("button", name="番茄炒蛋怎么做").click()

    answer = page.locator(".bubble.bot")
    await expect(answer.locator(".text")).to_have_text("家常味道，十五分钟：")
    await expect(answer.get_by_role("heading", name="番茄炒蛋")).to_be_visible()
    await expect(answer.locator(".facts")).to_have_text("份量2 人份时间15 分钟难度很容易")
    await expect(answer.locator(".ingredients li")).to_have_count(6)
    await expect(answer.locator(".ingredients li").first).to_have_text("番茄2个（约300克）")
    await expect(answer.locator(".steps li")).to_have_text(list(TOMATO_EGGS.steps))
    await expect(answer.locator(".allergens")).to_have_text("过敏提示：含鸡蛋")
    await expect(answer.locator(".source")).to_have_text("来源：食神菜谱")
    await expect(page.locator("#welcome")).to_be_hidden()

    image = answer.get_by_alt_text("番茄炒蛋的菜谱卡片")
    await image.scroll_into_view_if_needed()
    await expect(image).to_have_js_property("complete", value=True)
    await expect(image).to_have_js_property("naturalWidth", 360)
    await image.click()
    await expect(page.locator("#lightbox-picture")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#lightbox-picture")).to_be_hidden()

    await answer.get_by_role("checkbox", name="鸡蛋").check()
    await answer.get_by_role("button", name="要多少盐").click()
    await expect(page.locator(".bubble.bot").last).to_have_text("食神：收到：要多少盐")
    await expect(page.get_by_role("button", name="换一道")).to_have_count(0)


async def test_text_appears_while_it_is_written(watched: Watched) -> None:
    page, gates = watched.page, [asyncio.Event() for _ in range(5)]
    reply = Reply(text="先切番茄再打蛋")
    watched.server.handler.scripts["教我"] = [
        StageStarted(Stage.RETRIEVE),
        gates[0],
        StageStarted(Stage.GENERATE),
        TextDelta("写错了"),
        gates[1],
        TextDelta("先切番茄", restart=True),
        gates[2],
        TextDelta("再打蛋"),
        TextFinished(reply),
        StageStarted(Stage.ILLUSTRATE),
        gates[3],
        StageProgress(Stage.ILLUSTRATE, 12, 20),
        gates[4],
        ReplyFinished(reply),
    ]
    await ask(page, "教我")
    answer, typing = page.locator(".bubble.bot"), page.locator(".typing")
    await expect(typing).to_have_text("正在找菜谱…")
    await expect(answer).to_have_attribute("aria-busy", "true")
    for gate, text, stage in (
        (gates[0], "写错了", "正在写…"),
        (gates[1], "先切番茄", "正在写…"),
        (gates[2], "先切番茄再打蛋", "正在画图…"),
        (gates[3], "先切番茄再打蛋", "正在画图 12/20…"),
    ):
        gate.set()
        await expect(answer.locator(".text")).to_have_text(text)
        await expect(typing).to_have_text(stage)
    await expect(answer).to_have_attribute("aria-busy", "false")
    gates[4].set()
    await expect(typing).to_have_count(0)


async def test_the_stop_button_is_there_while_something_is_written(tmp_path: Path, browser: Browser) -> None:
    unfinished, gate = UnfinishedAnswers(), asyncio.Event()
    context = await browser.new_context()
    async with served(tmp_path, unfinished=unfinished) as server:
        server.handler.scripts["慢"] = gated_answer(gate, "（已停下）")
        watched = await open_page(server, context)
        button = watched.page.get_by_role("button", name="停下正在写的回答")
        await expect(button).to_be_hidden()
        await ask(watched.page, "慢")
        await expect(watched.page.locator(".bubble.bot .text")).to_have_text("开头")
        [asked] = server.handler.handled
        with unfinished.signal_of(asked).calling(gate.set):
            await button.click()
            await expect(watched.page.locator(".bubble.bot .text")).to_have_text("开头（已停下）")
        await expect(button).to_be_hidden()
        watched.assert_quiet()
    await context.close()


async def test_a_reload_restores_the_conversation(watched: Watched) -> None:
    page, gate = watched.page, asyncio.Event()
    picture = draw_picture(watched.server.pictures_dir)
    watched.server.handler.scripts["番茄炒蛋怎么做"] = recipe_answer(TOMATO_EGGS, picture)
    watched.server.handler.scripts["慢慢说"] = [TextDelta("慢"), gate, *plain_answer("慢慢来")]
    await ask(page, "番茄炒蛋怎么做")
    await expect(page.locator(".buttons")).to_be_visible()
    await ask(page, "慢慢说")
    await expect(page.locator(".bubble.bot").last.locator(".text")).to_have_text("慢")

    await page.reload()
    await expect(page.locator(".bubble.user .text")).to_have_text(["番茄炒蛋怎么做", "慢慢说"])
    await expect(page.locator(".recipe h3")).to_have_text("番茄炒蛋")
    await expect(page.locator(".bubble.bot").last.locator(".text")).to_have_text("慢")
    gate.set()
    await expect(page.locator(".bubble.bot").last.locator(".text")).to_have_text("慢慢来")
    assert len(watched.server.handler.handled) == 2
    image = page.get_by_role("img", name="番茄炒蛋的图片")
    await image.scroll_into_view_if_needed()
    await expect(image).to_have_js_property("naturalWidth", 360)


async def test_hostile_text_stays_text(watched: Watched) -> None:
    await ask(watched.page, HOSTILE)
    await expect(watched.page.locator(".bubble.user .text")).to_have_text(HOSTILE)
    await expect(watched.page.locator(".bubble.bot .text")).to_have_text(f"收到：{HOSTILE}")
    await watched.page.reload()
    await expect(watched.page.locator(".bubble.bot .text")).to_have_text(f"收到：{HOSTILE}")
    assert await watched.page.locator("#log img, #log script").count() == 0
    assert await watched.page.title() == "食神 · 今天吃什么"


async def test_the_command_menu_by_keyboard(watched: Watched) -> None:
    page = watched.page
    question, menu = page.get_by_label("你的问题"), page.get_by_role("listbox", name="命令")
    await question.press("/")
    await expect(menu.get_by_role("option")).to_have_count(8)
    await expect(menu.locator("[aria-selected=true] .name")).to_have_text("/start")
    await question.press("ArrowDown")
    await expect(question).to_have_attribute("aria-activedescendant", "command-1")
    await question.press("ArrowUp")
    await question.press("ArrowUp")
    await expect(menu.locator("[aria-selected=true] .name")).to_have_text("/forget")
    await question.press("Escape")
    await expect(menu).to_be_hidden()
    await question.press("c")
    await expect(menu.get_by_role("option")).to_have_count(1)
    await question.press("Enter")
    await expect(question).to_have_value("/clear")
    await expect(menu).to_be_hidden()
    await question.press("Enter")
    await expect(page.locator(".bubble.bot .text")).to_have_text("收到：/clear")


async def test_the_command_button_gives_the_draft_back(watched: Watched) -> None:
    page, question = watched.page, watched.page.get_by_label("你的问题")
    await question.fill("写了一半")
    await page.get_by_role("button", name="打开命令菜单").click()
    await page.get_by_role("option", name="/help").click()
    await question.press("Enter")
    await expect(page.locator(".bubble.bot .text")).to_have_text("收到：/help")
    await expect(question).to_have_value("写了一半")


async def test_enter_while_composing_sends_nothing(watched: Watched) -> None:
    question = watched.page.get_by_label("你的问题")
    await question.fill("fan qie")
    await question.dispatch_event(
        "keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    )
    await question.press("Shift+Enter")
    await expect(question).to_have_value("fan qie\n")
    assert watched.server.handler.handled == []


async def test_a_lost_answer_is_fetched_again_not_made_again(server: Served, browser: Browser) -> None:
    context = await browser.new_context()
    page = (await open_page(server, context)).page
    await page.route("**/api/messages", lambda route: route.abort())
    await ask(page, "你好")
    await expect(page.get_by_role("alert").filter(has_text="连接断开了")).to_be_visible()
    await page.unroute("**/api/messages")
    sent: list[str | None] = []
    page.on("request", lambda request: sent.append(request.post_data))
    await page.get_by_role("button", name="重试").click()
    await expect(page.locator(".bubble.bot .text")).to_have_text("收到：你好")
    assert len(server.handler.handled) == 1
    assert server.handler.handled[0].message_id in (sent[0] or "")
    await context.close()


async def test_an_answer_that_breaks_off_can_be_retried(watched: Watched) -> None:
    scripts = watched.server.handler.scripts
    scripts["你好"] = [TextDelta("开头"), RuntimeError("broken")]
    await ask(watched.page, "你好")
    await expect(watched.page.locator(".failure")).to_have_text("回答到一半出了问题，请重试。")
    scripts["你好"] = plain_answer("好")
    await watched.page.get_by_role("button", name="重试").click()
    await expect(watched.page.locator(".bubble.bot .text")).to_have_text("好")
    await expect(watched.page.locator(".failure")).to_have_count(0)


async def test_exported_data_is_downloaded(watched: Watched) -> None:
    content = '{"话": "你好"}'.encode()
    reply = Reply(text="都在这里", document=Document("shishen.json", "application/json", content))
    watched.server.handler.scripts["/export"] = [TextFinished(reply), ReplyFinished(reply)]
    await ask(watched.page, "/export")
    async with watched.page.expect_download() as download:
        await watched.page.get_by_role("link", name="下载 shishen.json").click()
    saved = await (await download.value).path()
    assert await asyncio.to_thread(saved.read_bytes) == content


async def test_forgetting_empties_the_page(watched: Watched) -> None:
    await ask(watched.page, "你好")
    await expect(watched.page.locator(".bubble.bot .text")).to_have_text("收到：你好")
    watched.server.history.chats.clear()
    reply = Reply(text="都忘了")
    watched.server.handler.scripts["/forget 确认"] = [ReplyFinished(reply)]
    await ask(watched.page, "/forget 确认")
    await expect(watched.page.locator(".bubble .text")).to_have_text(["/forget 确认", "都忘了"])


async def test_a_reader_who_scrolled_away_is_left_alone(watched: Watched) -> None:
    page, gates = watched.page, [asyncio.Event(), asyncio.Event()]
    text = "行\n" * 80
    steps: list[Step] = [TextDelta(text), gates[0], TextDelta("中"), gates[1], *plain_answer(f"{text}中尾")]
    watched.server.handler.scripts["长"] = steps
    for number in range(12):
        await ask(page, f"第{number}条")
        await expect(page.locator(".bubble.bot .text")).to_have_count(number + 1)
    await ask(page, "长")
    await expect(page.locator(".bubble.bot .text")).to_have_count(13)
    await expect(page.locator(".bubble.user").last).to_be_in_viewport()
    onward = page.get_by_role("button", name="往下看")
    position = "node => Math.round(node.scrollTop)"

    await onward.click()  # down to the end of what is there
    low = await page.locator("#scroller").evaluate(position)
    gates[0].set()
    await expect(page.locator(".bubble.bot .text").last).to_have_text(f"{text}中")
    assert await page.locator("#scroller").evaluate(position) == low

    await page.locator("#scroller").hover()
    await page.mouse.wheel(0, -20_000)
    await expect(page.locator(".bubble.user").first).to_be_in_viewport()
    gates[1].set()
    await expect(page.locator(".typing")).to_have_count(0)
    assert await page.locator("#scroller").evaluate(position) == 0
    await onward.click()  # to the beginning of the latest answer
    await expect(page.locator(".bubble.user").last).to_be_in_viewport()


@pytest.mark.parametrize("width", [320, 390])
async def test_a_phone_never_scrolls_sideways(server: Served, browser: Browser, width: int) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 640})
    opened = await open_page(server, context)
    picture = draw_picture(server.pictures_dir)
    server.handler.scripts["番茄炒蛋怎么做"] = recipe_answer(TOMATO_EGGS, picture)
    assert await opened.page.evaluate(SIDEWAYS) == [0, 0]
    await ask(opened.page, "很长的一个词" + "W" * 200)
    await ask(opened.page, "番茄炒蛋怎么做")
    await expect(opened.page.locator(".dish")).to_be_visible()
    await opened.page.get_by_label("你的问题").press("/")
    assert await opened.page.evaluate(SIDEWAYS) == [0, 0]
    await context.close()


async def test_dark_where_the_reader_likes_it_dark(server: Served, browser: Browser) -> None:
    context = await browser.new_context(color_scheme="dark", reduced_motion="reduce")
    opened = await open_page(server, context)
    await expect(opened.page.locator("body")).to_have_css("background-color", "rgb(29, 22, 19)")
    await opened.page.emulate_media(color_scheme="light")
    await expect(opened.page.locator("body")).to_have_css("background-color", "rgb(251, 244, 233)")
    await context.close()


async def test_a_server_that_is_gone_is_told_in_words(server: Served, browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.route("**/api/history", lambda route: route.abort())
    await page.goto(server.address)
    await expect(page.locator("#notice")).to_contain_text("连不上食神")
    await page.unroute("**/api/history")
    await page.locator("#notice").get_by_role("button", name="重试").click()
    await expect(page.locator("#notice")).to_be_hidden()
    await expect(page.locator("#welcome")).to_be_visible()
    await context.close()
