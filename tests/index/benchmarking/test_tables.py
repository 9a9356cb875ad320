"""Results as tables and as pictures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from index.benchmark import compare
from index.benchmarking.plots import draw
from index.benchmarking.reliability import reliability
from index.benchmarking.tables import sheets, summary
from index.evaluate import LabelledQuery, figures_of, outcomes_of
from tests.index.benchmarking.searches import finding

QUERIES = [LabelledQuery("红烧肉", frozenset({"红烧肉"})), LabelledQuery("东坡肉", frozenset({"东坡肉"}))]


@pytest.fixture
def results() -> dict[str, Any]:
    found, lost = finding("红烧肉", score=0.75), finding(refused=True)
    figures, none = (figures_of(outcomes_of(search, QUERIES)) for search in (found, lost))
    return {
        "searched": "2 recipes",
        "resident_mb": 160.5,
        "encode_ms": {"p50": 1.5, "p99": 2.0},
        "figures": {"plain": figures},
        "refusal": {"precision": None, "recall": None},
        "calibration": reliability(outcomes_of(found, QUERIES)),
        "systems": compare({"ours": found, "nothing": lost}, {"plain": QUERIES}),
        "ablation": {
            "everything on": {"files": {"plain": figures}},
            "words": {"files": {"plain": none}},
            "sound": {"files": {"plain": figures}},
        },
    }


def test_tables(results: dict[str, Any]) -> None:
    tables = {sheet.title: sheet for sheet in sheets(results)}
    assert tables["Figures"].rows == (("plain", "2", "0.500", "0.500", "0.500", "–", "–", "0.000"),)
    assert tables["Calibration"].rows == (("0.7–0.8", "2", "0.750", "0.500"),)
    assert tables["Side by side: hit@1 / hit@5"].rows == (("plain", "0.500 / 0.500", "0.000 / 0.000"),)
    assert tables["Time, query already encoded"].rows[0] == ("ours", "1.00–1.00")
    assert tables["Ablation"].columns == ("off", "plain", "a dish twice", "wrongly refused")
    assert tables["Ablation"].rows == (
        ("everything on", "0.500", "0.000", "0.000"),
        ("words", "0.000", "=", "1.000"),
        ("sound", "=", "=", "="),
    )


def test_only_what_was_measured_is_shown() -> None:
    assert list(sheets({"searched": "2 recipes"})) == []
    assert list(summary({"searched": "2 recipes"})) == ["2 recipes"]


def test_summary(results: dict[str, Any]) -> None:
    assert list(summary(results)) == [
        "2 recipes",
        "resident with index and models, before the comparison: 160.5 MB",
        "encoding a query: p50 1.5 ms, p99 2.0 ms",
        "refusal: precision –, recall –",
        "calibration: expected error 0.250, Brier score 0.312, over 2 queries by name",
    ]


@pytest.mark.models
@pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="requirements-models.txt is not installed"
)
def test_pictures_depend_on_the_figures_alone(results: dict[str, Any], tmp_path: Path) -> None:
    drawn = draw(results, tmp_path / "a" / "b")
    assert [path.name for path in drawn] == ["calibration.svg", "systems.svg", "ablation.svg"]
    again = draw(results, tmp_path / "again")
    assert [path.read_bytes() for path in drawn] == [path.read_bytes() for path in again]
    assert all(path.stat().st_size < 100_000 for path in drawn)


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is not None, reason="matplotlib is installed")
def test_without_matplotlib_the_option_is_named(results: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--plots: matplotlib is not installed"):
        draw(results, tmp_path)
