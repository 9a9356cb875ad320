"""Paraformer through sherpa-onnx: the default on a CPU, 42 MB and no torch.

https://k2-fsa.github.io/sherpa/onnx/pretrained_models/offline-paraformer/. `paraformer_export` makes such a
folder from funasr's. It takes no hotwords and sets no punctuation. sherpa-onnx ends the process when a file
is not what it expects (`SHERPA_ONNX_EXIT`): so everything is looked at beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.model_folder import ModelFolder
from core.settings import Settings
from core.speech.cutting import cut_at_silences
from core.speech.local_recognizer import LocalRecognizer, Sound
from core.speech.onnx_file import read_onnx_metadata
from core.speech.queued_speech_to_text import SAMPLE_RATE_HZ

MODEL_FILES = ("model.int8.onnx", "model.onnx")
"""The first that is there is taken: of both, the quantised one is the quicker."""
TOKENS_FILE = "tokens.txt"
_KIND = "sherpa-onnx Paraformer"
_MARKS = re.compile(r"<(?:blank|s|/s|unk|OOV)>")
"""funasr leaves them out of its texts, sherpa-onnx does not."""
_FEATURE_SIZE = 80
"""What sherpa-onnx computes for Paraformer."""


class SherpaRecognizer(LocalRecognizer):
    """Recognises with a Paraformer in ONNX form.

    Args:
        folder: with model.onnx (or model.int8.onnx) and tokens.txt.
        threads: of one recognition.

    Raises:
        SettingsError: the folder is missing, incomplete or of another kind.
    """

    def __init__(self, folder: str | Path, *, threads: int = 2) -> None:
        self._folder = ModelFolder.opened(folder, "STT_MODEL")
        self._model_file = _checked_model(self._folder)
        self._threads = threads
        self._recognizer: Any = None
        super().__init__(f"sherpa/{self._folder.path.name}", "pip install -r requirements.txt")

    @classmethod
    def from_settings(cls, settings: Settings) -> SherpaRecognizer:
        """As the settings say."""
        return cls(settings.stt_model, threads=settings.stt_threads)

    def _load(self) -> None:
        import sherpa_onnx

        self._recognizer = sherpa_onnx.OfflineRecognizer.from_paraformer(
            paraformer=str(self._model_file),
            tokens=str(self._folder.path / TOKENS_FILE),
            num_threads=self._threads,
            sample_rate=SAMPLE_RATE_HZ,
            feature_dim=_FEATURE_SIZE,
        )

    def _unload(self) -> None:
        self._recognizer = None

    def _texts(self, sound: Sound, hotwords: Sequence[str]) -> Iterator[str]:
        del hotwords  # sherpa-onnx takes them for transducers only
        for piece in cut_at_silences(sound):
            stream = self._recognizer.create_stream()
            stream.accept_waveform(SAMPLE_RATE_HZ, piece)
            self._recognizer.decode_stream(stream)
            yield _MARKS.sub("", stream.result.text)


def _checked_model(folder: ModelFolder) -> Path:
    names = [name for name in MODEL_FILES if (folder.path / name).is_file()]
    model = names[0] if names else "model.onnx"
    folder.require([model, TOKENS_FILE], _KIND)
    path = folder.path / model
    try:
        metadata = read_onnx_metadata(path)
    except ValueError as exc:
        raise folder.fault(f"{path} is damaged or not downloaded completely ({exc})") from exc
    except OSError as exc:
        raise folder.fault(f"{path} cannot be read ({exc.strerror})") from exc
    try:
        vocabulary = _vocabulary_size(metadata)
    except (KeyError, ValueError) as exc:
        raise folder.fault(
            f"{path} is no {_KIND}: its metadata lack what one has. Make one from a funasr folder with:"
            " python -m bot models export paraformer"
        ) from exc
    _check_tokens(folder, vocabulary)
    return path


def _vocabulary_size(metadata: Mapping[str, str]) -> int:
    """The size of the vocabulary; KeyError or ValueError when the metadata are not Paraformer's."""
    width = int(metadata["lfr_window_size"]) * _FEATURE_SIZE
    if metadata.get("model_type", "paraformer") != "paraformer" or int(metadata["lfr_window_shift"]) < 1:
        raise ValueError("of another model")
    for name in ("neg_mean", "inv_stddev"):
        numbers = [float(number) for number in metadata[name].split(",")]
        if len(numbers) != width:
            raise ValueError(f"{name} does not fit")
    return int(metadata["vocab_size"])


def _check_tokens(folder: ModelFolder, vocabulary: int) -> None:
    """Every line is a word and its number, and all numbers below `vocabulary` are there once."""
    lines = [line for line in folder.text(TOKENS_FILE).split("\n") if line]
    numbers = {line.rpartition(" ")[2] for line in lines}
    if len(lines) != vocabulary or numbers != {str(number) for number in range(vocabulary)}:
        raise folder.fault(
            f"{TOKENS_FILE} in {folder.path} does not fit the model: it has {len(lines)} words,"
            f" the model {vocabulary}"
        )
