"""`python -m finetune train`: what is refused before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.__main__ import main


def conversation(dish: str) -> str:
    messages = [
        {"role": "user", "content": f"{dish}怎么做"},
        {"role": "assistant", "content": f"{dish}：炒。"},
    ]
    return json.dumps({"messages": messages, "dish": dish}, ensure_ascii=False)


def test_what_is_held_out_must_not_be_taught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, dev = tmp_path / "train.jsonl", tmp_path / "dev.jsonl"
    train.write_text("\n".join(map(conversation, ("红烧肉", "番茄炒蛋"))), encoding="utf-8")
    dev.write_text(conversation("番茄炒蛋"), encoding="utf-8")
    options = [
        "--base",
        str(tmp_path),
        "--data",
        str(train),
        "--held-out",
        str(dev),
        "--out",
        str(tmp_path / "run"),
    ]
    assert main(["train", *options]) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "teaches 1 dishes or questions" in told
    assert "番茄炒蛋" in told
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("missing", ["--base", "--data", "--held-out"])
def test_what_is_not_there(missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"--base": tmp_path, "--data": tmp_path, "--held-out": tmp_path, missing: tmp_path / "nowhere"}
    given = [word for name, path in options.items() for word in (name, str(path))]
    assert main(["train", *given, "--out", str(tmp_path / "run")]) == 2
    assert f"{missing}: " in " ".join(capsys.readouterr().err.split())
