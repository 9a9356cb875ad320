"""A process that speaks: started when it is first needed, ended when it hangs, raves or is cancelled.

What goes over its pipes is told in `sherpa_worker`.
"""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from core.errors import ModelRejectedError, ModelResponseError
from core.speech_synthesis.queued_speech_synthesizer import MAX_SECONDS, SAMPLE_RATES_HZ
from core.speech_synthesis.sherpa_worker import HEADER
from core.voice_ports import Waveform

_CLOSE_SECONDS = 2.0


class SpeakingProcess:
    """One process, one sentence at a time: callers take turns.

    Args:
        command: what to run; its environment is empty, so that it inherits no token.
        name: for messages.
    """

    def __init__(self, command: Sequence[str], name: str) -> None:
        self._command = tuple(command)
        self._name = name
        self._process: Process | None = None
        self.speakers = 0
        """How many speakers the voice has; known once it runs."""

    async def start(self) -> None:
        """Start it unless it runs, and wait until the voice is loaded.

        Raises:
            ModelRejectedError: it cannot be started, or ends instead of loading the voice.
            ModelResponseError: it talks nonsense.
        """
        if self._process is not None and self._process.returncode is None:
            return
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, start_new_session=True
            )
        except OSError as exc:
            raise ModelRejectedError(f"{self._name} cannot be started ({exc.strerror})") from exc
        try:
            _, self.speakers = await self._header(self._process)
        except EOFError as exc:
            status = await self._ended()
            raise ModelRejectedError(
                f"{self._name} does not load (its process ended with status {status}): are its files whole,"
                " and all of the same voice?"
            ) from exc
        except BaseException:
            await self._ended()
            raise

    async def say(self, text: str) -> Waveform:
        """The sound of `text`; `start` comes first.

        Raises:
            ModelResponseError: it ended, or what came is no sound of a sentence.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise ModelResponseError(f"{self._name} is not running")
        try:
            process.stdin.write(json.dumps(text).encode() + b"\n")
            await process.stdin.drain()
            rate, length = await self._header(process)
            if not length:
                raise _NothingSaidError
            if rate not in SAMPLE_RATES_HZ or length > MAX_SECONDS * rate:
                raise ModelResponseError(f"{self._name} gave {length} samples at {rate} Hz for a sentence")
            pcm = await process.stdout.readexactly(2 * length)
        except _NothingSaidError:
            raise ModelResponseError(f"{self._name} knows no word of the sentence") from None
        except (EOFError, ConnectionError) as exc:
            status = await self._ended()
            raise ModelResponseError(f"{self._name} ended while it spoke (status {status})") from exc
        except BaseException:
            # Whatever is still in the pipe would be taken for the answer to the next sentence.
            await self._ended()
            raise
        return Waveform(np.frombuffer(pcm, dtype="<i2").astype(np.int16), rate)

    async def close(self) -> None:
        """End it."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await process.wait()
        await self._ended()

    async def _header(self, process: Process) -> tuple[int, int]:
        if process.stdout is None:
            raise EOFError
        rate, number = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
        return rate, number

    async def _ended(self) -> int | None:
        """Kill the process, if it still runs, and return its status; the next call starts another."""
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


class _NothingSaidError(Exception):
    """The voice had nothing to say of a sentence; the pipe is in order."""
