"""Search side by side with BM25 and vectors."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from core.errors import SettingsError
from index.__main__ import main
from index.benchmark import compare, measure, systems
from index.build import build_index
from index.evaluate import LabelledQuery
from index.retriever import HybridRetriever
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import write_jsonl


@pytest.fixture
def folder(corpus: Path, tmp_path: Path, embedder: HashingEmbedder) -> Path:
    build_index([corpus], tmp_path / "index", embedder)
    return tmp_path / "index"


def test_each_system_searches_the_same_questions(folder: Path, embedder: HashingEmbedder) -> None:
    compared = systems(folder, HybridRetriever.open(folder, embedder), embedder)
    found = {name: search("红烧肉怎么做")[:1] for name, search in compared.items()}
    expected = ["ours", "whitespace BM25", "character BM25", "vectors alone"]
    assert found == {name: ["红烧肉"] for name in expected}
    assert compared["whitespace BM25"]("红烧肉的做法") == []


def test_without_an_embedder_there_are_no_vectors(folder: Path) -> None:
    compared = systems(folder, HybridRetriever.open(folder, None), None)
    assert list(compared) == ["ours", "whitespace BM25", "character BM25"]


def test_figures() -> None:
    queries = [
        LabelledQuery("a", frozenset({"x"})),
        LabelledQuery("b", frozenset({"y"})),
        LabelledQuery("c", frozenset()),
    ]
    figures = measure(lambda query: ["x", "y"], queries)
    assert (figures["hit@1"], figures["hit@5"]) == (0.5, 1.0)


def test_ratios_are_to_ours_and_off_topic_files_are_left_out() -> None:
    files = {"plain": [LabelledQuery("a", frozenset({"x"}))], "offtopic": [LabelledQuery("a", frozenset())]}
    results = compare({"ours": lambda query: ["x"], "worse": lambda query: ["y"]}, files)
    assert list(results) == ["plain"]
    assert [row["hit@1_of_ours"] for row in results["plain"].values()] == [1.0, 0.0]


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(
        SettingsError, match=r"rank_bm25: not installed; pip install -r requirements-dev\.txt"
    ):
        systems(folder, HybridRetriever.open(folder, None), None)


def test_the_command_prints_one_object(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    build_index([corpus], tmp_path / "index", None)
    queries = write_jsonl(tmp_path / "plain.jsonl", [{"query": "红烧肉的做法", "relevant": ["红烧肉"]}])
    arguments = ["--embedder", "none", "--index", str(tmp_path / "index"), "--queries", str(queries)]
    assert main(["benchmark", *arguments, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {name: figures["hit@1"] for name, figures in printed["results"]["plain"].items()} == {
        "ours": 1.0,
        "whitespace BM25": 0.0,
        "character BM25": 1.0,
    }
    assert main(["benchmark", *arguments]) == 0
    assert "resident before the comparison" in capsys.readouterr().out
