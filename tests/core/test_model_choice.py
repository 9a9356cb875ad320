"""How a model that may answer is written in the settings, and what people call it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.model_choice import ModelChoice, choice_of
from core.settings import load_settings

QWEN = ModelChoice("openai", "qwen3:8b")
SMALL = ModelChoice("internlm2", "models/internlm2-chat-1_8b")
COMPOSER = ModelChoice("composer")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "choice", "name"),
    [
        ("openai:qwen3:8b", QWEN, "openai/qwen3:8b"),
        (" OpenAI : internlm/x ", ModelChoice("openai", "internlm/x"), "openai/internlm/x"),
        ("internlm2:models/internlm2-chat-1_8b", SMALL, "internlm2/internlm2-chat-1_8b"),
        ("composer", COMPOSER, "composer"),
    ],
)
def test_a_choice_has_a_name(text: str, choice: ModelChoice, name: str) -> None:
    assert (choice_of(text), choice_of(text).name) == (choice, name)


@pytest.mark.parametrize("text", ["qwen3", "openai", "openai:", "composer:x", "ollama:qwen3", ":", ""])
def test_what_is_no_choice(text: str) -> None:
    with pytest.raises(ValueError, match="each entry is composer, or like"):
        choice_of(text)


def test_without_choices_there_is_the_configured_one() -> None:
    assert load_settings().model_choices == (COMPOSER,)
    assert load_settings(llm_model="left over").model_choices == (COMPOSER,)
    assert load_settings(llm_backend="openai", llm_model="qwen3:8b").model_choices == (QWEN,)


def test_the_configured_one_comes_first_and_each_once() -> None:
    choices = "internlm2:models/internlm2-chat-1_8b, openai:qwen3:8b, composer,,openai:qwen3:8b"
    settings = load_settings(llm_backend="openai", llm_model="qwen3:8b", llm_choices=choices)
    assert settings.model_choices == (QWEN, SMALL, COMPOSER)


def test_settings_with_another_model() -> None:
    settings = load_settings(llm_choices="openai:qwen3:8b", llm_temperature=0.3)
    changed = settings.answered_by(QWEN)
    assert (changed.llm_backend, changed.llm_model, changed.llm_temperature) == ("openai", "qwen3:8b", 0.3)
    assert changed.model_choices[0] == QWEN
    assert changed.answered_by(COMPOSER).model_choices[0] == COMPOSER


@pytest.mark.parametrize("choices", ["qwen3", "composer, ollama:x"])
def test_a_wrong_choice_names_the_setting(choices: str) -> None:
    with pytest.raises(SettingsError, match="LLM_CHOICES: each entry is composer, or like"):
        load_settings(llm_choices=choices)


def test_two_folders_of_one_name_cannot_be_told_apart() -> None:
    with pytest.raises(SettingsError, match="LLM_CHOICES: two different models"):
        load_settings(llm_choices="internlm2:a/cook, internlm2:b/cook")
