"""Voice messages on Feishu: taken, fetched, sent once, and what was heard shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.feishu_events import incoming_message, read_event
from core.errors import ChannelError, InputError, SettingsError
from core.messages import (
    Button,
    Heard,
    IncomingMessage,
    Reply,
    Stage,
    StageStarted,
    TextDelta,
    VoiceClip,
    VoiceNote,
)
from tests.bot.feishu_bench import RECIPE, Bench, bench
from tests.fakes.feishu_events import FeishuEvents
from tests.fakes.feishu_limits import Fault
from tests.fakes.feishu_world import BOT_OPEN_ID, FeishuWorld
from tests.fakes.voice_notes import opus_note

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NOTE = opus_note(70_000)
CLIP = VoiceClip(opus_note(3000), 3400)
MEGABYTE = 1024 * 1024
HEARD = "番茄炒蛋怎么做"


async def spoken(b: Bench, content: bytes = NOTE) -> IncomingMessage:
    """A voice message of Alice's, as the inbox got it."""
    b.server.pushes.push(b.server.events.voice_note(content))
    [message] = await b.inbox.first()
    return message


def voice_in(kind: str, content: dict[str, Any], **extra: Any) -> VoiceNote | None:
    event = FeishuEvents(FeishuWorld()).message(kind, content, **extra)
    message = incoming_message(read_event(event), BOT_OPEN_ID, NOW)
    return message.voice if message else None


# Taken.


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("audio", {"file_key": "file_v3_1", "duration": 2500}, VoiceNote("file_v3_1", None, 2.5)),
        ("audio", {"file_key": "75235e0c-4f92-430a", "duration": "long"}, VoiceNote("75235e0c-4f92-430a")),
        ("audio", {"file_key": "file_v3_1", "duration": -1}, VoiceNote("file_v3_1")),
        ("audio", {"file_key": ".."}, None),
        ("audio", {"file_key": "file/../../x"}, None),
        ("audio", {"file_key": 7}, None),
        ("audio", {}, None),
        ("file", {"file_key": "file_v3_1", "file_name": "录音.M4A"}, VoiceNote("file_v3_1")),
        ("file", {"file_key": "file_v3_1", "file_name": "菜谱.pdf"}, None),
        ("file", {"file_key": "file_v3_1"}, None),
        ("media", {"file_key": "file_v3_1", "file_name": "a.mp4", "duration": 2000}, None),
    ],
)
def test_what_is_a_recording(kind: str, content: dict[str, Any], expected: VoiceNote | None) -> None:
    assert voice_in(kind, content) == expected


def test_a_voice_message_in_a_group_mentions_nobody() -> None:
    assert voice_in("audio", {"file_key": "file_v3_1", "duration": 2500}, chat_type="group") is None


# Fetched.


async def test_the_bytes_arrive_as_they_were_sent() -> None:
    async with bench() as b:
        message = await spoken(b)
        assert (message.text, message.voice and message.voice.duration_seconds) == ("", 2.0)
        assert await b.channel.fetch_recording(message, max_bytes=len(NOTE)) == NOTE


@pytest.mark.parametrize("tells_length", [True, False])
async def test_what_is_too_large_is_not_fetched_whole(tells_length: bool) -> None:
    async with bench() as b:
        downloads = b.server.messages.downloads
        downloads.tells_length = tells_length
        message = await spoken(b, opus_note(40 * MEGABYTE))
        with pytest.raises(InputError) as caught:
            await b.channel.fetch_recording(message, max_bytes=100_000)
        assert caught.value.code == "audio_too_large"
        assert downloads.served <= 20 * MEGABYTE  # most of it lies in the sockets' buffers


async def test_more_than_the_platform_gives_is_too_large() -> None:
    async with bench() as b:
        b.server.world.max_resource_bytes = 1000
        with pytest.raises(InputError) as caught:
            await b.channel.fetch_recording(await spoken(b), max_bytes=200 * MEGABYTE)
        assert (caught.value.code, b.server.messages.downloads.served) == ("audio_too_large", 0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("download", "drop_before"),
        Fault("download", "status"),
        Fault("download", "code", code=99991663),
        Fault("download", "code", code=99991400, reset=0.05),
    ],
    ids=["dropped", "502", "token expired", "too many"],
)
async def test_a_fetch_that_fails_is_tried_again(fault: Fault) -> None:
    async with bench() as b:
        message = await spoken(b)
        b.server.faults.append(replace(fault))
        assert await b.channel.fetch_recording(message, max_bytes=len(NOTE)) == NOTE


async def test_a_download_cut_in_the_middle_is_begun_anew() -> None:
    async with bench() as b:
        message = await spoken(b)
        b.server.messages.downloads.cut_after = 1000
        assert await b.channel.fetch_recording(message, max_bytes=len(NOTE)) == NOTE


