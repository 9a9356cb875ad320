"""Folders that cannot work are told apart before any library sees them; the message names the file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from core.speech.faster_whisper_recognizer import FasterWhisperRecognizer
from core.speech.funasr_recognizer import FunAsrRecognizer
from core.speech.onnx_file import read_onnx_metadata
from core.speech.sherpa_recognizer import SherpaRecognizer
from tests.fakes import tiny_paraformer as tiny

TINY_SHERPA = Path(__file__).parent / "tiny_sherpa"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
Change = Callable[[Path], Any]


def write(name: str, content: str | bytes) -> Change:
    if isinstance(content, str):
        return lambda folder: (folder / name).write_text(content, encoding="utf-8")
    return lambda folder: (folder / name).write_bytes(content)


def drop(*names: str) -> Change:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def cut(name: str) -> Change:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-300])


def configured(**changes: Any) -> Change:
    return write("config.yaml", json.dumps({**tiny.PARAFORMER, **changes}))


def replaced(name: str, old: bytes, new: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes().replace(old, new))


def refusal(make: Callable[[], object]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        make()
    return caught.value


@pytest.mark.parametrize("recognizer", [FunAsrRecognizer, SherpaRecognizer, FasterWhisperRecognizer])
@pytest.mark.parametrize("name", ["", " ", "nowhere", "iic/paraformer-zh", "a-file"])
def test_no_folder(recognizer: type, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").touch()
    assert refusal(lambda: recognizer(name)).setting == "STT_MODEL"


class TestFunAsr:
    def test_a_whole_folder_is_read(self, tmp_path: Path) -> None:
        tiny.files_of(tiny.PARAFORMER, tmp_path / "m")
        tiny.files_of(tiny.VAD, tmp_path / "v")
        tiny.files_of(tiny.PUNCTUATION, tmp_path / "p")
        made = FunAsrRecognizer(tmp_path / "m", vad_folder=tmp_path / "v", punctuation_folder=tmp_path / "p")
        assert made.name == "paraformer/m"

    def test_all_missing_files_are_named(self, tmp_path: Path) -> None:
        (tmp_path / "README.md").touch()
        message = refusal(lambda: FunAsrRecognizer(tmp_path)).message
        assert "config.yaml, model.pt, tokens.json, am.mvn" in message

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (drop("am.mvn", "tokens.json"), "lacks tokens.json, am.mvn"),
            (write("model.pt", b""), "not downloaded completely: model.pt"),
            (write("model.pt", POINTER), "not downloaded completely: model.pt"),
            (write("model.pt", b"PK\x03\x04" + bytes(5000)), "cut off"),
            (write("model.pt", "<html>" + "x" * 5000), "not a PyTorch file"),
            (write("tokens.json", '["<unk>"'), "not JSON"),
            (write("tokens.json", "[" * 100_000), "not JSON"),
            (write("tokens.json", '{"a": 1}'), "no list of words"),
            (write("tokens.json", '["a"]'), "lacks <unk>"),
            (write("tokens.json", b"\xff\xfe"), "not a text file"),
            (write("am.mvn", "<Nnet>"), "am.mvn"),
            (write("config.yaml", "model: [Paraformer"), "not plain YAML"),
            (write("config.yaml", "- a\n- b\n"), "holds no settings"),
            (write("config.yaml", "model: !!python/object/apply:os.system [id]"), "not plain YAML"),
            (configured(model="WhisperWarp"), "names another one"),
            (configured(model="SenseVoiceSmall"), "names another one"),
            (configured(model=["Paraformer"]), "names another one"),
            (configured(encoder="Emotion2vec"), "unknown encoder"),
            (configured(encoder={"a": 1}), "unknown encoder"),
            (configured(encoder_conf=[1]), "encoder_conf"),
            (configured(frontend=None), "names no frontend"),
            (configured(frontend_conf={"fs": 8000}), "16 kHz"),
            (configured(frontend_conf={"fs": 16000, "n_mels": "80", "lfr_m": 7}), "frontend_conf"),
        ],
    )
    def test_what_is_wrong_is_told(self, change: Change, told: str, tmp_path: Path) -> None:
        tiny.files_of(tiny.PARAFORMER, tmp_path)
        change(tmp_path)
        error = refusal(lambda: FunAsrRecognizer(tmp_path))
        assert error.setting == "STT_MODEL"
        assert told in error.message

    def test_code_and_files_of_a_config_go_nowhere(self, tmp_path: Path) -> None:
        evil = {
            "trust_remote_code": True, "remote_code": "./evil.py", "hub": "hf", "init_param": "/etc/passwd",
            "output_dir": "/tmp/x", "vad_model": "fsmn-vad", "punc_model": "ct-punc", "oss_bucket": "x",
            "tokenizer_conf": {"token_list": "/etc/passwd", "non_linguistic_symbols": "/etc/passwd"},
            "frontend_conf": {**tiny.PARAFORMER["frontend_conf"], "cmvn_file": "/etc/passwd"},
        }  # fmt: skip
        tiny.files_of(tiny.PARAFORMER, tmp_path)
        configured(**evil)(tmp_path)
        arguments = FunAsrRecognizer(tmp_path)._folder.arguments
        told = json.dumps(arguments)
        assert [
            word for word in ("passwd", "evil", "trust", "hub", "fsmn-vad", "/tmp/x") if word in told
        ] == []

    def test_the_other_folders_have_their_own_settings(self, tmp_path: Path) -> None:
        model = tiny.files_of(tiny.PARAFORMER, tmp_path / "m")
        other = tmp_path / "nowhere"
        assert refusal(lambda: FunAsrRecognizer(model, vad_folder=other)).setting == "STT_VAD_MODEL"
        assert refusal(lambda: FunAsrRecognizer(model, vad_folder=model)).setting == "STT_VAD_MODEL"
        punctuation = refusal(lambda: FunAsrRecognizer(model, punctuation_folder=model))
        assert punctuation.setting == "STT_PUNCTUATION_MODEL"

    def test_hotwords_need_the_file_that_splits_them(self, tmp_path: Path) -> None:
        tiny.files_of(tiny.SEACO, tmp_path)
        (tmp_path / "seg_dict").unlink()
        assert "seg_dict" in refusal(lambda: FunAsrRecognizer(tmp_path)).message


class TestSherpa:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return Path(shutil.copytree(TINY_SHERPA, tmp_path / "m"))

    def test_the_quantised_model_comes_first(self, folder: Path) -> None:
        assert SherpaRecognizer(folder)._model_file.name == "model.onnx"
        shutil.copy(folder / "model.onnx", folder / "model.int8.onnx")
        assert SherpaRecognizer(folder)._model_file.name == "model.int8.onnx"

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (drop("model.onnx"), "lacks model.onnx"),
            (drop("tokens.txt"), "lacks tokens.txt"),
            (drop("tokens.txt", "model.onnx"), "lacks model.onnx, tokens.txt"),
            (write("model.onnx", POINTER), "not downloaded completely: model.onnx"),
            (write("model.onnx", b"\0" * 5000), "damaged or not downloaded completely"),
            (write("model.onnx", b"\xff" * 5000), "damaged or not downloaded completely"),
            (write("model.onnx", "<html>" * 1000), "damaged or not downloaded completely"),
            (cut("model.onnx"), "damaged or not downloaded completely"),
            (replaced("model.onnx", b"vocab_size", b"vocab_wise"), "models export paraformer"),
            (replaced("model.onnx", b"neg_mean", b"neg_meat"), "models export paraformer"),
            (replaced("model.onnx", b"paraformer", b"sensevoice"), "models export paraformer"),
            (write("tokens.txt", "a 0\nb 1\n"), "tokens.txt"),
            (replaced("tokens.txt", b" 5\n", b" 6\n"), "tokens.txt"),
            (write("tokens.txt", b"\xff\xfe" * 600), "tokens.txt"),
        ],
    )
    def test_what_would_end_the_process_is_told(self, change: Change, told: str, folder: Path) -> None:
        change(folder)
        error = refusal(lambda: SherpaRecognizer(folder))
        assert error.setting == "STT_MODEL"
        assert told in error.message

    def test_metadata_are_read_without_loading_the_model(self) -> None:
        metadata = read_onnx_metadata(TINY_SHERPA / "model.onnx")
        assert {name: metadata[name] for name in ("model_type", "vocab_size", "lfr_window_size")} == {
            "model_type": "paraformer",
            "vocab_size": str(len(tiny.TOKENS)),
            "lfr_window_size": "7",
        }


class TestWhisper:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        write("model.bin", b"\x06\0\0\0\x0c\0WhisperSpec\0" + bytes(5000))(tmp_path)
        for name in ("config.json", "tokenizer.json", "vocabulary.json"):
            write(name, "{}")(tmp_path)
        return tmp_path

    def test_either_vocabulary_will_do(self, folder: Path) -> None:
        assert FasterWhisperRecognizer(folder).name == f"faster-whisper/{folder.name}"
        (folder / "vocabulary.json").rename(folder / "vocabulary.txt")
        assert FasterWhisperRecognizer(folder).name == f"faster-whisper/{folder.name}"

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (drop("model.bin", "tokenizer.json"), "lacks model.bin, tokenizer.json"),
            (drop("vocabulary.json"), "lacks vocabulary.json"),
            (write("model.bin", POINTER), "not downloaded completely: model.bin"),
            (write("model.bin", b"\x06\0\0\0\x10\0TransformerSpec\0" + bytes(5000)), "another architecture"),
            (write("config.json", "{"), "not JSON"),
            (write("tokenizer.json", ""), "not downloaded completely: tokenizer.json"),
        ],
    )
    def test_what_is_wrong_is_told(self, change: Change, told: str, folder: Path) -> None:
        change(folder)
        assert told in refusal(lambda: FasterWhisperRecognizer(folder)).message
