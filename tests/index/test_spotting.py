"""Wishes spotted in sentences of which not every word is understood."""

from __future__ import annotations

import pytest

from index.conditions import Wishes
from index.spotting import MAX_FOODS, MAX_QUERY_CHARACTERS, spotted_wishes


@pytest.mark.parametrize(
    ("sentence", "wishes"),
    [
        ("楼下大妈送了一袋子茄子，咋办", Wishes(ingredients=("茄子",))),
        ("表哥拎来两斤排骨，配点玉米能做啥", Wishes(ingredients=("排骨", "玉米"))),
        ("铁棍山药买多了，怎么处理", Wishes(ingredients=("铁棍山药",))),
        ("丈母娘爱吃川菜，半小时内能端上桌的", Wishes(tags=("川菜",), max_minutes=30)),
        ("凉菜，里头千万别有香菜", Wishes(tags=("凉菜",), without=("香菜",))),
        ("葱姜蒜统统不碰，来个热菜", Wishes(tags=("热菜",), without=("葱", "姜", "蒜"))),
        ("饺子里别放猪肉也别放虾", Wishes(tags=("饺子",), without=("猪肉", "虾"))),
        ("闺蜜花生过敏，想弄个甜品", Wishes(tags=("甜品",), free_of=("花生",))),
        ("清真的，来道牛肉", Wishes(ingredients=("牛肉",), without=("猪肉", "酒"))),
        ("牛腩炖上，没有高压锅，配土豆行吗，能做啥", Wishes(ingredients=("牛腩", "土豆"))),
        ("最爱茄子，荤的一概不放", Wishes(ingredients=("茄子",), without=("肉", "水产"))),
        ("沙拉来一份，但奶酪芝士那股味我消受不起", Wishes(tags=("沙拉",), without=("芝士", "奶酪"))),
        ("不想喝汤，排骨能做点什么", Wishes(ingredients=("排骨",))),
    ],
)
def test_wishes_among_unknown_words(sentence: str, wishes: Wishes) -> None:
    assert spotted_wishes(sentence) == wishes


@pytest.mark.parametrize(
    "sentence",
    [
        "鱼香豆腐怎么做",  # a dish's name with a food at its end
        "想吃鱼香豆腐",
        "中秋想自己做广式月饼，配方有吗",
        "我表弟对羊脂球过敏，来个热菜",  # nobody knows what must not be in there
        "不吃羊脂球，来个凉菜",
        "猫咪能吃虾吗",
        "鸡蛋放冰箱能放几天",
        "孩子不爱写作业怎么办",
        "我想减肥，健身房办卡划算吗",
        "韭菜什么时候种",
        "一个苹果有多少卡路里",
        "「麻婆豆腐」里的「豆腐」",
        "要多少盐",  # not 少盐
        "今天天气真好",
        "菜" * (MAX_QUERY_CHARACTERS + 1),
        "",
    ],
)
def test_what_is_no_wish(sentence: str) -> None:
    assert spotted_wishes(sentence) is None


def test_a_long_list_is_cut() -> None:
    foods = "土豆、茄子、南瓜、冬瓜、黄瓜、丝瓜、苦瓜、菠菜"
    found = spotted_wishes(f"家里剩了{foods}，能做啥")
    assert found is not None
    assert found.ingredients == tuple(foods.split("、")[:MAX_FOODS])
