"""The fences around ffmpeg, one by one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.ffmpeg import FencedFfmpeg
from tests.core import audio_kit as kit
from tests.core.audio_kit import script, tone, wav

linux = pytest.mark.skipif(sys.platform != "linux", reason="the system's limits are set on Linux only")


def fenced(
    executable: str | None = None, *, timeout_seconds: float = 20, concurrent: int = 1
) -> FencedFfmpeg:
    return FencedFfmpeg(timeout_seconds, 512 << 20, concurrent, executable)


def found(pattern: str, folder: Path) -> list[str]:
    """The suffixes of the paths that match."""
    return sorted(path.suffix[1:] for path in folder.glob(pattern))


def lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.005)


async def test_it_reads_the_bytes_and_gives_back_what_it_writes(tmp_path: Path) -> None:
    outcome = await fenced(script(tmp_path, "exec cat")).run((), (), b"sound", max_output_bytes=5)
    assert (outcome.output, outcome.end, outcome.status) == (b"sound", "finished", 0)


async def test_one_byte_too_many(tmp_path: Path) -> None:
    outcome = await fenced(script(tmp_path, "exec cat")).run((), (), b"sounds", max_output_bytes=5)
    assert (outcome.end, len(outcome.output)) == ("overflowed", 6)


async def test_it_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "secret")
    outcome = await fenced(script(tmp_path, "exec env")).run((), (), b"", max_output_bytes=10_000)
    assert {line.partition(b"=")[0] for line in outcome.output.splitlines()} <= {b"PWD", b"SHLVL", b"_"}


async def test_a_playlist_cannot_connect_even_where_its_demuxer_is_asked_for(tmp_path: Path) -> None:
    connections = 0

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a.ts"
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n".encode()
    bait = tmp_path / "bait.m3u8"
    bait.write_bytes(playlist)
    async with server:
        assert await kit.unfenced(bait, "-f", "hls", "-protocol_whitelist", "file,http,tcp") == b""
        unguarded, connections = connections, 0
        outcome = await fenced().run(("-f", "hls"), ("-f", "wav"), playlist, max_output_bytes=10_000)
    assert unguarded > 0
    assert (connections, outcome.end, outcome.output) == (0, "failed", b"")


async def test_a_script_cannot_open_a_file_even_where_its_demuxer_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(tone()))
    text = f"ffconcat version 1.0\nfile '{tmp_path}/secret.wav'\n".encode()
    asked = ("-f", "concat", "-safe", "0")
    bait = tmp_path / "bait.txt"
    bait.write_bytes(text)
    assert len(await kit.unfenced(bait, *asked, "-protocol_whitelist", "file")) == 64_000
    outcome = await fenced().run(asked, ("-f", "wav"), text, max_output_bytes=1_000_000)
    assert (outcome.end, outcome.output) == ("failed", b"")


@linux
async def test_the_system_limits_processor_memory_and_files(tmp_path: Path) -> None:
    body = 'until [ "$(ulimit -f)" = 0 ]; do :; done; ulimit -t; ulimit -v; ulimit -c; ulimit -f'
    ffmpeg = fenced(script(tmp_path, body), timeout_seconds=19.5)
    outcome = await ffmpeg.run((), (), b"", max_output_bytes=10_000)
    assert outcome.output.split() == [b"20", b"524288", b"0", b"0"]


@linux
async def test_it_cannot_fill_the_disk(tmp_path: Path) -> None:
    ffmpeg = fenced(script(tmp_path, f"while :; do echo x >> {tmp_path}/file; done"))
    outcome = await ffmpeg.run((), (), b"", max_output_bytes=10_000)
    assert (outcome.end, outcome.status) == ("failed", -signal.SIGXFSZ)


@linux
async def test_it_cannot_eat_all_memory(tmp_path: Path) -> None:
    ffmpeg = fenced(script(tmp_path, "exec tail -n 1 /dev/zero"))
    assert (await ffmpeg.run((), (), b"", max_output_bytes=10_000)).end == "failed"


async def test_a_cancelled_run_is_killed(tmp_path: Path) -> None:
    ffmpeg = fenced(script(tmp_path, f"mkdir {tmp_path}/process.$$; exec sleep 1000"))
    run = asyncio.create_task(ffmpeg.run((), (), b"", max_output_bytes=10))
    await until(lambda: found("process.*", tmp_path))
    (process_id,) = found("process.*", tmp_path)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await until(lambda: not lives(int(process_id)))


async def test_a_run_that_is_cancelled_before_its_turn_never_starts(tmp_path: Path) -> None:
    body = f"mkdir {tmp_path}/process.$$; until [ -d {tmp_path}/go ]; do :; done"
    ffmpeg = fenced(script(tmp_path, body))
    first = asyncio.create_task(ffmpeg.run((), (), b"", max_output_bytes=10))
    await until(lambda: found("process.*", tmp_path))
    second = asyncio.create_task(ffmpeg.run((), (), b"", max_output_bytes=10))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    (tmp_path / "go").mkdir()
    assert (await first).end == "finished"
    assert len(found("process.*", tmp_path)) == 1


async def test_waiting_for_a_turn_costs_no_time(tmp_path: Path) -> None:
    ffmpeg = fenced(script(tmp_path, "exec sleep 1"), timeout_seconds=2.5)
    outcomes = await asyncio.gather(*[ffmpeg.run((), (), b"", max_output_bytes=10) for _ in range(3)])
    assert [outcome.end for outcome in outcomes] == ["finished"] * 3


async def test_nothing_of_a_recording_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    body = f"mkdir {tmp_path}/process.$$; until [ -d {tmp_path}/go ]; do :; done; exit 1"
    run = asyncio.create_task(fenced(script(tmp_path, body)).run((), (), b"sound", max_output_bytes=10))
    await until(lambda: found("process.*", tmp_path))
    during = found("temporary/*", tmp_path)
    (tmp_path / "go").mkdir()
    assert (await run).end == "failed"
    assert (during, found("temporary/*", tmp_path)) == ([], [])
