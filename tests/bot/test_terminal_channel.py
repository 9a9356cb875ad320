"""The terminal: one silent turn, a session of several, and the files that come with answers."""

from __future__ import annotations

import io
import json
import signal
from asyncio import Event
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from rich.console import Console

from bot import __main__
from bot.terminal_channel import TerminalChannel, message_from, recipe_as_data, reply_as_json
from bot.unfinished_answers import UnfinishedAnswers
from core.errors import ChannelError, InputError, SettingsError
from core.messages import (
    Button,
    ChatKey,
    Document,
    IncomingMessage,
    Picture,
    Reply,
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageProgress,
    StageStarted,
    TextDelta,
    UserKey,
    VoiceNote,
)
from core.settings import Settings
from tests.fakes.memory_storage import MemoryHistory
from tests.fakes.scripted_handler import TOMATO_EGGS, ScriptedHandler, Step, gated_answer

EXPORT = Document("shishen.json", "application/json", b"{}")


@pytest.fixture
def handler() -> ScriptedHandler:
    return ScriptedHandler(MemoryHistory())


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def terminal(handler: ScriptedHandler, folder: Path) -> tuple[TerminalChannel, io.StringIO]:
    screen = io.StringIO()
    return TerminalChannel(handler, folder, Console(file=screen, width=200)), screen


def test_every_user_has_a_conversation_of_their_own() -> None:
    first, second = message_from("me", "你好"), message_from("me", "你好")
    assert (first.chat, first.user) == (ChatKey("terminal", "me"), UserKey("terminal", "me"))
    assert first.message_id != second.message_id
    assert not first.is_group


async def test_one_turn(handler: ScriptedHandler, tmp_path: Path) -> None:
    reply = Reply(text="好的")
    handler.scripts["你好"] = [TextDelta("好的"), ReplyFinished(reply, {"total": 1.25})]
    assert await terminal(handler, tmp_path)[0].once("me", "你好") == (reply, {"total": 1.25})


async def test_an_interrupt_ends_the_answer_and_not_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "慢", "快", "退出")
    before, screen, unfinished, gate = (
        signal.getsignal(signal.SIGINT),
        io.StringIO(),
        UnfinishedAnswers(),
        Event(),
    )

    class Interrupted(ScriptedHandler):
        """Is interrupted in the middle of 「慢」."""

        async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
            with unfinished.signal_of(message).calling(gate.set):
                async for event in super().handle(message):
                    yield event
                    if event == TextDelta("开头"):
                        signal.raise_signal(signal.SIGINT)

    handler = Interrupted()
    handler.scripts["慢"] = gated_answer(gate, "（已停下）")
    channel = TerminalChannel(handler, tmp_path, Console(file=screen, width=200), unfinished=unfinished)
    await channel.session("me")
    assert "开头（已停下）" in screen.getvalue()
    assert "收到：快" in screen.getvalue()
    assert signal.getsignal(signal.SIGINT) == before


async def test_a_turn_with_a_recording(tmp_path: Path) -> None:
    recording = tmp_path / "question.ogg"
    recording.write_bytes(b"OggS")
    handler = ScriptedHandler(MemoryHistory(), fetch=terminal(ScriptedHandler(), tmp_path)[0].fetch_recording)
    reply, _ = await terminal(handler, tmp_path)[0].once("me", "", recording)
    assert handler.handled[0].voice == VoiceNote(str(recording))
    assert handler.recordings == [b"OggS"]
    assert (reply.text, reply.transcript) == ("收到：宫保鸡丁怎么做", "宫保鸡丁怎么做")


async def test_recordings_are_read_within_bounds(handler: ScriptedHandler, tmp_path: Path) -> None:
    recording = tmp_path / "question.ogg"
    message = message_from("me", "", recording)
    channel = TerminalChannel(handler, tmp_path, max_recording_megabytes=0.001)
    with pytest.raises(ChannelError, match=r"^the recording cannot be read \(No such file or directory\)$"):
        await channel.fetch_recording(message)
    with pytest.raises(ChannelError, match=r"^the message has no recording$"):
        await channel.fetch_recording(message_from("me", "你好"))
    recording.write_bytes(b"x" * 1000)
    assert await channel.fetch_recording(message) == b"x" * 1000
    recording.write_bytes(b"x" * 1001)
    with pytest.raises(InputError) as refused:
        await channel.fetch_recording(message)
    assert refused.value.code == "audio_too_large"


