"""Conversations of `--once` turns: each finds the dish at hand in what the turns before it stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.whole.bot_process import BotProcess

SOURCE = "（根据菜谱「红烧肉」，来源：食神菜谱）"
PORK = (
    "红烧肉怎么做",
    "要多少盐",
    "第三步再说一遍",
    "需要多长时间",
    "没有料酒怎么办",
    "改成八人份",
    "换一道",
)
TOFU = ("麻婆豆腐怎么做", "那少辣一点呢", "改成四人份", "/clear", "要多少盐")
Answers = dict[str, dict[str, Any]]


def in_two_processes(bot: BotProcess, user: str, texts: tuple[str, ...]) -> Answers:
    """The second goes on where the first left off."""
    return bot.converse(*texts[:2], user=user) | bot.converse(*texts[2:], user=user)


@pytest.fixture(scope="module")
def both(shared_bot: BotProcess) -> tuple[Answers, Answers]:
    """Two people at the same time, on one data folder."""
    with ThreadPoolExecutor(2) as pool:
        pork = pool.submit(in_two_processes, shared_bot, "小红", PORK)
        tofu = pool.submit(shared_bot.converse, *TOFU, user="小麻")
        return pork.result(), tofu.result()


@pytest.fixture(scope="module")
def pork(both: tuple[Answers, Answers]) -> Answers:
    return both[0]


@pytest.fixture(scope="module")
def tofu(both: tuple[Answers, Answers]) -> Answers:
    return both[1]


def amounts(answer: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["amount"] for item in answer["recipe"]["ingredients"]}


def test_the_salt(pork: Answers) -> None:
    text = pork["要多少盐"]["text"]
    assert text.startswith(f"盐的用量（4 人份）：\n· 盐  {amounts(pork['红烧肉怎么做'])['盐']}\n")
    assert text.endswith(SOURCE)


def test_the_third_step_again(pork: Answers) -> None:
    steps = pork["红烧肉怎么做"]["recipe"]["steps"]
    assert pork["第三步再说一遍"]["text"] == f"第3步（共 {len(steps)} 步）：{steps[2]}\n\n{SOURCE}"


def test_the_time(pork: Answers) -> None:
    assert pork["红烧肉怎么做"]["recipe"]["minutes"] == 100
    assert pork["需要多长时间"]["text"].startswith("从开始到上桌约 1 小时 40 分钟。\n")


def test_what_is_not_in_the_recipe_is_said_to_be_a_suggestion(pork: Answers) -> None:
    text = pork["没有料酒怎么办"]["text"]
    assert "没有料酒行不行，菜谱没有写。\n我的建议：" in text
    assert text.endswith(SOURCE)


def test_follow_ups_are_answered_without_a_picture(pork: Answers) -> None:
    asked = ("要多少盐", "第三步再说一遍", "需要多长时间", "没有料酒怎么办")
    assert [pork[question]["photo"] for question in asked] == [None] * 4
    assert {pork[question]["recipe"]["name"] for question in asked} == {"红烧肉"}


def test_more_people_need_more(pork: Answers) -> None:
    before, after = pork["红烧肉怎么做"], pork["改成八人份"]
    assert (before["recipe"]["servings"], after["recipe"]["servings"]) == (4, 8)
    assert (amounts(before)["冰糖"], amounts(after)["冰糖"]) == ("30克", "60克")
    assert after["photo"] != before["photo"]


def test_another_dish(pork: Answers) -> None:
    answer = pork["换一道"]
    assert answer["refused"] is False
    assert answer["recipe"]["name"] not in {None, "红烧肉"}


def test_less_hot(tofu: Answers) -> None:
    text = tofu["那少辣一点呢"]["text"]
    assert "\n我的建议：" in text
    assert "豆瓣酱" in text
    assert text.endswith("（根据菜谱「麻婆豆腐」，来源：食神菜谱）")


def test_four_people(tofu: Answers) -> None:
    assert (tofu["麻婆豆腐怎么做"]["recipe"]["servings"], tofu["改成四人份"]["recipe"]["servings"]) == (3, 4)
    assert tofu["改成四人份"]["text"].startswith("用量已从 3 人份换算成 4 人份。\n")


def test_after_clear_the_dish_is_forgotten(tofu: Answers) -> None:
    assert tofu["/clear"]["text"].startswith("好的，新的对话开始了")
    answer = tofu["要多少盐"]
    assert (answer["recipe"], answer["refused"]) == (None, True)
    assert answer["text"].startswith("你问的是哪道菜？")
