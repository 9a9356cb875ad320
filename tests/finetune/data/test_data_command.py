"""`python -m finetune data`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.__main__ import main

_SIX = str(Path(__file__).with_name("six_recipes.jsonl"))


def test_the_report_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["data", _SIX, "--out", str(tmp_path), "--dev-share", "0.2", "--share", "refusals=0"]
    assert main([*arguments, "--format", "xtuner"]) == 0
    printed = capsys.readouterr().out
    assert "how_to_cook" in printed
    assert "refusals" not in printed
    assert "data hash" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dev.recipes.jsonl",
        "dev.xtuner.json",
        "report.json",
        "train.xtuner.json",
    ]


def test_skipped_rows_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(f"{Path(_SIX).read_text(encoding='utf-8')}broken\n", encoding="utf-8")
    assert main(["data", str(source), "--out", str(tmp_path / "out")]) == 1
    assert "rows.jsonl:7: " in capsys.readouterr().err
    assert main(["data", str(source), "--out", str(tmp_path / "out"), "--skip-bad"]) == 0
    assert "skipped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--share", "refusals"], "must be KIND=NUMBER"),
        (["--share", "jokes=1"], "no kind 'jokes'"),
        (["--dev-share", "2"], "dev_share: must be from 0 to 0.5"),
        (["--plan", "nowhere.toml"], "cannot be read"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", _SIX, "--out", str(tmp_path), *arguments]) == 2
    assert words in capsys.readouterr().err.replace("\n", " ")
