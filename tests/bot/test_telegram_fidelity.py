"""The fake Bot API, held to what two client libraries read, and run as a process of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message, MessageEntity, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, TelegramError

from bot.telegram_request import AiohttpRequest, FloodError
from tests.fakes.telegram_server import TOKEN, Fault, TelegramServer, flood
from tests.fakes.telegram_world import GROUP_ID, USER_ID, TelegramWorld, mentions_in
from tests.fakes.voice_notes import opus_note

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("换一道", callback_data="=换一道")]])


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer().running() as running:
        yield running


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    async with bot_of(server) as opened:
        yield opened


def bot_of(server: TelegramServer, token: str = TOKEN) -> Bot:
    request, polling = AiohttpRequest(), AiohttpRequest()
    return Bot(token, base_url=f"{server.api_url}/bot", request=request, get_updates_request=polling)


async def every_update(world: TelegramWorld) -> list[dict[str, Any]]:
    private = await world.private_text("红烧肉怎么做")
    return [
        private,
        await world.edited(private["message"], "红烧鱼怎么做"),
        await world.mention("🍅 @shishen_test_bot 在吗", thread_id=9),
        await world.group_text("回你", reply_to_message=world.outgoing(world._group(GROUP_ID), text="问")),
        await world.sticker(),
        await world.location(),
        await world.photo("番茄", album="5"),
        await world.voice(),
        await world.press(world.outgoing(world._private_chat(USER_ID), text="问"), "=换一道"),
    ]


def picture() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (90, 120)).save(buffer, "PNG")
    return buffer.getvalue()


async def every_message(bot: Bot) -> list[Message]:
    bold = [MessageEntity("bold", 0, 2)]
    sent = await bot.send_message(USER_ID, "🍅番茄", entities=bold, reply_markup=KEYBOARD)
    edited = await bot.edit_message_text("改了", USER_ID, sent.message_id)
    assert isinstance(edited, Message)
    return [
        sent,
        edited,
        await bot.send_photo(USER_ID, picture(), caption="番茄"),
        await bot.send_document(USER_ID, b"{}", filename="a.json"),
        await bot.send_voice(USER_ID, opus_note(), duration=1),
    ]


async def test_every_update_is_read_by_python_telegram_bot(server: TelegramServer, bot: Bot) -> None:
    pushed = await every_update(server.world)
    updates = await bot.get_updates(timeout=0)
    assert [update.update_id for update in updates] == [update["update_id"] for update in pushed]
    assert all(not update.api_kwargs for update in updates)
    for update in updates:
        message = update.effective_message
        assert isinstance(message, Message)
        assert not message.api_kwargs  # nothing that the library does not know
    assert updates[1].edited_message is not None
    assert updates[-1].callback_query is not None


async def test_every_message_is_read_by_python_telegram_bot(server: TelegramServer, bot: Bot) -> None:
    await server.world.private_text("你好")
    sent, edited, photo, document, voice = await every_message(bot)
    assert (sent.text, sent.entities[0].length, sent.reply_markup) == ("🍅番茄", 2, KEYBOARD)
    assert edited.edit_date is not None
    assert (photo.photo[0].width, photo.caption) == (90, "番茄")
    assert document.document is not None
    assert document.document.file_name == "a.json"
    assert voice.voice is not None


async def test_every_answer_is_read_by_another_client(server: TelegramServer, bot: Bot) -> None:
    types = pytest.importorskip("telebot.types", reason="pyTelegramBotAPI is not installed")
    for update in await every_update(server.world):
        assert types.Update.de_json(json.loads(json.dumps(update))).update_id == update["update_id"]
    await every_message(bot)
    for call in server.made("sendMessage", "editMessageText", "sendPhoto", "sendDocument", "sendVoice"):
        message = types.Message.de_json(json.loads(json.dumps(call.result)))
        assert message.message_id == call.result["message_id"]
        assert message.content_type in {"text", "photo", "document", "voice"}


async def test_refusals_have_telegrams_words(server: TelegramServer, bot: Bot) -> None:
    await server.world.private_text("你好")
    await server.world.group_text("你好")
    sent = await bot.send_message(USER_ID, "好")
    cases = {
        "not found": bot.send_message(404, "好"),
        "is empty": bot.send_message(USER_ID, " \n"),
        "too long": bot.send_message(USER_ID, "好" * 4097),
        "caption is too long": bot.send_photo(USER_ID, picture(), caption="好" * 1025),
        "can't parse entities": bot.send_message(USER_ID, "1. 好", parse_mode="MarkdownV2"),
        "unsupported start tag": bot.send_message(USER_ID, "<x>", parse_mode="HTML"),
        "utf-16 symbol": bot.send_message(USER_ID, "🍅", entities=[MessageEntity("bold", 0, 1)]),
        "after the end": bot.send_message(USER_ID, "好", entities=[MessageEntity("bold", 0, 9)]),
        "button_data_invalid": bot.send_message(USER_ID, "好", reply_markup=_keyboard("好" * 22)),
        "replied not found": bot.send_message(USER_ID, "好", reply_to_message_id=999),
        "thread not found": bot.send_message(GROUP_ID, "好", message_thread_id=8),
        "is not modified": bot.edit_message_text("好", USER_ID, sent.message_id),
        "edit not found": bot.edit_message_text("好", USER_ID, 999),
        "draft_peer": bot.send_message_draft(GROUP_ID, 1, "好"),
        "query is too old": bot.answer_callback_query("1"),
        "image_process_failed": bot.send_photo(USER_ID, b"not a picture"),
        "delete not found": bot.delete_message(USER_ID, 999),
    }
    for words, call in cases.items():
        with pytest.raises(BadRequest, match=f"(?i){words}"):
            await call


def _keyboard(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("按", callback_data=data)]])


async def test_other_refusals_have_their_own_errors(server: TelegramServer, bot: Bot) -> None:
    await server.world.private_text("你好")
    server.world.block(USER_ID)
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(USER_ID, "好")
    async with AiohttpRequest() as request:
        with pytest.raises(InvalidToken):
            await request.post(f"{server.api_url}/bot1:wrong/getMe")
    server.fail("sendMessage", Fault(error=flood(7)))
    with pytest.raises(FloodError) as caught:
        await bot.send_message(USER_ID, "好")
    assert caught.value.seconds == 7
    await bot.set_webhook("http://127.0.0.1:1/x")
    with pytest.raises(Conflict):
        await bot.get_updates(timeout=0)
    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""


async def test_of_two_pollers_the_older_gets_the_conflict(server: TelegramServer, bot: Bot) -> None:
    first = asyncio.ensure_future(bot.get_updates(timeout=5))
    async with bot_of(server) as other:
        while server.feed._poller is None:  # noqa: ASYNC110 - the fake has no event for it
            await asyncio.sleep(0)
        second = asyncio.ensure_future(other.get_updates(timeout=5))
        with pytest.raises(Conflict):
            await first
        await server.world.private_text("一")
        assert len(await second) == 1


async def test_files_are_read_up_to_twenty_megabytes(server: TelegramServer, bot: Bot) -> None:
    small, big = server.world.keep_file(b"OggS"), server.world.keep_file(b"\0" * (20 * 1024 * 1024 + 1))
    found = await bot.get_file(small["file_id"])
    async with AiohttpRequest() as request:
        content = await request.retrieve(f"{server.api_url}/file/bot{TOKEN}/documents/file_0")
    assert (found.file_size, content) == (4, b"OggS")
    with pytest.raises(BadRequest, match=r"(?i)file is too big"):
        await bot.get_file(big["file_id"])


async def test_limits_are_kept_when_switched_on(server: TelegramServer, bot: Bot) -> None:
    await server.world.private_text("你好")
    server.limits.on = True
    server.limits.clock = lambda: 100.0
    for _ in range(5):
        await bot.send_message(USER_ID, "好")
    for _ in range(2):
        with pytest.raises(FloodError):
            await bot.send_message(USER_ID, "好")
    assert (server.limits.refused, server.limits.violations) == (2, 1)


async def test_no_failure_of_the_connection_shows_the_token(server: TelegramServer, bot: Bot) -> None:
    faults = [Fault(drop="before"), Fault(status=404), Fault(status=502), Fault(drop="after")]
    server.fail("sendMessage", *faults)
    for _ in faults:
        with pytest.raises(TelegramError) as caught:
            await bot.send_message(USER_ID, "好")
        chain: BaseException | None = caught.value
        while chain is not None:
            assert TOKEN not in f"{chain!r} {chain}"
            chain = chain.__cause__ or chain.__context__


async def test_it_runs_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.telegram_server", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.ClientSession() as session:
            order = {"what": "private_text", "text": "一", "user_id": 5}
            async with session.post(f"{url}/control/do", json=order) as response:
                update = Update.de_json(await response.json())
            fault = {"method": "sendMessage", "retry_after": 2}
            async with session.post(f"{url}/control/fail", json=fault) as response:
                assert response.status == 200
            statuses = []
            for _ in range(2):
                call = {"chat_id": 5, "text": "好"}
                async with session.post(f"{url}/bot{TOKEN}/sendMessage", json=call) as response:
                    statuses.append(response.status)
            async with session.get(f"{url}/control/sent") as response:
                sent = await response.json()
        assert update.message is not None
        assert (update.message.text, statuses) == ("一", [429, 200])
        assert [(call["chat_id"], call["text"]) for call in sent] == [(5, "好")]
    finally:
        process.terminate()
        await process.wait()


def test_mentions_are_counted_in_utf16() -> None:
    assert mentions_in("🍅 @a") == [{"type": "mention", "offset": 3, "length": 2}]


async def test_a_voice_note_can_be_ordered_over_http(server: TelegramServer, bot: Bot) -> None:
    note = opus_note()
    order = {"what": "voice", "content": base64.b64encode(note).decode(), "caption": "听"}
    async with aiohttp.ClientSession() as session:
        await session.post(f"{server.api_url}/control/do", json=order)
    (update,) = await bot.get_updates(timeout=0)
    assert update.message is not None
    assert update.message.voice is not None
    assert (update.message.caption, update.message.voice.file_size) == ("听", len(note))
    file = await bot.get_file(update.message.voice.file_id)
    async with AiohttpRequest() as request:
        path = server.world.files[file.file_id][0]
        assert await request.retrieve(f"{server.api_url}/file/bot{TOKEN}/{path}") == note


async def test_a_voice_note_must_be_opus_in_ogg(server: TelegramServer, bot: Bot) -> None:
    await server.world.private_text("一")
    for content in (b"ID3 an MP3", b"OggS" + bytes(40), opus_note().replace(b"OpusHead", b"\x01vorbis ")):
        with pytest.raises(BadRequest, match=r"(?i)voice_file_invalid"):
            await bot.send_voice(USER_ID, content, duration=1)
