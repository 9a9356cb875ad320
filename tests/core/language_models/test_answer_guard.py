"""Answers that have gone wrong are stopped; honest ones, however repetitive, are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import ModelResponseError
from core.language_models.answer_guard import AnswerGuard, is_looping

ENGLISH = "First wash the pork belly and cut it into cubes, then fry it slowly with sugar until it is brown. "


def feed(question: str, text: str, size: int = 3) -> None:
    guard = AnswerGuard(question)
    for start in range(0, len(text), size):
        guard.feed(text[start : start + size])


@pytest.mark.parametrize(
    "text",
    [
        "好的。" + "加盐。" * 20,
        "步骤如下：" + "1. 五花肉切块，焯水，捞出沥干。\n" * 6,
        "嗯" * 60,
        "先炒糖色，再下肉块翻炒上色，加生抽老抽料酒，倒热水没过肉，大火烧开转小火。" * 5,
    ],
)
def test_a_loop_is_stopped(text: str) -> None:
    with pytest.raises(ModelResponseError, match="repeats itself"):
        feed("红烧肉怎么做", text)


def test_another_language_is_stopped() -> None:
    with pytest.raises(ModelResponseError, match="another language"):
        feed("红烧肉怎么做", ENGLISH * 3)


@pytest.mark.parametrize("question", ["How do I cook pork belly?", "pork"])
def test_a_question_in_english_may_be_answered_in_it(question: str) -> None:
    feed(question, ENGLISH + "Enjoy! " + ENGLISH[:50])


@pytest.mark.parametrize(
    "text",
    [
        "哈哈哈哈哈哈",
        "……………………",
        "----------",
        "1\n2\n3\n",
        "煎2分钟，翻面再煎2分钟，翻面再煎2分钟。",
        "\n" * 100,
    ],
)
def test_honest_repetition_is_no_loop(text: str) -> None:
    assert not is_looping(text)


def test_no_recipe_of_the_cookbook_is_stopped() -> None:
    folder = Path(__file__).parents[3] / "index" / "cookbook"
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    assert len(lines) > 200
    for line in lines:
        recipe = json.loads(line)
        feed("怎么做", "\n".join(f"{n}. {step}" for n, step in enumerate(recipe["steps"], 1)), size=7)
