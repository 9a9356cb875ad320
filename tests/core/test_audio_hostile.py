"""What is sent to break things: each ends in a plain refusal, opens nothing and leaves nothing running."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.audio import AudioDecoder
from core.errors import InputError
from core.ffmpeg import FencedFfmpeg
from core.voice_ports import Waveform
from tests.core import audio_kit as kit
from tests.core.audio_kit import ENCODERS, LIMITS, RECORDINGS, SECONDS, TONE_HZ, refusal, tone, wav

DECODER = AudioDecoder(LIMITS)
STREAMED = (
    "opus.ogg",
    "mp3",
    "wav",
    "webm",
    "flac",
    "aac",
    "front.mp4",
    "fragmented.mp4",
    "amr",
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    made = kit.encoded(wav(tone(rate=48_000), rate=48_000), tmp_path_factory.mktemp("hostile"), *ENCODERS)
    return made | {"amr": (RECORDINGS / "tone_narrowband.amr").read_bytes()}


class Server:
    """Counts who connects, and hangs up."""

    def __init__(self) -> None:
        self.connections = 0
        self.address = ""

    def connected(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    counting = Server()
    listening = await asyncio.start_server(counting.connected, "127.0.0.1", 0)
    counting.address = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield counting


def playlists(address: str, file: Path) -> dict[str, bytes]:
    """Texts that make an unguarded ffmpeg open `address` or `file`."""
    texts = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://{address}/a.ts\n#EXT-X-ENDLIST\n",
        "m3u8 of a file": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{file.as_uri()}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile {file}\n",
        "concat": f"file 'http://{address}/a.wav'\nfile '{file}'\n",
        "sdp": f"v=0\nc=IN IP4 127.0.0.1\nm=audio {address.partition(':')[2]} RTP/AVP 0\n",
        "xspf": "<?xml version='1.0'?><playlist xmlns='http://xspf.org/ns/0/'><trackList><track>"
        f"<location>http://{address}/a.mp3</location></track></trackList></playlist>",
        "mpd": f"<?xml version='1.0'?><MPD><BaseURL>http://{address}/</BaseURL></MPD>",
        "pls": f"[playlist]\nFile1=http://{address}/a.mp3\n",
        "passwd": "#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def suffixed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix}


async def outcome(data: bytes) -> Waveform | str:
    try:
        return await DECODER.decode(data)
    except InputError as exc:
        return exc.code


@pytest.mark.parametrize("data", [b"", b"\0", b"OggS", b"RIFF\0\0\0\0WAVE", b"\xff\xfb\x90\x64", b"#!AMR\n"])
async def test_next_to_nothing(data: bytes) -> None:
    assert await refusal(data) == "audio_unreadable"


@pytest.mark.parametrize("name", STREAMED)
async def test_a_recording_that_breaks_off_is_heard_as_far_as_it_goes(
    recordings: dict[str, bytes], name: str
) -> None:
    data = recordings[name]
    heard = await DECODER.decode(data[: len(data) * 6 // 10])
    assert 0.2 * SECONDS < heard.duration_seconds < 0.75 * SECONDS
    assert kit.share_near(heard, 500 if name == "amr" else TONE_HZ) > 0.97


async def test_an_mp4_without_its_table_of_contents(recordings: dict[str, bytes]) -> None:
    assert await refusal(recordings["m4a"][:6_000]) == "audio_unreadable"


@pytest.mark.parametrize("name", [*ENCODERS, "amr"])
async def test_damaged_recordings_are_heard_or_refused(recordings: dict[str, bytes], name: str) -> None:
    chance = random.Random(name)  # noqa: S311 - the same damage every time
    for _ in range(4):
        data = bytearray(recordings[name][: chance.randrange(12, len(recordings[name]))])
        for _ in range(chance.randrange(60)):
            data[chance.randrange(12, len(data))] = chance.randrange(256)
        heard = await outcome(bytes(data))
        assert isinstance(heard, Waveform) or heard in {"audio_unreadable", "no_speech", "audio_too_long"}


async def test_a_wav_header_that_claims_4_gb() -> None:
    data = bytearray(wav(tone()))
    struct.pack_into("<I", data, 4, 0xFFFFFFFF)
    struct.pack_into("<I", data, 40, 0xFFFFFFF0)
    assert (await DECODER.decode(bytes(data))).duration_seconds == SECONDS


async def test_a_wav_of_one_sample_a_second() -> None:
    data = bytearray(wav(tone()))
    struct.pack_into("<II", data, 24, 1, 2)
    assert await refusal(bytes(data)) == "audio_too_long"


async def test_an_mp4_that_claims_four_billion_samples(recordings: dict[str, bytes]) -> None:
    data = bytearray(recordings["m4a"])
    struct.pack_into(">I", data, data.index(b"stsz") + 12, 0xFFFFFFFF)
    heard = await outcome(bytes(data))
    assert heard == "audio_unreadable" or isinstance(heard, Waveform)


@pytest.mark.parametrize("name", ["mp3", "opus.ogg"])
async def test_three_hours_in_a_small_file(tmp_path: Path, name: str) -> None:
    options = ("-ac", "1", "-ar", "8000", "-b:a", "8k")
    minute = kit.encoded(wav(tone(60.0, rate=8_000), rate=8_000), tmp_path, name, options=options)[name]
    data = minute * 180
    assert len(data) < LIMITS.max_bytes
    assert await refusal(data) == "audio_too_long"


async def test_what_is_too_large_or_unknown_starts_no_decoder(tmp_path: Path) -> None:
    spy = kit.script(tmp_path, f"mkdir {tmp_path}/started")
    assert await refusal(wav(tone()) + bytes(200_000_000), spy) == "audio_too_large"
    for data in playlists("127.0.0.1:9", tmp_path / "secret.wav").values():
        assert await refusal(data, spy) == "audio_unreadable"
    assert not (tmp_path / "started").exists()
    assert await refusal(wav(tone()), spy) == "audio_unreadable"
    assert (tmp_path / "started").exists(), "the spy was of no use"


@pytest.mark.parametrize(
    "disguise", [b"", b"#!AMR\n", b"ID3\3\0\0\0\0\0\0", b"fLaC", b"OggS\n", b"\xff\xfb\x90\x64"]
)
async def test_a_playlist_opens_nothing_whatever_it_begins_with(
    tmp_path: Path, server: Server, disguise: bytes
) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(tone()))
    for data in playlists(server.address, tmp_path / "secret.wav").values():
        heard = await outcome(disguise + data)
        assert heard == "audio_unreadable" or disguise == b"#!AMR\n", "any bytes are AMR frames"
        assert isinstance(heard, str) or kit.share_near(heard, TONE_HZ) < 0.5
    assert server.connections == 0


def with_alias(mp4: bytes, path: Path) -> bytes:
    """`mp4` (its table of contents last) whose samples are said to lie in another file."""
    name = str(path).encode()
    name += b"\0" * (len(name) % 2)
    alias = bytes(10) + b"\0" + bytes(27 + 12) + b"\0" + bytes(63 + 16) + struct.pack(">HH", 1, 1) + bytes(16)
    alias += struct.pack(">HH", 2, len(name)) + name + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    data = bytearray(mp4)
    at = data.index(b"dref") + 12
    data[at : at + 12] = entry
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        size = data.index(box) - 4
        struct.pack_into(">I", data, size, struct.unpack_from(">I", data, size)[0] + len(entry) - 12)
    return bytes(data)


async def test_an_mp4_does_not_open_the_file_that_it_names(
    tmp_path: Path, recordings: dict[str, bytes]
) -> None:
    (tmp_path / "elsewhere").write_bytes(recordings["m4a"])
    (tmp_path / "bait.m4a").write_bytes(with_alias(recordings["m4a"], tmp_path / "elsewhere"))
    asked = ("-f", "mov", "-enable_drefs", "1", "-use_absolute_path", "1", "-protocol_whitelist", "file")
    assert len(await kit.unfenced(tmp_path / "bait.m4a", *asked)) == 2 * 48_000 * SECONDS
    assert await refusal((tmp_path / "bait.m4a").read_bytes()) == "audio_unreadable"
    outcome = await FencedFfmpeg(20, 512 << 20, 1).run(
        asked[:-2], ("-f", "s16le"), (tmp_path / "bait.m4a").read_bytes(), max_output_bytes=1_000_000
    )
    assert outcome.output == b""


async def test_an_mp4_does_not_connect_to_what_it_names(recordings: dict[str, bytes], server: Server) -> None:
    data = bytearray(recordings["m4a"])
    location = f"http://{server.address}/a\0".encode()
    at = data.index(b"dref") + 12
    data[at : at + 12] = struct.pack(">I4sI", 12 + len(location), b"url ", 0) + location
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        size = data.index(box) - 4
        struct.pack_into(">I", data, size, struct.unpack_from(">I", data, size)[0] + len(location))
    await outcome(bytes(data))
    assert server.connections == 0


@pytest.mark.parametrize("body", ["exec sleep 1000", "sleep 1000 & sleep 1000", "exec >&-; exec sleep 1000"])
async def test_a_decoder_that_hangs_is_killed(tmp_path: Path, body: str) -> None:
    assert await refusal(wav(tone()), kit.script(tmp_path, body), timeout_seconds=0.3) == "audio_unreadable"


async def test_a_decoder_that_never_stops_writing_is_stopped(tmp_path: Path) -> None:
    assert await refusal(wav(tone()), kit.script(tmp_path, "exec cat /dev/zero")) == "audio_too_long"


@pytest.mark.parametrize("body", ["exit 0", "exit 1", "echo rubbish", "printf RIFF", "kill -SEGV $$"])
async def test_a_decoder_that_fails(tmp_path: Path, body: str) -> None:
    assert await refusal(wav(tone()), kit.script(tmp_path, body)) == "audio_unreadable"


async def test_twenty_notes_at_once_take_turns(tmp_path: Path) -> None:
    body = (
        f"cd {tmp_path}; mkdir running.$$; set -- running.*; mkdir -p seen.$#\n"
        "cat; rmdir running.$$"
    )  # fmt: skip
    decoder = AudioDecoder(replace(LIMITS, max_concurrent=2), kit.script(tmp_path, body))
    heard = await asyncio.gather(*[decoder.decode(wav(tone())) for _ in range(20)])
    assert [len(waveform.samples) for waveform in heard] == [32_000] * 20
    assert suffixed(tmp_path) <= {"seen.1", "seen.2"}


async def test_the_event_loop_goes_on_while_twenty_notes_are_decoded(recordings: dict[str, bytes]) -> None:
    turns = 0

    async def turning() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    ticking = asyncio.create_task(turning())
    heard = await asyncio.gather(*[DECODER.decode(recordings["opus.ogg"]) for _ in range(20)])
    ticking.cancel()
    assert [waveform.duration_seconds for waveform in heard] == [SECONDS] * 20
    assert turns > 20
