"""`python -m index add`, `remove` and `compact`: what they print, and their exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.__main__ import main
from index.manifest import Manifest
from tests.index.corpora import own_row, write_jsonl


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of this test alone: no `.env`, everything written below `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("EMBEDDER", "none")


@pytest.fixture
def index(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["build", "--corpus", str(corpus), "--out", str(tmp_path / "index")]) == 0
    capsys.readouterr()
    return tmp_path / "index"


def run(index: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error, wrapping undone."""
    status = main([*words, "--index", str(index)])
    printed = capsys.readouterr()
    return status, printed.out.strip(), " ".join(printed.err.split())


def test_add_remove_compact(index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [own_row("葱油拌面"), own_row("红烧肉"), own_row("红烧肉", source="别处")]
    more = str(write_jsonl(tmp_path / "more.jsonl", rows))
    added = f"{index}: 2 recipes added; 1 were there already, 0 bad rows left out"
    assert run(index, capsys, "add", more)[:2] == (0, added)
    nothing = f"{index}: nothing to add, the index is as it was; 3 were there already, 0 bad rows left out"
    assert run(index, capsys, "add", more)[:2] == (0, nothing)
    removed = f"removed 红烧肉 (2 recipes)\n{index}: 2 recipes taken out"
    assert run(index, capsys, "remove", "红烧肉")[:2] == (0, removed)
    assert run(index, capsys, "compact")[:2] == (0, f"{index}: 3 recipes, 4 questions in one segment")
    assert run(index, capsys, "compact")[1].endswith("it is one segment and nothing was taken out")
    assert len(Manifest.read(index).segments) == 1


def test_what_is_not_there_is_named(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(index, capsys, "remove", "佛跳墙", "--source", "某书")
    assert (status, out) == (1, f"{index}: 0 recipes taken out")
    assert err == "not there 佛跳墙 not there 某书"


def test_remove_needs_to_know_what(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(index, capsys, "remove")
    assert (status, "say what: ids or names of recipes" in err) == (2, True)


@pytest.mark.parametrize("words", [("add", "more.jsonl"), ("remove", "红烧肉"), ("compact",)])
def test_without_an_index(words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(tmp_path / "none", capsys, *words)
    assert (status, "no index here; rebuild it with: python -m index build" in err) == (1, True)


def test_a_missing_source_is_named(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(index, capsys, "add", "gone.jsonl")
    assert (status, "gone.jsonl: no such file or folder" in err) == (1, True)