async def test_a_recording_belongs_to_its_message() -> None:
    async with bench() as b:
        message = await spoken(b)
        other = b.message(voice=message.voice)
        with pytest.raises(ChannelError, match="234003"):
            await b.channel.fetch_recording(other, max_bytes=len(NOTE))
        with pytest.raises(ChannelError, match="no recording"):
            await b.channel.fetch_recording(b.message(), max_bytes=len(NOTE))


async def test_a_missing_permission_is_named_where_it_is_missed_and_by_check() -> None:
    async with bench() as b:
        message = await spoken(b)
        assert "recordings" not in await b.channel.check()
        b.server.world.scopes -= {"im:message"}
        needed = "im:message or im:message:readonly or im:message.history:readonly"
        with pytest.raises(ChannelError, match=needed):
            await b.channel.fetch_recording(message, max_bytes=len(NOTE))
        assert (await b.channel.check()).endswith(f"; it cannot fetch voice messages without {needed}")
        b.server.world.scopes -= {"im:resource"}
        with pytest.raises(SettingsError, match="im:resource"):
            await b.channel.check()


# Sent.


async def test_speech_is_sent_as_a_voice_message_with_its_length() -> None:
    async with bench() as b:
        message = b.message()
        await b.channel.deliver_voice(message, CLIP, key="k")
        [sent] = b.server.world.sent
        [(key, milliseconds)] = b.server.world.speech.items()
        assert (sent.kind, sent.content, sent.reply_to) == ("audio", {"file_key": key}, message.message_id)
        assert b.server.world.files[key] == ("voice.opus", CLIP.content)
        assert milliseconds == 3400


@pytest.mark.parametrize("operation", ["upload_file", "reply"])
async def test_speech_whose_receipt_was_lost_is_heard_once(operation: str) -> None:
    async with bench() as b:
        message = b.message()
        b.server.faults.append(Fault(operation, "drop_after", times=3))
        with pytest.raises(ChannelError) as caught:
            await b.channel.deliver_voice(message, CLIP, key="k")
        assert caught.value.retryable
        await b.channel.deliver_voice(message, CLIP, key="k")
        assert [sent.kind for sent in b.server.world.sent] == ["audio"]


@pytest.mark.parametrize("size", [0, 30 * MEGABYTE + 1])
async def test_speech_that_feishu_does_not_take_is_not_uploaded(size: int) -> None:
    async with bench() as b:
        with pytest.raises(ChannelError, match="30 MB") as caught:
            await b.channel.deliver_voice(b.message(), VoiceClip(bytes(size), 1), key="k")
        assert not caught.value.retryable
        assert b.server.count("upload_file") == 0


# Shown.


async def test_what_was_heard_is_a_note_above_the_answer() -> None:
    async with bench() as b:
        heard = "番茄 **炒蛋** <at id=all></at> ![x](y)"
        await b.channel.deliver_text(b.message(), Reply("先热锅。", transcript=heard), key="k")
        note, answer = b.last_card["body"]["elements"]
        assert note["text"]["tag"] == "plain_text"
        assert note["text"]["content"] == f"🎤 {heard}"
        assert (note["text"]["text_size"], note["text"]["text_color"]) == ("notation", "grey")
        assert answer["content"] == "先热锅。"


async def test_what_was_heard_stands_above_a_recipe() -> None:
    reply = Reply("x", lead="两人份。", recipe=RECIPE, shows_recipe=True, transcript=HEARD)
    async with bench() as b:
        await b.channel.deliver_text(b.message(), reply, key="k")
        assert b.texts[0].split("\n")[2:4] == [f"🎤 {HEARD}", "两人份。"]


async def test_what_was_heard_comes_with_a_long_answer_and_with_a_card_that_is_refused() -> None:
    async with bench() as b:
        long = Reply("汤" * 12_000, transcript=HEARD, buttons=(Button("听错了", "听错了"),))
        await b.channel.deliver_text(b.message(), long, key="k")
        assert b.texts[0].startswith(f"🎤 {HEARD}\n")
        b.server.world.sent.clear()
        b.server.faults.append(Fault("reply", "code", code=230099))
        await b.channel.deliver_text(b.message(), Reply("先热锅。", transcript=HEARD), key="k2")
        assert b.texts == [f"🎤 {HEARD}\n\n先热锅。"]


async def test_a_draft_listens_then_says_what_it_heard() -> None:
    async with bench() as b:
        draft = b.channel.open_draft(b.message("", voice=VoiceNote("file_v3_1")))
        await b.server.until(lambda: b.texts == ["🎤 正在听…"])
        await draft.show(StageStarted(Stage.TRANSCRIBE))
        await draft.show(Heard(HEARD))
        await b.server.until(lambda: b.texts == [f"🎤 {HEARD}\n\n正在找菜谱…"])
        await draft.show(TextDelta("先热锅"))
        await b.server.until(lambda: b.texts == [f"🎤 {HEARD}\n\n先热锅"])
        await draft.close()
