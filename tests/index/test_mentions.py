"""Names of dishes in the middle of a sentence."""

from __future__ import annotations

import pytest

from index.mentions import MAX_MENTIONS, mentioned

_FORMS = (
    "煎牛排",
    "小鸡炖蘑菇",
    "成功率超高的锅包肉",
    "牛肉面",
    "红烧牛肉",
    "麻婆豆腐",
    "豆腐",
    "醋溜白菜",
    "油条",
    "豆浆",
)


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("老公非要吃煎牛排，怎么煎啊，几分熟才好", ["煎牛排"]),
        ("俺家老头子念叨想吃小鸡炖蘑菇了，咋整", ["小鸡炖蘑菇"]),
        ("老妈想吃锅包肉了，咋整啊", ["锅包肉"]),
        ("老媽想吃鍋包肉了，怎麼做", ["锅包肉"]),
        ("我的麻婆豆腐一炒就碎成渣，救命", ["麻婆豆腐"]),
        ("想学油条和豆浆，求教程", ["油条", "豆浆"]),
    ],
)
def test_the_dishes_that_a_sentence_asks_for(sentence: str, names: list[str]) -> None:
    assert sorted(mentioned(sentence, _FORMS)) == sorted(names)


@pytest.mark.parametrize(
    "sentence",
    [
        "红烧牛肉面怎么做",  # another dish, though it begins with one
        "素锅包肉盖饭怎么做",
        "麻婆豆腐是谁发明的，想知道",
        "油条多少钱一根，在家附近哪里有",
        "今天吃了麻婆豆腐",  # asks for nothing
        "不想吃麻婆豆腐，怎么办",
        "白菜买多了，求助",  # a title's end that is an ingredient
        "麻婆豆腐怎么保存",
        "",
    ],
)
def test_what_is_no_mention_of_a_dish(sentence: str) -> None:
    assert mentioned(sentence, _FORMS[:4] + _FORMS[5:6] + _FORMS[7:]) == []


def test_mentions_are_bounded() -> None:
    names = [f"红烧{character}" for character in "甲乙丙丁戊己"]
    assert len(mentioned("想吃" + "，".join(names), names)) == MAX_MENTIONS
