"""Runs ffmpeg on bytes that a stranger sent, so that nothing but sound can come of it.

The fences, from the outside in:

* The bytes lie in a file without a name, open as ffmpeg's standard input; it may use the protocol `fd` and
  no other, so there is no path, address or second file that it could open. Unlike a pipe this can be sought
  in, which MP4 files need whose table of contents is at the end.
* Its environment is empty (but on Windows), its messages are thrown away, and it leads a process group of its
  own, killed whole when time is up, when the caller is cancelled, or when it has written more than allowed.
* Processor time, address space and the size of files that it writes (none) are limited by the system
  (`prlimit`, Linux), the size of one allocation by ffmpeg itself.

No `-t`: it goes by the file's timestamps, which may jump; the bytes that come out cannot lie.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Literal

_ENVIRONMENT: dict[str, str] | None = None if sys.platform == "win32" else {}
"""Windows starts no program without its SystemRoot, so there ffmpeg gets ours."""
_MAX_ALLOCATION_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of ffmpeg came to.

    Attributes:
        output: what it wrote; up to one byte more than allowed when it `overflowed`.
        end: how it ended; `failed` includes the system's limits.
        status: its exit status, negative for a signal.
    """

    output: bytes
    end: Literal["finished", "failed", "overflowed", "timed_out"]
    status: int


class FencedFfmpeg:
    """Runs ffmpeg, a bounded number of times at once.

    Args:
        timeout_seconds: how long one run may take; also its limit of processor time.
        memory_bytes: address space of one run; it starts with 300 MB, most of it never touched.
        max_concurrent: how many run at once; the others wait for their turn, which costs them no time.
        executable: None for the one that imageio-ffmpeg brings.
    """

    def __init__(
        self, timeout_seconds: float, memory_bytes: int, max_concurrent: int, executable: str | None = None
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._executable = executable
        self._threads = ThreadPoolExecutor(max_concurrent, thread_name_prefix="ffmpeg")

    async def run(
        self, reading: Sequence[str], writing: Sequence[str], data: bytes, *, max_output_bytes: int
    ) -> Outcome:
        """Have ffmpeg read `data` and write to its standard output.

        Args:
            reading: options of the input.
            writing: options of the output.
            data: what it reads.
            max_output_bytes: it is stopped as soon as it has written more.

        Raises:
            OSError: ffmpeg cannot be started.
        """
        run = _Run(self._timeout_seconds, self._memory_bytes)
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: run(self._command(reading, writing), data, max_output_bytes)
        )
        try:
            return await work
        finally:
            run.stop()

    def _command(self, reading: Sequence[str], writing: Sequence[str]) -> list[str]:
        return [
            self._executable or _own_ffmpeg(),
            *("-nostdin", "-hide_banner", "-loglevel", "quiet", "-max_alloc", str(_MAX_ALLOCATION_BYTES)),
            *("-protocol_whitelist", "fd", "-threads", "1", *reading, "-i", "fd:"),
            *("-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"),
            *("-threads", "1", "-filter_threads", "1", *writing, "pipe:1"),
        ]


class _Run:
    """One run, in a thread; `stop` may be called from any other."""

    def __init__(self, timeout_seconds: float, memory_bytes: int) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._stopped = False
        self._timed_out = False
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, command: Sequence[str], data: bytes, max_output_bytes: int) -> Outcome:
        """See `FencedFfmpeg.run`."""
        with tempfile.TemporaryFile() as source:
            source.write(data)
            source.seek(0)
            process = self._start(command, source)
        with process:
            return self._followed(process, max_output_bytes)

    def stop(self) -> None:
        """Kill ffmpeg if it runs, and have it not started if it does not run yet."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.returncode is None:
                _kill(self._process)

    def _start(self, command: Sequence[str], source: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise OSError("stopped before it began")
            self._process = subprocess.Popen(  # noqa: S603 - our own command, without a shell
                command,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                process_group=0,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        return self._process

    def _followed(self, process: subprocess.Popen[bytes], max_output_bytes: int) -> Outcome:
        """Read what `process` writes until it ends, has written too much, or has had its time."""
        alarm = threading.Timer(self._timeout_seconds, self._time_out)
        alarm.daemon = True
        try:
            alarm.start()
            _limit(process.pid, math.ceil(self._timeout_seconds), self._memory_bytes)
            assert process.stdout is not None  # noqa: S101 - for mypy: it is a pipe
            output = process.stdout.read(max_output_bytes + 1)
            if len(output) > max_output_bytes:
                self.stop()
            status = process.wait()
        finally:
            self.stop()
            alarm.cancel()
        if len(output) > max_output_bytes:
            return Outcome(output, "overflowed", status)
        if self._timed_out:
            return Outcome(output, "timed_out", status)
        return Outcome(output, "failed" if status else "finished", status)

    def _time_out(self) -> None:
        self._timed_out = True
        self.stop()


def _own_ffmpeg() -> str:
    """The executable of imageio-ffmpeg.

    Raises:
        FileNotFoundError: there is none for this platform.
    """
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as exc:
        raise FileNotFoundError("no ffmpeg: name one in IMAGEIO_FFMPEG_EXE") from exc


def _limit(pid: int, cpu_seconds: int, memory_bytes: int) -> None:
    """Have the system bound what `pid` uses; set before ffmpeg is through with loading itself."""
    if sys.platform != "linux":
        return
    import resource

    wanted = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    with suppress(ProcessLookupError):
        for kind, limit in wanted.items():
            hard = resource.prlimit(pid, kind)[1]
            allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.prlimit(pid, kind, (allowed, allowed))


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
