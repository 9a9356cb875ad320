"""`python -m finetune convert`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from finetune.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["convert", "nowhere", "out"], "nowhere is no folder"),
        (["convert", "."], "is needed for a conversion"),
        (["convert", "--verify", ".", "out"], "not for --verify"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


def test_a_folder_of_something_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tmp_path), str(tmp_path / "out")]) == 1
    assert "config.json is missing" in capsys.readouterr().err


@pytest.mark.models
def test_a_folder_is_converted_and_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="requirements-models.txt is not installed")
    from tests.fakes.tiny_internlm2 import TinyInternLm2

    source = TinyInternLm2().write(tmp_path / "internlm2")
    assert main(["convert", str(source), str(tmp_path / "out")]) == 0
    assert f"LLM_MODEL={tmp_path / 'out'}" in capsys.readouterr().out
    assert main(["convert", "--verify", str(tmp_path / "out")]) == 0
    shard = tmp_path / "out" / "model-00001-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1] + b"!")
    assert main(["convert", "--verify", str(tmp_path / "out")]) == 1
    assert "is damaged" in capsys.readouterr().err
