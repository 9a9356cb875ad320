"""The backends on real libraries and tiny models: the same tokens, no network, nothing left behind."""

from __future__ import annotations

import importlib.util
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import SettingsError
from core.speech.funasr_folder import PUNCTUATION, RECOGNITION, VOICE_ACTIVITY, read_funasr_folder
from core.speech.queued_speech_to_text import QueuedSpeechToText, Recognizer
from core.speech.sherpa_recognizer import SherpaRecognizer
from tests.core.speech.sounds import babble, in_a_row, silence
from tests.fakes import tiny_paraformer as tiny

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(
        not all(importlib.util.find_spec(name) for name in ("torch", "funasr", "onnx", "faster_whisper")),
        reason="requirements-models.txt is not installed",
    ),
    pytest.mark.filterwarnings("ignore"),  # of libraries that are not ours, while they are imported
]
CLIPS = [babble(0.1), *(babble(3, seed=seed) for seed in range(12)), babble(61), silence(2)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_folder(tiny.PARAFORMER, tmp_path_factory.mktemp("paraformer"))


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every attempt to look up a name or to connect."""
    attempts: list[Any] = []

    def refuse(*arguments: Any, **_options: Any) -> None:
        attempts.append(arguments)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    return attempts  # type: ignore[return-value]


async def heard(recognizer: Recognizer, **options: Any) -> list[str]:
    stt = QueuedSpeechToText(recognizer, timeout_seconds=100, max_waiting=1)
    texts = [await stt.transcribe(clip, **options) for clip in CLIPS]
    await stt.close()
    return texts


async def test_funasr_and_sherpa_hear_the_same_with_no_network(
    folder: Path, tmp_path: Path, connections: list[Any]
) -> None:
    from core.speech.funasr_recognizer import FunAsrRecognizer
    from core.speech.paraformer_export import export_paraformer

    export_paraformer(folder, tmp_path / "sherpa", quantize=False)
    by_funasr = await heard(FunAsrRecognizer(folder))
    assert await heard(SherpaRecognizer(tmp_path / "sherpa")) == by_funasr
    assert len(set("".join(by_funasr))) > 3
    assert connections == []


async def test_it_is_what_funasr_itself_makes_of_the_folder(folder: Path) -> None:
    from funasr import AutoModel

    from core.speech.funasr_recognizer import FunAsrRecognizer

    model = AutoModel(
        model=str(folder), device="cpu", disable_update=True, disable_pbar=True, log_level="ERROR"
    )
    ours = await heard(FunAsrRecognizer(folder))
    for clip, text in zip(CLIPS, ours, strict=True):
        if clip.duration_seconds < 20:
            results = model.generate(input=clip.samples.astype(np.float32) / np.float32(32_768))
            assert "".join(result["text"] for result in results) == text


def states(torch: Any) -> tuple[Any, ...]:
    legacy: Any = np.random.get_state()
    return torch.get_num_threads(), random.getstate(), legacy[2], torch.get_rng_state()


async def test_torch_and_the_seeds_are_as_they_were(folder: Path) -> None:
    import torch

    from core.speech.funasr_recognizer import FunAsrRecognizer

    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)
    before = states(torch)
    await heard(FunAsrRecognizer(folder, threads=before[0] + 1))
    after = states(torch)
    assert before[:2] == after[:2]
    assert np.array_equal(before[2], after[2])
    assert torch.equal(before[3], after[3])


@pytest.mark.parametrize("spread", [0.0, 0.3], ids=["vad", "vad that fails on silence"])
async def test_vad_and_punctuation_join_in(
    spread: float, folder: Path, tmp_path: Path, connections: list[Any]
) -> None:
    from core.speech.funasr_recognizer import FunAsrRecognizer

    recognizer = FunAsrRecognizer(
        folder,
        vad_folder=tiny.make_folder(tiny.VAD, tmp_path / "vad", spread=spread),
        punctuation_folder=tiny.make_folder(tiny.PUNCTUATION, tmp_path / "punctuation"),
    )
    stt = QueuedSpeechToText(recognizer, timeout_seconds=100, max_waiting=1)
    text = await stt.transcribe(in_a_row(silence(2), babble(5), silence(3), babble(40)))
    assert set(text) & set("，。？、")
    assert connections == []
    await stt.close()


async def test_hotwords_reach_a_model_that_takes_them(tmp_path: Path, connections: list[Any]) -> None:
    from core.speech.funasr_recognizer import FunAsrRecognizer

    recognizer = FunAsrRecognizer(tiny.make_folder(tiny.SEACO, tmp_path))
    stt = QueuedSpeechToText(recognizer, timeout_seconds=100, max_waiting=1)
    plain = await stt.transcribe(babble(3))
    assert await stt.transcribe(babble(3), hotwords=["http", "x.txt"]) == plain
    await stt.transcribe(babble(3), hotwords=[tiny.WORDS[3] + tiny.WORDS[4]])
    assert [len(ids) for ids in recognizer._model.module.hotword_list] == [2, 1]  # type: ignore[union-attr]
    assert connections == []
    await stt.close()


async def test_weights_of_another_model_are_named(folder: Path, tmp_path: Path) -> None:
    from core.speech.funasr_recognizer import FunAsrRecognizer

    wider = {**tiny.PARAFORMER, "encoder_conf": {**tiny.PARAFORMER["encoder_conf"], "linear_units": 4096}}
    tiny.files_of(wider, tmp_path)
    (tmp_path / "model.pt").write_bytes((folder / "model.pt").read_bytes())
    stt = QueuedSpeechToText(FunAsrRecognizer(tmp_path), timeout_seconds=100, max_waiting=1)
    with pytest.raises(SettingsError, match=r"STT_MODEL: .*different models"):
        await stt.warm_up()


async def test_a_quantised_export_is_smaller_and_works(folder: Path, tmp_path: Path) -> None:
    from core.speech.paraformer_export import export_paraformer

    export_paraformer(folder, tmp_path / "plain", quantize=False)
    export_paraformer(folder, tmp_path / "small", quantize=True)
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == ["model.int8.onnx", "tokens.txt"]
    assert any(await heard(SherpaRecognizer(tmp_path / "small")))


def test_an_export_is_whole_or_not_there(tmp_path: Path) -> None:
    from core.errors import ModelRejectedError
    from core.speech.paraformer_export import export_paraformer

    broken = tiny.files_of(tiny.PARAFORMER, tmp_path / "broken")  # its model.pt is an empty zip
    with pytest.raises(ModelRejectedError):
        export_paraformer(broken, tmp_path / "out", quantize=False)
    seaco = tiny.files_of(tiny.SEACO, tmp_path / "seaco")
    with pytest.raises(SettingsError, match="SeacoParaformer"):
        export_paraformer(seaco, tmp_path / "out", quantize=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "keep.txt").write_text("mine")
    with pytest.raises(SettingsError, match="exists already"):
        export_paraformer(broken, tmp_path / "full", quantize=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "full", "seaco"]


async def test_whisper_asks_no_hub(tmp_path: Path, connections: list[Any]) -> None:
    from core.speech.faster_whisper_recognizer import FasterWhisperRecognizer
    from tests.fakes.tiny_whisper import make_folder

    assert any(await heard(FasterWhisperRecognizer(make_folder(tmp_path)), hotwords=["宫保鸡丁"]))
    assert connections == []


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (tiny.PARAFORMER, RECOGNITION),
        (tiny.SEACO, RECOGNITION),
        (tiny.VAD, VOICE_ACTIVITY),
        (tiny.PUNCTUATION, PUNCTUATION),
    ],
    ids=["paraformer", "seaco", "vad", "punctuation"],
)
def test_nothing_of_a_folder_gets_past_its_reader(config: dict[str, Any], kind: Any, tmp_path: Path) -> None:
    import funasr

    assert funasr.__version__.startswith("1.4")  # what the list of parts was written for
    folder = read_funasr_folder(tiny.files_of(config, tmp_path), "STT_MODEL", kind)
    assert not {"specaug", "train_conf", "init_param"} & set(folder.arguments)
    assert json.dumps(folder.arguments).count(str(tmp_path)) >= 1
