"""The export: exact or within a bound, whole or not there at all."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.models
pytest.importorskip("torch", reason="requirements-models.txt is not installed")
pytest.importorskip("onnxruntime", reason="requirements-models.txt is not installed")

from core.embedders import bce_export  # noqa: E402
from core.embedders.bce_export import MAX_EXACT_DEVIATION, deviation_of, export  # noqa: E402
from core.embedders.bce_folder import BceFolder  # noqa: E402
from core.errors import DiskFullError, ModelError, ModelRejectedError  # noqa: E402
from index.__main__ import main  # noqa: E402
from tests.fakes.bce_folders import BceFolders  # noqa: E402


def silent(_text: str) -> None:
    pass


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("reranker", [False, True])
def test_what_is_written(bce: BceFolders, reranker: bool) -> None:
    source, out = bce.published(reranker=reranker), bce.exported(reranker=reranker)
    assert everything_in(out) == [
        *("config.json", "export.json", "model.onnx", "tokenizer.json", "tokenizer_config.json")
    ]
    notes = json.loads((out / "export.json").read_text())
    assert notes.pop("deviation") <= MAX_EXACT_DEVIATION
    head = "reranker" if reranker else "embedding"
    assert notes == {"head": head, "revision": BceFolder(source).revision, "int8": False}
    assert (out.stat().st_mode & 0o777) == 0o755


def test_int8_is_smaller(bce: BceFolders) -> None:
    sizes = [(bce.exported(int8=int8) / "model.onnx").stat().st_size for int8 in (False, True)]
    assert sizes[1] < 0.7 * sizes[0]


def test_the_command(
    bce: BceFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    filters = list(logging.getLogger().filters)
    assert main(["export", str(bce.published()), "made/onnx", "--int8"]) == 0
    assert capsys.readouterr().out.startswith("made/onnx: embedding, 0 MB; 1 - cosine at most 0.0")
    assert logging.getLogger().filters == filters
    assert everything_in(tmp_path / "made") == ["onnx"]
    assert main(["export", "made/onnx", "again"]) == 1
    assert "is an export already" in capsys.readouterr().err


def test_an_export_takes_the_place_of_an_earlier_one(bce: BceFolders, tmp_path: Path) -> None:
    for int8 in (False, True):
        export(bce.published(), tmp_path / "out", int8=int8, report=silent)
        assert BceFolder(tmp_path / "out").export["int8"] is int8
    assert everything_in(tmp_path) == ["out"]


def test_a_folder_of_something_else_is_left_alone(bce: BceFolders, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(ModelRejectedError, match="is there already and is no export"):
        export(bce.published(), tmp_path / "photos", int8=False, report=silent)
    assert everything_in(tmp_path) == ["photos"]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_source_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelRejectedError):
        export(tmp_path / name, tmp_path / "out", int8=False, report=silent)
    assert everything_in(tmp_path) == ["empty"]


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_one_that_computes_something_else_is_not_kept(
    bce: BceFolders, tmp_path: Path, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bce_export, "deviation_of", lambda _expected, _actual: value)
    with pytest.raises(ModelError, match="off, more than"):
        export(bce.published(), tmp_path / "out", int8=False, report=silent)
    assert everything_in(tmp_path) == []


def test_a_full_disk(bce: BceFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.embedders.bce_export.shutil.copyfile", full)
    with pytest.raises(DiskFullError, match="No space left"):
        export(bce.published(), tmp_path / "out", int8=False, report=silent)
    assert everything_in(tmp_path) == []


def test_deviation() -> None:
    ones = np.array([[1, 0], [0, 1]], dtype=np.float32)
    assert deviation_of(ones, ones[::-1]) == 1.0
    scores = np.array([0.5, 0.25], dtype=np.float32)
    assert deviation_of(scores, scores + np.float32(0.125)) == 0.125
