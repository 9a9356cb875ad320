"""The data of six recipes, byte by byte; golden_plan.toml says how to make it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.__main__ import main

_HERE = Path(__file__).parent
_GOLDEN = sorted(path.name for path in (_HERE / "golden").iterdir())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    arguments = ["data", str(_HERE / "six_recipes.jsonl"), "--plan", str(_HERE / "golden_plan.toml")]
    assert main([*arguments, "--out", str(out)]) == 0
    return out


def test_there_are_all_files(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == _GOLDEN
    assert len(_GOLDEN) == 8


@pytest.mark.parametrize("name", [name for name in _GOLDEN if name != "report.json"])
def test_every_byte_is_as_it_was(name: str, made: Path) -> None:
    assert (made / name).read_bytes() == (_HERE / "golden" / name).read_bytes()


def test_the_report_is_as_it_was(made: Path) -> None:
    """But for the path of the source, which is as it was given."""
    lines = [
        [
            line
            for line in (folder / "report.json").read_text(encoding="utf-8").splitlines()
            if "six_rec" not in line
        ]
        for folder in (made, _HERE / "golden")
    ]
    assert lines[0] == lines[1]
