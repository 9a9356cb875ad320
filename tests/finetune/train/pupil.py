"""A tiny InternLM2 that learns twenty recipes in seconds, and how it is made to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from finetune.train.curve import Point
from finetune.train.settings import TrainingSettings
from finetune.train.train import Assignment, Outcome, train
from tests.fakes.tiny_internlm2 import TinyInternLm2

# Two threads on two busy cores wait for each other for ten times as long as one works.
torch.set_num_threads(1)

SHAPE = TinyInternLm2(max_positions=2048)
SETTINGS = TrainingSettings(
    epochs=30,
    rows_a_step=2,
    row_tokens=64,
    learning_rate=4e-3,
    lora_rank=32,
    lora_alpha=32,
    lora_dropout=0.0,
    check_every=20,
    gradient_checkpointing=False,
    dtype="float32",
)
QUICK = SETTINGS.model_copy(update={"epochs": 2, "rows_a_step": 2, "check_every": 3, "lora_dropout": 0.1})
"""A few steps, for what does not depend on how well it learns."""
DISHES = (
    "番茄炒蛋", "红烧肉", "蒸鸡蛋", "炒番茄", "五花肉焯水",
    "冰糖肉", "老抽鸡蛋", "生抽炒肉", "料酒鸡蛋", "盐炒鸡蛋",
    "冷水红烧肉", "小火番茄", "番茄切块", "打散鸡蛋", "加盐番茄",
    "四十分钟肉", "两个番茄", "三个鸡蛋", "五百克肉", "食神炒蛋",
)  # fmt: skip
"""Of characters that the tiny tokenizer knows."""


def answer_of(number: int) -> str:
    """What is taught of dish `number`: every one different."""
    return f"{DISHES[number]}：鸡蛋{number + 1}个，番茄{20 - number}克，小火炖{number * 3 + 5}分钟。"


def question_of(number: int) -> str:
    return f"{DISHES[number]}怎么做"


def write_data(path: Path, numbers: range = range(len(DISHES))) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for number in numbers:
            messages = [
                {"role": "user", "content": question_of(number)},
                {"role": "assistant", "content": answer_of(number)},
            ]
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    return path


def assignment(folder: Path, settings: TrainingSettings = QUICK, **changes: Any) -> Assignment:
    """A training in `folder`, which holds base and data, too; they are made where they are missing."""
    base, data = folder / "internlm2-tiny", folder / "train.jsonl"
    if not base.exists():
        SHAPE.write(base)
    if not data.exists():
        write_data(data)
    given: dict[str, Any] = {
        "base": base,
        "data": data,
        "held_out": data,
        "out": folder / "run",
        "device": "cpu",
    }
    return Assignment(**(given | {"models_dir": folder / "models", "settings": settings} | changes))


class Listener:
    """Keeps what it is told; may interrupt at a step."""

    def __init__(self, interrupt_at: int = 0) -> None:
        self.notes: list[str] = []
        self.points: list[Point] = []
        self._interrupt_at = interrupt_at

    def note(self, message: str) -> None:
        self.notes.append(message)

    def reading(self, count: int) -> None:
        pass

    def step(self, point: Point, steps: int) -> None:
        self.points.append(point)
        if point.step == self._interrupt_at > 0:
            raise KeyboardInterrupt


def taught(asked: Assignment, listener: Listener | None = None) -> Outcome:
    return train(asked, listener or Listener())
