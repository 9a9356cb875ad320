"""What queries wish for, and that names of dishes are no wishes."""

from __future__ import annotations

import json

import pytest

from core.recipe import Recipe
from index.build import COOKBOOK_DIR
from index.wishes import Wishes, labels, wishes_of

BABY = ("蜂蜜", "酒", "辣", "咖啡因", "生食")
NO_MEAT = ("肉", "水产")


@pytest.mark.parametrize(
    ("query", "wishes"),
    [
        ("土豆和牛肉能做什么", Wishes(ingredients=("土豆", "牛肉"))),
        ("冰箱里只有土豆和牛肉", Wishes(ingredients=("土豆", "牛肉"))),
        ("冰箱裡只有馬鈴薯和牛肉", Wishes(ingredients=("马铃薯", "牛肉"))),
        ("土豆 牛肉", Wishes(ingredients=("土豆", "牛肉"))),
        ("家里有两个番茄、三个鸡蛋，做什么好", Wishes(ingredients=("番茄", "鸡蛋"))),
        ("清淡的下饭菜", Wishes(tags=("清淡", "下饭"))),
        ("十分钟早餐", Wishes(tags=("早餐",), max_minutes=10)),
        ("半小时内能做好的菜", Wishes(max_minutes=30)),
        ("一个半小时以内的炖菜", Wishes(tags=("炖",), max_minutes=90)),
        ("来个川菜", Wishes(tags=("川菜",))),
        ("早餐吃什么", Wishes(tags=("早餐",))),
        ("夏天适合吃什么", Wishes(tags=("夏",))),
        ("给宝宝做点什么", Wishes(tags=("宝宝",), without=BABY)),
        ("减脂餐推荐", Wishes(tags=("减脂",))),
        ("有什么素菜", Wishes(tags=("素菜",), without=NO_MEAT)),
        ("今晚吃什么", Wishes()),
        ("推荐三道下饭菜", Wishes(tags=("下饭",), count=3)),
        ("清淡的汤", Wishes(tags=("清淡", "汤"))),
        ("什么汤好喝", Wishes(tags=("汤",))),
        ("豆腐的下饭菜", Wishes(tags=("下饭",), ingredients=("豆腐",))),
        ("用空气炸锅做的菜", Wishes(tags=("空气炸锅",))),
        ("不含花生", Wishes(free_of=("花生",))),
        ("我对海鲜过敏", Wishes(free_of=("鱼", "甲壳类", "贝类"))),
        ("不含甲壳类", Wishes(free_of=("甲壳类",))),
        ("对贝类过敏", Wishes(free_of=("贝类",))),
        ("我对贝壳类过敏", Wishes(free_of=("贝类",))),
        ("我对甲壳类过敏，来个汤", Wishes(tags=("汤",), free_of=("甲壳类",))),
        ("对虾过敏，推荐几个菜", Wishes(without=("虾",), free_of=("甲壳类",))),
        ("乳糖不耐受吃什么", Wishes(free_of=("乳制品",))),
        ("无麸质的早餐", Wishes(tags=("早餐",), free_of=("麸质",))),
        ("不要香菜", Wishes(without=("香菜",))),
        ("不吃牛肉和羊肉的下饭菜", Wishes(tags=("下饭",), without=("牛肉", "羊肉"))),
        ("不辣的菜", Wishes(without=("辣",))),
        ("不放葱的汤", Wishes(tags=("汤",), without=("葱",))),
        ("不油腻的菜", Wishes(tags=("清淡",))),
        ("清淡的下饭菜，不要牛肉，再辣一点", Wishes(tags=("清淡", "下饭", "辣"), without=("牛肉",))),
        ("不辣的水煮鱼", Wishes(without=("辣",), subject="水煮鱼")),
        ("不含花生的宫保鸡丁", Wishes(free_of=("花生",), subject="宫保鸡丁")),
        ("宫保鸡丁，不要花生", Wishes(free_of=("花生",), subject="宫保鸡丁")),
        ("十分钟的番茄汤", Wishes(max_minutes=10, subject="番茄汤")),
    ],
)
def test_wishes(query: str, wishes: Wishes) -> None:
    assert wishes_of(query) == wishes


@pytest.mark.parametrize(
    "query",
    [
        *(
            "夫妻肺片",
            "酸辣土豆丝",
            "快手菜包饭",
            "清汤面",
            "早餐饼",
            "酸辣汤",
            "老婆饼",
            "来个老婆饼",
            "素菜包",
        ),
        *("番茄炒蛋怎么做", "土豆怎么做好吃", "无糖红薯香蕉饼", "低脂酸奶蛋糕的做法", "零失败的酸奶蛋糕"),
        *(
            "今天天气怎么样",
            "你能做什么",
            "怎么做一个书柜",
            "附近有什么好玩的",
            "推荐一部电影",
            "",
            " ",
            "？？",
        ),
        *("没有料酒怎么办", "要多少盐", "第三步再说一遍"),
    ],
)
def test_names_and_other_questions_are_no_wishes(query: str) -> None:
    assert wishes_of(query) is None


@pytest.mark.parametrize(
    "shell", ["{}", "{}怎么做", "{}的做法", "想吃{}", "来个{}", "推荐{}", "请问{}怎么做才好吃呢"]
)
def test_no_name_of_the_cookbook_is_a_wish(shell: str) -> None:
    files = (path.read_text(encoding="utf-8") for path in sorted(COOKBOOK_DIR.glob("*.jsonl")))
    lines = (line for text in files for line in text.splitlines())
    recipes = [Recipe.from_dict(json.loads(line)) for line in lines]
    names = {name for recipe in recipes for name in (recipe.name, *recipe.aliases)}
    assert [name for name in names if wishes_of(shell.format(name)) is not None] == []


def test_every_wish_is_told_once() -> None:
    wishes = wishes_of("不含花生、不辣的川菜，二十分钟以内，不要辣的")
    assert wishes is not None
    assert labels(wishes) == ("川菜", "20 分钟以内", "不辣", "不含花生")
    assert labels(Wishes(tags=("宝宝",), without=BABY)) == ("宝宝",)
    assert labels(Wishes(tags=("夏",), ingredients=("虾",), free_of=("花生",))) == (
        "夏天",
        "有虾",
        "不含花生",
    )


@pytest.mark.parametrize(
    "text",
    [
        "不要" * 60,
        "对" * 119,
        "和" * 120,
        "不吃香菜和" * 24,
        "的" * 120,
        "a" * 10**6,
        "\ud83d\x00不含\ud83d",
        "十" * 100,
    ],
)
def test_hostile_text_is_read_in_no_time(text: str) -> None:
    assert wishes_of(text) is None or isinstance(wishes_of(text), Wishes)
