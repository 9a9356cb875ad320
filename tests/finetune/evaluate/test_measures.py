"""What the measures say of answers that are right, and of answers that are wrong in one way each."""

from __future__ import annotations

import pytest

from core.ports import ChatMessage
from core.recipe import Ingredient, Recipe
from finetune.evaluate.measures import means, measured
from finetune.evaluate.recipe_measures import told_in
from finetune.evaluate.samples import Sample
from finetune.evaluate.text_measures import character_f1, rouge_l

PORK = Recipe(
    "p",
    "红烧肉",
    tuple(Ingredient.parse(line) for line in ("五花肉 500克", "冰糖 30克", "生抽 2勺", "盐 适量")),
    ("五花肉切2厘米块，焯水5分钟。", "炒糖色，下肉，加生抽和盐，炖60分钟。"),
    source="食神菜谱",
)
ANSWER = (
    "红烧肉\n\n食材：\n五花肉 500克\n冰糖 30克\n生抽 2勺\n盐 适量\n\n"
    "步骤：\n1. 五花肉切2厘米块，焯水5分钟。\n2. 炒糖色，下肉，加生抽和盐，炖60分钟。"
)


def sample(kind: str = "how_to_cook", variant: str = "", recipe: Recipe | None = PORK) -> Sample:
    asked = f"<菜谱>\n{ANSWER}\n</菜谱>\n\n我的问题：红烧肉怎么做" if kind == "grounded" else "红烧肉怎么做"
    return Sample((ChatMessage("user", asked),), ANSWER, kind, variant, recipe)


def test_the_reference_itself_is_perfect() -> None:
    perfect = {
        "rouge_l": 1.0,
        "refusal_correct": 1.0,
        "format_valid": 1.0,
        "ingredient_recall": 1.0,
        "invented_rate": 0.0,
        "amounts_preserved": 1.0,
    }
    figures = measured(sample(), ANSWER)
    assert figures == {**perfect, "character_f1": character_f1(ANSWER, "红烧肉怎么做", ANSWER)}
    assert measured(sample("grounded", "whole"), ANSWER)["grounded"] == 1.0


def test_character_f1_counts_characters_without_punctuation() -> None:
    # 6 characters said, 5 + 2 wanted, 5 in common: F1 is 2·5 / 13.
    assert character_f1("盐、糖，醋酱油A", "盐糖？", "醋！酱油") == pytest.approx(2 * 5 / (6 + 5))
    assert character_f1("", "红烧肉", "盐") == 0.0


def test_rouge_l_follows_the_order() -> None:
    assert rouge_l("甲乙丙丁", "甲乙丙丁") == 1.0
    assert rouge_l("丁丙乙甲", "甲乙丙丁") == 0.25
    assert rouge_l("。", "") == 0.0


def test_what_is_left_out_and_what_is_invented() -> None:
    answer = ANSWER.replace("冰糖 30克\n", "").replace("盐 适量", "盐 适量\n鸡蛋 2个")
    figures = measured(sample(), answer)
    assert figures["ingredient_recall"] == 0.75
    assert figures["invented_rate"] == 0.25  # of four listed, the egg
    assert figures["amounts_preserved"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("line", ["五花肉 300克", "五花肉", "五花肉 适量"])
def test_an_amount_that_was_changed(line: str) -> None:
    figures = measured(sample(), ANSWER.replace("五花肉 500克", line))
    assert figures["amounts_preserved"] == pytest.approx(2 / 3)
    assert figures["ingredient_recall"] == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER.replace("\n2. ", "\n3. "),
        ANSWER.replace("食材：\n", ""),
        ANSWER.replace("步骤：", "## 步骤").replace("1. ", "").replace("2. ", ""),
        ANSWER.replace("红烧肉\n", "# 红烧肉\n"),
        ANSWER.replace("五花肉 500克", "**五花肉** 500克"),
        "您需要准备以下食材:\n['500克五花肉']\n按以下方法制作:\n['切块', '炖煮']",
        "",
    ],
)
def test_what_is_not_well_formed(answer: str) -> None:
    assert measured(sample(), answer)["format_valid"] == 0.0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("用料：\n- 鸡蛋 3个\n• 盐 2克", ["鸡蛋", "盐"]),
        ("食材：\n盐 8克（煮土豆6克、调味2克）、黄油 40克", ["盐", "黄油"]),
        ("做「红烧肉」要准备（2 人份）：\n五花肉  500克", ["五花肉"]),
        ("没有清单", []),
    ],
)
def test_lists_of_ingredients_are_read(text: str, names: list[str]) -> None:
    assert [item.name for item in told_in(text).ingredients] == names


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("步骤：\n1. 切\n2、炒\n3）盛", (1, 2, 3)),
        ("做法：\n第一步：切\n第二步：炒", (1, 2)),
        ("步骤：\n第十一步：切\n第二十步：炒", (11, 20)),
        ("步骤：\n切\n炒", ()),
    ],
)
def test_numbers_of_steps_are_read(text: str, numbers: tuple[int, ...]) -> None:
    assert told_in(text).numbers == numbers


@pytest.mark.parametrize(
    ("kind", "answer", "correct"),
    [
        ("refusals", "这个我帮不上忙，我只会做菜。", 1.0),
        ("refusals", "今天天气晴，25度。", 0.0),
        ("how_to_cook", "抱歉，我只懂做菜。", 0.0),
        ("how_to_cook", ANSWER, 1.0),
    ],
)
def test_refusals(kind: str, answer: str, correct: float) -> None:
    assert measured(sample(kind), answer)["refusal_correct"] == correct


@pytest.mark.parametrize(
    ("variant", "answer", "grounded"),
    [
        ("wrong", "菜谱没有写「红烧肉」：查到的不是同一道菜。", 1.0),
        ("missing:amount", "菜谱的食材里没有用到蚝油。", 1.0),
        ("wrong", ANSWER, 0.0),
        ("part:amount", "放30克冰糖。", 1.0),
        ("part:amount", "放45克冰糖，炖60分钟。", 0.5),
        ("part:tips", "看着火就好。", 1.0),
    ],
)
def test_faith_to_the_context(variant: str, answer: str, grounded: float) -> None:
    assert measured(sample("grounded", variant), answer)["grounded"] == grounded


def test_means_are_over_what_a_measure_applies_to() -> None:
    assert means([{"rouge_l": 1.0, "judged": 0.5}, {"rouge_l": 0.0}]) == {"rouge_l": 0.5, "judged": 0.5}
    assert means([]) == {}


@pytest.mark.parametrize(
    "answer", ["食材：\n" + "、" * 5000, "1." * 5000, "\x00", "（" * 8000, "食材：\n" + "盐 1克\n" * 5000]
)
def test_nonsense_is_measured_too(answer: str) -> None:
    assert all(0 <= value <= 1 for value in measured(sample(), answer).values())