@pytest.mark.parametrize("goodbye", ["退出", "EXIT", " quit "])
async def test_a_session_ends_with_a_goodbye(
    goodbye: str, handler: ScriptedHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "", "你好", goodbye, "没人听")
    channel, screen = terminal(handler, tmp_path)
    await channel.session("me")
    assert [message.text for message in handler.handled] == ["你好"]
    assert "收到：你好" in screen.getvalue()


async def test_a_session_ends_with_its_input(
    handler: ScriptedHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "你好")
    await terminal(handler, tmp_path)[0].session("me")
    assert len(handler.handled) == 1


async def test_what_comes_with_an_answer_is_shown(
    handler: ScriptedHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Picture(tmp_path / "card.png", "image/png", 10, 10, "card")
    reply = Reply(text="[bold]好[/]", picture=card, document=EXPORT, buttons=(Button("换", "换一道"),))
    steps: list[Step] = [StageStarted(Stage.GENERATE), TextDelta("错"), TextDelta(reply.text, restart=True)]
    handler.scripts["你好"] = [*steps, ReplyFinished(reply)]
    typed(monkeypatch, "你好")
    channel, screen = terminal(handler, tmp_path / "exports")
    await channel.session("me")
    shown = screen.getvalue()
    assert "错\n[bold]好[/]\n" in shown  # no text becomes markup
    assert f"菜谱卡：{card.path}\n" in shown
    assert f"文件：{tmp_path / 'exports' / 'shishen.json'}\n" in shown
    assert "可以接着说：「换一道」\n" in shown


async def test_steps_of_a_photo_are_counted_below_the_text(
    handler: ScriptedHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = Picture(tmp_path / "photo.jpg", "image/jpeg", 10, 10, "photo")
    reply = Reply(text="好", picture=photo)
    steps: list[Step] = [StageProgress(Stage.ILLUSTRATE, 1, 2), StageProgress(Stage.ILLUSTRATE, 2, 2)]
    handler.scripts["你好"] = [TextDelta("好"), *steps, ReplyFinished(reply)]
    typed(monkeypatch, "你好")
    channel, screen = terminal(handler, tmp_path)
    await channel.session("me")
    assert f"食神\n好\n照片：{photo.path}\n" in screen.getvalue()


def test_an_export_overwrites_nothing_and_leaves_its_folder_never(
    handler: ScriptedHandler, tmp_path: Path
) -> None:
    channel = terminal(handler, tmp_path / "exports")[0]
    first, second = channel.keep(EXPORT), channel.keep(Document("../shishen.json", "application/json", b"[]"))
    assert (first.name, second.name) == ("shishen.json", "shishen-2.json")
    assert {first.parent, second.parent} == {tmp_path / "exports"}
    assert (first.read_bytes(), second.read_bytes()) == (b"{}", b"[]")
    assert first.stat().st_mode & 0o777 == 0o600


def test_what_was_heard_as_json() -> None:
    data = json.loads(reply_as_json(Reply(text="好", transcript="红烧肉怎么做"), {}, None))
    assert data["transcript"] == "红烧肉怎么做"


def test_a_turn_as_json(tmp_path: Path) -> None:
    reply = Reply(text="好", recipe=TOMATO_EGGS, buttons=(Button("换", "换一道"),), error_code="storage")
    assert json.loads(reply_as_json(reply, {"total": 1.26}, tmp_path)) == {
        "text": "好",
        "recipe": recipe_as_data(TOMATO_EGGS),
        "photo": None,
        "refused": False,
        "transcript": None,
        "timings_ms": {"total": 1.3},
        "buttons": ["换一道"],
        "document": str(tmp_path),
        "error": "storage",
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--voice", "nowhere.ogg"], "--voice: nowhere.ogg: no such file"),
        (["--voice", "."], "--voice: .: no such file"),
        (["--json"], "--json: goes with --once TEXT or --voice FILE"),
    ],
)
async def test_options_that_lead_nowhere_are_told(arguments: list[str], complaint: str) -> None:
    options = __main__._parser().parse_args(["chat", *arguments])
    with pytest.raises(SettingsError) as told:
        await __main__._chat(options, Settings(_env_file=None))
    assert told.value.message == complaint
