"""Memory and time of speech recognition over many notes, on tiny models or a folder of yours.

Run as: python -m tests.benchmarks.speech [--backend sherpa] [--model FOLDER] [--notes 1000]
Without --model it makes (paraformer: needs requirements-models.txt) or takes (sherpa) a tiny one.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from core.settings import load_settings
from core.speech.choice import speech_to_text_for
from tests.core.speech.sounds import babble
from tests.fakes import tiny_paraformer

TINY_SHERPA = Path(__file__).parents[1] / "core" / "speech" / "tiny_sherpa"


def resident_megabytes() -> float:
    """Memory of this process now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def measure(backend: str, model: Path, notes: int) -> None:
    stt = speech_to_text_for(load_settings(stt_backend=backend, stt_model=str(model), _env_file=None))
    assert stt is not None
    await stt.warm_up()
    clips = [babble(seconds, seed=seconds) for seconds in range(1, 9)]
    hotwords = [f"第{'一二三四五六七八九'[number % 9]}道菜" for number in range(200)]
    started = time.perf_counter()
    for number in range(1, notes + 1):
        await stt.transcribe(clips[number % len(clips)], hotwords=hotwords)
        if number == 50 or number % (notes // 10) == 0:
            each = (time.perf_counter() - started) * 1000 / number
            print(f"{number:6} notes  {resident_megabytes():7.1f} MB  {each:6.1f} ms a note", flush=True)
    await stt.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory and time of speech recognition.")
    parser.add_argument("--backend", default="sherpa")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--notes", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = arguments.model or TINY_SHERPA
        if arguments.backend == "paraformer" and arguments.model is None:
            model = tiny_paraformer.make_folder(tiny_paraformer.PARAFORMER, Path(scratch))
        asyncio.run(measure(arguments.backend, model, arguments.notes))


if __name__ == "__main__":
    main()
