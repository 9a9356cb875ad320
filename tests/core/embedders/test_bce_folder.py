"""What a folder has to hold before anything of it is loaded: no model library is needed to tell."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.embedders.bce_folder import BceFolder
from core.errors import ModelRejectedError
from tests.fakes.tiny_bce import TinyBce

NAMES = ["embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight", "encoder.layer.1.x"]
HEAD = ["classifier.dense.weight", "classifier.out_proj.weight"]


def write_header(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file of zeros."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 4 * shape[0]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + bytes(end))


def write_zip(path: Path, value: object) -> None:
    """As torch.save writes it, without the numbers."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(value, protocol=2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An embedding model's."""
    path = tmp_path / "bce-embedding-base_v1"
    path.mkdir()
    (path / "config.json").write_text(json.dumps(TinyBce().config()))
    (path / "tokenizer.json").write_text("{}")
    write_header(path / "model.safetensors", {name: [2] for name in NAMES})
    return path


def refusal(folder: Path, head: Any = "embedding") -> str:
    with pytest.raises(ModelRejectedError) as raised:
        BceFolder.open(folder, head)
    return raised.value.message


def test_a_whole_folder_tells_its_shape(folder: Path) -> None:
    opened = BceFolder.open(folder, "embedding")
    assert (opened.dimension, opened.vocabulary_size, opened.max_tokens) == (64, 300, 512)
    assert (opened.head, opened.has_onnx) == ("embedding", False)


def test_bces_real_shape_has_its_real_size() -> None:
    config = TinyBce(hidden=768, layers=12, intermediate=3072, vocabulary=250_002).config()
    folder = BceFolder(Path("never read"))
    folder.__dict__["config"] = config
    assert folder.parameters == pytest.approx(278_000_000, rel=0.01)


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
class TestTheWrongHead:
    def head_added(self, folder: Path, suffix: str, labels: int = 1) -> None:
        (folder / "model.safetensors").unlink()
        names = [f"roberta.{name}" for name in NAMES] + HEAD
        if suffix == "bin":
            write_zip(folder / "pytorch_model.bin", dict.fromkeys(names, 0))
        else:
            shapes = {name: [2] for name in names} | {HEAD[1]: [labels, 2]}
            write_header(folder / "model.safetensors", shapes)

    def test_a_reranker_is_no_embedder(self, folder: Path, suffix: str) -> None:
        self.head_added(folder, suffix)
        assert BceFolder.open(folder, "reranker").head == "reranker"
        assert refusal(folder) == (
            "bce-embedding-base_v1 is BCE's reranker model; the embedding model belongs here"
        )

    def test_an_embedder_is_no_reranker(self, folder: Path, suffix: str) -> None:
        if suffix == "bin":
            (folder / "model.safetensors").unlink()
            write_zip(folder / "pytorch_model.bin", dict.fromkeys(NAMES, 0))
        assert refusal(folder, "reranker").endswith("the reranker model belongs here")

    def test_a_classifier_of_several_labels_is_neither(self, folder: Path, suffix: str) -> None:
        if suffix == "safetensors":  # a .bin tells no shapes before it is loaded
            self.head_added(folder, suffix, labels=3)
            assert "several labels" in refusal(folder, "reranker")


class TestWhatIsWrong:
    def test_no_folder(self, tmp_path: Path) -> None:
        assert "is no folder" in refusal(tmp_path / "nowhere")

    @pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
    def test_a_missing_file_is_named(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        assert name in refusal(folder)

    @pytest.mark.parametrize("kept", [0, 5, 40, -1])
    def test_half_a_download(self, folder: Path, kept: int) -> None:
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:kept])
        assert "download" in refusal(folder)

    def test_half_a_download_of_a_bin(self, folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        weights = folder / "pytorch_model.bin"
        write_zip(weights, dict.fromkeys(NAMES, 0))
        weights.write_bytes(weights.read_bytes()[:-30])
        assert "is not whole" in refusal(folder)

    def test_a_shard_is_missing(self, folder: Path) -> None:
        index = {"weight_map": {NAMES[0]: "model.safetensors", NAMES[1]: "model-2.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        assert "model-2.safetensors is missing or empty" in refusal(folder)

    @pytest.mark.parametrize("weight_map", [None, [], {"a": 1}, {"a": "../secret.safetensors"}])
    def test_an_index_that_is_none(self, folder: Path, weight_map: object) -> None:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
        assert "weight" in refusal(folder)

    @pytest.mark.parametrize(
        "change",
        [
            {"model_type": "bert"},
            {"model_type": None},
            {"num_hidden_layers": 3},
            {"hidden_size": "64"},
            {"vocab_size": -1},
        ],
    )
    def test_another_config(self, folder: Path, change: dict[str, object]) -> None:
        (folder / "config.json").write_text(json.dumps(TinyBce().config() | change))
        assert "config.json" in refusal(folder)

    @pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
    def test_a_config_that_is_none(self, folder: Path, text: str) -> None:
        (folder / "config.json").write_text(text)
        assert "config.json" in refusal(folder)

    def test_weights_of_something_else(self, folder: Path) -> None:
        write_header(folder / "model.safetensors", {"unet.weight": [2]})
        assert "not those of its config.json" in refusal(folder)

    def test_a_header_without_end(self, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"\xff" * 64)
        assert "is not whole" in refusal(folder)

    def test_an_onnx_model_that_was_not_exported_here(self, folder: Path) -> None:
        (folder / "model.onnx").write_bytes(b"rubbish")
        (folder / "export.json").write_text("{}")
        assert "`python -m index export`" in refusal(folder)


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("run.txt"),)


def test_a_pickle_is_never_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "model.safetensors").unlink()
    write_zip(folder / "pytorch_model.bin", {name: Hostile() for name in NAMES})
    assert BceFolder.open(folder, "embedding").revision
    assert not (folder / "run.txt").exists()


class TestRevision:
    def test_it_stays_when_the_folder_moves(self, folder: Path) -> None:
        before = BceFolder.open(folder, "embedding").revision
        moved = folder.rename(folder.with_name("elsewhere"))
        assert BceFolder.open(moved, "embedding").revision == before

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
    def test_it_changes_with(self, folder: Path, name: str) -> None:
        before = BceFolder.open(folder, "embedding").revision
        path = folder / name
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
        assert BceFolder(folder).revision != before

    def test_an_export_has_its_sources_and_int8_its_own(self, folder: Path) -> None:
        revision = BceFolder.open(folder, "embedding").revision
        for int8, expected in ((False, revision), (True, f"{revision}-int8")):
            exported = folder.with_name(f"onnx-{int8}")
            shutil.copytree(folder, exported)
            (exported / "model.onnx").write_bytes(b"onnx")
            notes = {"head": "embedding", "revision": revision, "int8": int8}
            (exported / "export.json").write_text(json.dumps(notes))
            assert BceFolder.open(exported, "embedding").revision == expected
