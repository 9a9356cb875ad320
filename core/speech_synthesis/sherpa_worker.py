"""The process in which sherpa-onnx speaks; started by `sherpa_speaker`, ends when its input does.

It has a process of its own because sherpa-onnx ends the one it runs in when a file or a text is not what it
expects (`SHERPA_ONNX_EXIT`), prints the words that it cannot say, and cannot be interrupted. The voice's
files and form come as JSON in the first argument. Then: a line of JSON in, the text; out, a header (`HEADER`:
rate in Hz, number of samples) and int16 samples. One header comes first, when the voice is loaded: rate,
number of speakers. Run as a file of its own, so nothing of the project is imported.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import Any, BinaryIO

HEADER = struct.Struct("<II")
MAX_LINE_BYTES = 64 * 1024
_NICENESS = 5
"""Answers come first."""


def load(form: dict[str, Any]) -> Any:
    """The voice. `form` holds the keyword arguments of sherpa-onnx's configuration, by family of models."""
    import sherpa_onnx

    families = {
        "vits": sherpa_onnx.OfflineTtsVitsModelConfig,
        "matcha": sherpa_onnx.OfflineTtsMatchaModelConfig,
        "kokoro": sherpa_onnx.OfflineTtsKokoroModelConfig,
    }
    family = form["family"]
    model = sherpa_onnx.OfflineTtsModelConfig(
        num_threads=form["threads"], provider="cpu", **{family: families[family](**form["files"])}
    )
    config = sherpa_onnx.OfflineTtsConfig(model=model, rule_fsts=form["rule_fsts"], max_num_sentences=1)
    if not config.validate():
        raise SystemExit(3)
    return sherpa_onnx.OfflineTts(config)


def serve(voice: Any, form: dict[str, Any], texts: BinaryIO, sounds: BinaryIO) -> None:
    """Speak line after line."""
    import numpy as np

    sounds.write(HEADER.pack(voice.sample_rate, max(1, voice.num_speakers)))
    sounds.flush()
    while line := texts.readline(MAX_LINE_BYTES):
        audio = voice.generate(json.loads(line), sid=form["speaker"], speed=form["speed"])
        samples = np.nan_to_num(np.asarray(audio.samples, dtype=np.float32))
        pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2")
        sounds.write(HEADER.pack(int(audio.sample_rate), len(pcm)))
        sounds.write(pcm.tobytes())
        sounds.flush()


def main() -> None:
    """Keep standard output for sounds: whatever a library prints goes nowhere."""
    sounds = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    form = json.loads(sys.argv[1])
    serve(load(form), form, sys.stdin.buffer, sounds)


if __name__ == "__main__":
    main()
