"""The benchmark as a whole: its sections, and the command."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from index.__main__ import main
from index.benchmark import compare, run
from index.build import build_index
from index.conditions import Wishes
from index.evaluate import LabelledQuery
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.benchmarking.searches import finding
from tests.index.corpora import write_jsonl

FILES = {
    "plain": [LabelledQuery("红烧肉的做法", frozenset({"红烧肉"}))],
    "wishes": [LabelledQuery("鸡蛋能做什么", frozenset(), wish=Wishes(ingredients=("鸡蛋",)))],
    "dialogue": [LabelledQuery("要多少盐", frozenset({"番茄炒蛋"}), before=("番茄炒蛋怎么做",))],
    "offtopic": [LabelledQuery("今天星期几", frozenset())],
}


@pytest.fixture
def folder(corpus: Path, tmp_path: Path) -> Path:
    build_index([corpus], tmp_path / "index", HashingEmbedder())
    return tmp_path / "index"


@pytest.fixture
def results(folder: Path) -> dict[str, Any]:
    return run(folder, FILES, HashingEmbedder())


def test_every_section_is_measured(results: dict[str, Any]) -> None:
    assert {stem: figures["n"] for stem, figures in results["figures"].items()} == dict.fromkeys(FILES, 1)
    assert results["refusal"] == {"precision": 1.0, "recall": 1.0}
    assert results["calibration"]["n"] == 2
    assert list(results["systems"]) == ["plain", "wishes", "dialogue"]
    assert set(results["encode_ms"]) == {"p50", "p99"}
    off = results["ablation"]
    assert off["everything on"]["files"]["dialogue"]["hit@1"] == 1.0
    assert off["rules for follow-ups"]["files"]["dialogue"]["hit@1"] == 0.0
    assert off["calibration, refusal"]["refusal"]["recall"] == 0.0


def test_sections_can_be_left_out(folder: Path) -> None:
    assert set(run(folder, FILES, None, sections=["figures"])) == {
        *("searched", "resident_mb", "figures", "refusal", "calibration")
    }


def test_others_get_the_last_turn_and_only_what_has_an_answer() -> None:
    asked: list[str] = []
    compared = compare({"ours": finding("红烧肉"), "worse": finding(asked=asked)}, FILES)
    assert asked == ["红烧肉的做法", "鸡蛋能做什么", "要多少盐"]
    assert {stem: row["worse"]["hit@1"] for stem, row in compared.items()} == dict.fromkeys(compared, 0.0)
    assert compared["plain"]["ours"]["p50_of_ours"] == 1.0


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(
        SettingsError, match=r"rank_bm25: not installed; pip install -r requirements-dev\.txt"
    ):
        run(folder, FILES, None, sections=["systems"])


class TestCommand:
    @pytest.fixture
    def arguments(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        monkeypatch.chdir(tmp_path)
        queries = write_jsonl(tmp_path / "plain.jsonl", [{"query": "红烧肉的做法", "relevant": ["红烧肉"]}])
        return ["benchmark", "--embedder", "none", "--index", str(folder), "--queries", str(queries)]

    def test_one_object(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*arguments, "--sections", "systems", "--made", "3", "--json"]) == 0
        systems = json.loads(capsys.readouterr().out)["systems"]
        assert {name: figures["hit@1"] for name, figures in systems["plain"].items()} == {
            "ours": 1.0,
            "whitespace BM25": 0.0,
            "character BM25": 1.0,
        }
        assert systems["made_pinyin"]["ours"]["n"] == 3

    def test_tables_on_screen_and_as_markdown(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*arguments, "--sections", "figures"]) == 0
        assert "Calibration" in capsys.readouterr().out
        assert main([*arguments, "--sections", "figures", "--markdown"]) == 0
        printed = capsys.readouterr().out
        assert "### Figures\n\n| queries | n |" in printed
        assert "| plain | 1 | 1.000 | 1.000 | 1.000 | – | – | 0.000 |" in printed
