"""Settings of a training: from files of ours, changed on the command line, wrong ones named."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from finetune.train.settings import CONFIGS, TrainingSettings, read_settings


def test_every_configuration_that_ships_can_be_read() -> None:
    names = sorted(file.stem for file in CONFIGS.glob("*.toml"))
    assert names == ["internlm2-chat-1_8b", "internlm2-chat-1_8b-full", "internlm2-chat-7b", "qwen"]
    for name in names:
        read_settings(name)


def test_the_recipe_models_are_taught_as_xtuner_does() -> None:
    for name in ("internlm2-chat-1_8b", "internlm2-chat-7b"):
        settings = read_settings(name)
        assert (settings.lora_rank, settings.lora_alpha, settings.lora_dropout) == (64, 16, 0.1)
        assert (settings.learning_rate, settings.warmup_share, settings.epochs) == (2e-4, 0.03, 3)
        assert (settings.row_tokens, settings.rows_a_step) == (2048, 16)
        assert settings == TrainingSettings()


def test_changes_go_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('method = "full"\nseed = 3\n')
    changes = ["learning_rate=1e-5", "packing=false", 'lora_targets=["q_proj"]', "method = qlora"]
    settings = read_settings(str(file), changes)
    assert settings.seed == 3
    assert (settings.learning_rate, settings.packing, settings.lora_targets) == (1e-5, False, ("q_proj",))
    assert settings.method == "qlora"


@pytest.mark.parametrize(
    ("config", "change", "words"),
    [
        ("", "learning_rate=-1", "learning_rate: "),
        ("", "learning_rate=nan", "learning_rate: "),
        ("", "method=magic", "method: "),
        ("", "lr=1e-4", "lr: "),
        ("", "seed", "has no ="),
        ("nowhere", "seed=1", "nowhere is no file, and none of internlm2-chat-1_8b"),
        ("qwen", "lora_targets=[]", "lora_targets: "),
    ],
)
def test_what_cannot_be_is_named(config: str, change: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(config, [change])
    assert words in caught.value.message


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("seed = = 3")
    with pytest.raises(SettingsError, match=r"broken\.toml cannot be read"):
        read_settings(str(tmp_path / "broken.toml"))
