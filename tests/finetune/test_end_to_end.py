"""The whole way: a tiny InternLM2 is taught twenty recipes, merged, converted, and answers in a chat."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.models, pytest.mark.timeout(600)]
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from core.language_models.internlm2_language_model import LocalModelOptions  # noqa: E402
from core.ports import Sampling  # noqa: E402
from core.prompts import free_answer_prompt  # noqa: E402
from finetune.__main__ import main  # noqa: E402
from finetune.side_by_side import SideBySide  # noqa: E402
from tests.finetune.train.pupil import DISHES, SHAPE, answer_of, question_of, write_data  # noqa: E402
from tests.whole.bot_process import BotProcess  # noqa: E402
from tests.whole.platforms import Said, life, platforms, until  # noqa: E402

HOW = {
    "epochs": 34,
    "rows_a_step": 3,
    "packing": "false",
    "row_tokens": 1500,
    "learning_rate": 6e-3,
    "lora_rank": 32,
    "lora_alpha": 32,
    "lora_dropout": 0,
    "check_every": 40,
    "patience": 0,
    "dtype": '"float32"',
    "gradient_checkpointing": "false",
}
HELD = LocalModelOptions("cpu", "float32", requests=4, cache_tokens=2048)
CERTAIN = Sampling(temperature=0, repetition_penalty=1, max_output_tokens=80)
ASKED = 1
"""The dish that is asked for in a chat, where the bot's own rules stand in front of the question."""


def write_lessons(path: Path) -> Path:
    """Twenty recipes, and one of them as the bot asks without its recipes (/rag off)."""
    write_data(path)
    prompt = free_answer_prompt(question_of(ASKED), [], budget_tokens=100_000)
    messages = [{"role": message.role, "content": message.content} for message in prompt]
    messages.append({"role": "assistant", "content": answer_of(ASKED)})
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base, data, and what the commands made of them."""
    folder = tmp_path_factory.mktemp("whole-way")
    SHAPE.write(folder / "base")
    write_lessons(folder / "train.jsonl")
    models = ["--models-dir", str(folder / "models")]
    data = ["--data", str(folder / "train.jsonl"), "--held-out", str(folder / "train.jsonl")]
    changes = [argument for name, value in HOW.items() for argument in ("--set", f"{name}={value}")]
    out = ["--out", str(folder / "run"), "--device", "cpu"]
    assert main(["train", "--base", str(folder / "base"), *data, *out, *models, *changes]) == 0
    assert main(["merge", str(folder / "run" / "adapter"), str(folder / "merged"), *models]) == 0
    like = ["--to", "internlm2", "--like", str(folder / "base")]
    assert main(["convert", str(folder / "merged"), str(folder / "as-published"), *like]) == 0
    return folder


def test_the_loss_falls_to_almost_nothing(folder: Path) -> None:
    state = json.loads((folder / "run" / "result.json").read_text())["state"]
    assert state["before"] > 10
    assert state["best"] < 0.05


async def test_all_twenty_recipes_are_reproduced(folder: Path) -> None:
    """By the adapter on its base, and by the merged model; by the base, none."""
    names = ("base", "run/adapter", "merged")
    models = SideBySide([folder / name for name in names], folder / "models", HELD, CERTAIN)
    assert models.names == ["base", "adapter", "merged"]
    try:
        for number in range(len(DISHES)):
            models.forget()
            before, adapter, merged = await models.ask(question_of(number))
            assert adapter == merged == answer_of(number)
            assert before != answer_of(number)
    finally:
        await models.close()


def test_the_evaluation_rises(folder: Path) -> None:
    models = [str(folder / name) for name in ("base", "run/adapter", "merged")]
    held = ["--device", "cpu", "--dtype", "float32", "--repetition-penalty", "1", "--max-tokens", "80"]
    options = ["--out", str(folder / "eval"), "--models-dir", str(folder / "models"), "--limit", "10", *held]
    assert main(["evaluate", str(folder / "train.jsonl"), *models, *options]) == 0
    before, adapter, merged = json.loads((folder / "eval" / "evaluation.json").read_text())
    assert before["all"]["rouge_l"] < 0.3
    assert (adapter["all"]["rouge_l"], merged["all"]["rouge_l"]) == (1.0, 1.0)
    assert before["all"]["character_f1"] < 0.3 < 0.8 < adapter["all"]["character_f1"]
    assert "<details" in (folder / "eval" / "evaluation.html").read_text()


@pytest.mark.parametrize("model", ["run/adapter", "as-published"])
async def test_the_bot_answers_in_a_chat_with_what_was_taught(
    folder: Path, tmp_path: Path, model: str
) -> None:
    bot = BotProcess(tmp_path / "data", tmp_path)
    settings = {
        "LLM_BACKEND": "internlm2",
        "LLM_MODEL": str(folder / model),
        "LLM_TEMPERATURE": "0",
        "LLM_REPETITION_PENALTY": "1",
        "LLM_CONTEXT_TOKENS": "2000",
        "LLM_MAX_OUTPUT_TOKENS": "80",
        "LLM_FIRST_TOKEN_TIMEOUT_SECONDS": "120",
        "GENERATE_TIMEOUT_SECONDS": "200",
        "LLM_CACHE_TOKENS": "4096",
        "MODEL_MEMORY_GIGABYTES": "1",
        "DEVICE": "cpu",
        "DTYPE": "float32",
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore",
        "HOME": os.environ.get("HOME", "/"),
    }
    async with platforms() as both, life(bot, both.settings(**settings)) as running:
        await running.connected()
        users: Any = both.telegram
        await users.ask("1001", "/rag off")
        await until(users, lambda said: len(said) >= 1)
        await users.ask("1001", question_of(ASKED))
        said = await until(users, _has_answer)
        assert answer_of(ASKED) in _texts(said)
        running.process.terminate()
        await asyncio.wait_for(running.process.wait(), 60)


def _has_answer(said: list[Said]) -> bool:
    return any(not item.is_unfinished and DISHES[ASKED] in item.text for item in said)


def _texts(said: list[Said]) -> str:
    return "\n".join(item.text for item in said)
