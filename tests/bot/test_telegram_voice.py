"""Voice notes on Telegram: taken, fetched, sent."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ChannelError, ChannelGoneError, InputError
from core.messages import IncomingMessage, VoiceClip, VoiceNote
from tests.bot.telegram_kit import Kit, channel_on, question, started
from tests.fakes.telegram_rules import ApiError
from tests.fakes.telegram_server import Fault, flood
from tests.fakes.telegram_world import BOT_NAME, GROUP_ID, USER_ID, mentions_in, person
from tests.fakes.voice_notes import opus_note

NOTE = opus_note(70_000)
CLIP = VoiceClip(opus_note(3000), 3400)
MEGABYTE = 1024 * 1024


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with started(tmp_path) as running:
        yield running


async def spoken(kit: Kit, content: bytes = NOTE, **extra: Any) -> IncomingMessage:
    """A voice note in the private chat, as the inbox got it."""
    await kit.server.world.voice(content, **extra)
    await kit.inbox.wait_for(1)
    return kit.inbox.stored[-1]


# Taken.


async def test_a_voice_note_is_taken_with_its_size_and_length(kit: Kit) -> None:
    message = await spoken(kit)
    assert (message.text, message.voice) == ("", VoiceNote("file-0", 70_000, 2.0))


async def test_music_and_files_of_sound_are_taken_with_their_caption(kit: Kit) -> None:
    world = kit.server.world
    await world.audio(b"ID3", caption=" 这道菜怎么做 ", forward_origin=_forwarded())
    await world.document(b"RIFF", "audio/x-wav")
    await world.document(b"OggS", "application/ogg")
    await world.document(b"PDF", "application/pdf")
    await world.document(b"MP4", "video/mp4", caption="不是录音")
    await kit.inbox.wait_for(4)
    assert [(m.text, m.voice) for m in kit.inbox.stored] == [
        ("这道菜怎么做", VoiceNote("file-0", 3, 9.0)),
        ("", VoiceNote("file-1", 4, None)),
        ("", VoiceNote("file-2", 4, None)),
        ("不是录音", None),
    ]


async def test_in_a_group_only_recordings_for_the_bot_are_taken(kit: Kit) -> None:
    world, caption = kit.server.world, f"@{BOT_NAME} 听一下"
    await world.voice(b"1", group=True)
    await world.voice(b"2", group=True, reply_to_message=_said_by(person(2002)))
    await world.voice(b"3", group=True, reply_to_message=_said_by(world.bot))
    await world.voice(b"4", group=True, caption=caption, caption_entities=mentions_in(caption))
    last = await world.private_text("完")
    await kit.server.confirmed(last)
    taken = [(m.text, m.voice and m.voice.reference, m.is_group) for m in kit.inbox.stored]
    assert taken == [("", "file-2", True), ("听一下", "file-3", True), ("完", None, False)]


async def test_a_bare_mention_below_a_recording_asks_about_it(kit: Kit) -> None:
    voice = {"file_id": "file-9", "file_unique_id": "u9", "duration": 4, "file_size": 5}
    said = _said_by(person(2002)) | {"voice": voice}
    del said["text"]
    await kit.server.world.mention(f"@{BOT_NAME}", reply_to_message=said)
    (message,) = await kit.inbox.wait_for(1)
    assert (message.text, message.voice) == ("", VoiceNote("file-9", 5, 4.0))


# Fetched.


async def test_the_bytes_arrive_as_they_were_sent_also_after_a_restart(kit: Kit, tmp_path: Path) -> None:
    message = await spoken(kit)
    later = channel_on(kit.server, tmp_path / "later")
    await later.start(kit.inbox.accept)
    try:
        assert await later.fetch_recording(message, max_bytes=len(NOTE)) == NOTE
    finally:
        await later.stop()


@pytest.mark.parametrize(
    ("tells_sizes", "tells_length", "most_served"),
    [(True, True, 0), (False, True, 10 * MEGABYTE), (False, False, 10 * MEGABYTE)],
    ids=["size told before", "length in the answer's head", "nothing told"],
)
async def test_what_is_too_large_is_not_fetched_whole(
    kit: Kit, tells_sizes: bool, tells_length: bool, most_served: int
) -> None:
    world, downloads = kit.server.world, kit.server.downloads
    world.tells_sizes, downloads.tells_length = tells_sizes, tells_length
    message = await spoken(kit, opus_note(19 * MEGABYTE))
    with pytest.raises(InputError) as caught:
        await kit.channel.fetch_recording(message, max_bytes=100_000)
    assert caught.value.code == "audio_too_large"
    assert downloads.served <= most_served  # what the sockets' buffers hold is written, and read by nobody


async def test_more_than_telegram_gives_to_bots_is_too_large(kit: Kit) -> None:
    message = await spoken(kit, bytes(20 * MEGABYTE + 1))
    with pytest.raises(InputError) as caught:
        await kit.channel.fetch_recording(message, max_bytes=100 * MEGABYTE)
    assert (caught.value.code, kit.server.downloads.served) == ("audio_too_large", 0)


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("getFile", Fault(drop="before")),
        ("getFile", Fault(error=flood(1))),
        ("download", Fault(drop="before")),
        ("download", Fault(status=502)),
    ],
)
async def test_a_fetch_that_fails_is_tried_again(kit: Kit, method: str, fault: Fault) -> None:
    message = await spoken(kit)
    kit.server.fail(method, fault)
    assert await kit.channel.fetch_recording(message, max_bytes=len(NOTE)) == NOTE


async def test_a_download_cut_in_the_middle_is_begun_anew(kit: Kit) -> None:
    message = await spoken(kit)
    kit.server.downloads.cut_after = 1000
    assert await kit.channel.fetch_recording(message, max_bytes=len(NOTE)) == NOTE


@pytest.mark.parametrize(
    ("method", "faults", "retryable"),
    [
        ("download", [Fault(status=502)] * 3, True),
        ("getFile", [Fault(error=flood(600))], True),
        ("getFile", [Fault(error=ApiError(400, "Bad Request: wrong file_id"))], False),
        ("download", [Fault(status=404)], False),
    ],
)
async def test_what_cannot_be_had_is_a_channel_error_without_the_token(
    kit: Kit, caplog: pytest.LogCaptureFixture, method: str, faults: list[Fault], retryable: bool
) -> None:
    message = await spoken(kit)
    kit.server.fail(method, *faults)
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelError) as caught:
        await kit.channel.fetch_recording(message, max_bytes=len(NOTE))
    assert caught.value.retryable is retryable
    error: BaseException | None = caught.value
    while error is not None:
        assert kit.server.token not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__
    assert kit.server.token not in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "{local}",
        "../{name}",
        "voice/../../{name}",
        "/etc/passwd",
        "file://{local}",
        "",
        "http://127.0.0.1:9/x",
    ],
)
async def test_a_path_that_leads_elsewhere_is_not_followed(kit: Kit, tmp_path: Path, path: str) -> None:
    """A Bot API server may name a file on a disk, and the SDK would read it from ours."""
    local = tmp_path / "private.ogg"
    local.write_bytes(b"secret")
    message = await spoken(kit)
    kit.server.world.files["file-0"] = (path.format(local=local, name=local.name), NOTE)
    with pytest.raises(ChannelError, match="names no file"):
        await kit.channel.fetch_recording(message, max_bytes=len(NOTE))
    assert kit.server.downloads.served == 0


async def test_odd_names_stay_names(kit: Kit) -> None:
    message = await spoken(kit)
    kit.server.world.files["file-0"] = ("voice/菜 谱?a=1#b%2e.oga", NOTE)
    assert await kit.channel.fetch_recording(message, max_bytes=len(NOTE)) == NOTE


async def test_a_message_without_a_recording_has_nothing_to_fetch(kit: Kit) -> None:
    with pytest.raises(ChannelError):
        await kit.channel.fetch_recording(question(), max_bytes=1)


# Sent.


async def test_speech_is_sent_as_a_voice_note_with_its_length(kit: Kit) -> None:
    await kit.channel.deliver_voice(await kit.asked(), CLIP, key="k")
    [call] = kit.server.made("sendVoice")
    assert call.result["voice"]["duration"] == 3
    assert [content for _, content in call.files.values()] == [CLIP.content]


async def test_speech_goes_to_the_topic_of_its_message(kit: Kit) -> None:
    text = f"@{BOT_NAME} 一"
    await kit.server.world.group_text(text, thread_id=9, entities=mentions_in(text))
    (message,) = await kit.inbox.wait_for(1)
    await kit.channel.deliver_voice(message, CLIP, key="k")
    [call] = kit.server.made("sendVoice")
    assert (call.result["chat"]["id"], call.result["message_thread_id"]) == (GROUP_ID, 9)


@pytest.mark.parametrize(
    "refusal", ["VOICE_MESSAGES_FORBIDDEN", "User restricted receiving of voice messages"]
)
async def test_who_wants_no_voice_notes_gets_a_file(kit: Kit, refusal: str) -> None:
    message = await kit.asked()
    kit.server.world.no_voice[USER_ID] = refusal
    await kit.channel.deliver_voice(message, CLIP, key="k")
    [call] = kit.server.made("sendDocument")
    assert next(iter(call.files.values())) == ("朗读.ogg", CLIP.content)


@pytest.mark.parametrize(
    "refusal", ["not enough rights to send voice notes to the chat", "CHAT_SEND_VOICES_FORBIDDEN"]
)
async def test_a_group_that_bans_voice_notes_gets_none(
    kit: Kit, caplog: pytest.LogCaptureFixture, refusal: str
) -> None:
    message = await kit.asked_in_group()
    kit.server.world.no_voice[GROUP_ID] = refusal
    with caplog.at_level(logging.INFO):
        await kit.channel.deliver_voice(message, CLIP, key="k")
    assert kit.server.made("sendVoice", "sendDocument") == []
    assert "telegram_voice_not_allowed" in caplog.text


async def test_speech_to_somebody_who_left_is_given_up(kit: Kit) -> None:
    message = await kit.asked()
    kit.server.world.block(USER_ID)
    with pytest.raises(ChannelGoneError):
        await kit.channel.deliver_voice(message, CLIP, key="k")


async def test_speech_waits_out_a_flood(kit: Kit) -> None:
    kit.server.fail("sendVoice", Fault(error=flood(1)))
    await kit.channel.deliver_voice(await kit.asked(), CLIP, key="k")
    assert len(kit.server.made("sendVoice")) == 1


def _said_by(sender: dict[str, Any]) -> dict[str, Any]:
    chat = {"id": GROUP_ID, "type": "supergroup", "title": "厨房群"}
    return {"message_id": 5, "date": 1_700_000_000, "from": sender, "chat": chat, "text": "你好"}


def _forwarded() -> dict[str, Any]:
    return {"type": "user", "date": 1_700_000_000, "sender_user": person(2002)}
