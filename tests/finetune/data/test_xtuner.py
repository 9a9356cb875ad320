"""The configurations of the XTuner route: another environment runs them, here they are only read."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parents[3] / "finetune" / "xtuner"
_FILES = sorted(path.name for path in _FOLDER.glob("*.py"))


def _assigned(name: str) -> dict[str, ast.expr]:
    tree = ast.parse((_FOLDER / name).read_text(encoding="utf-8"))
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _keywords(call: ast.expr) -> dict[str, ast.expr]:
    assert isinstance(call, ast.Call)
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}


def _value(node: ast.expr) -> Any:
    return ast.literal_eval(node)


def test_the_configurations_are_these() -> None:
    assert _FILES == ["internlm2_chat_1_8b_lora.py", "internlm2_chat_7b_qlora.py", "recipes.py"]


@pytest.mark.parametrize("name", _FILES)
def test_every_configuration_can_be_parsed(name: str) -> None:
    compile((_FOLDER / name).read_text(encoding="utf-8"), name, "exec")


def test_the_shared_numbers_are_those_that_the_page_names() -> None:
    settings = _assigned("recipes.py")
    lora = _keywords(_keywords(settings["model"])["lora"])
    assert {key: _value(lora[key]) for key in ("r", "lora_alpha", "lora_dropout", "target_modules")} == {
        "r": 64,
        "lora_alpha": 16,
        "lora_dropout": 0.1,
        "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    }
    optimizer = _keywords(_keywords(settings["optim_wrapper"])["optimizer"])
    assert _value(optimizer["lr"]) == 2e-4
    assert _value(settings["max_length"]) == 2048
    assert _value(settings["data_path"]) == "data/training/train.xtuner.json"


def test_each_base_is_named() -> None:
    assert _value(_assigned("recipes.py")["base_path"]) == "models/internlm2-chat-7b-llama"
    assert _value(_assigned("internlm2_chat_1_8b_lora.py")["base_path"]) == "models/internlm2-chat-1_8b-llama"
