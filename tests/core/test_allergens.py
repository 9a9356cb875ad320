from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.allergens import ALLERGENS, allergens_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("鸡蛋", "鸡蛋"),
        ("皮蛋", "鸡蛋"),
        ("咸蛋黄", "鸡蛋"),
        ("蛋黄酱", "鸡蛋"),
        ("日本豆腐", "鸡蛋"),
        ("蛋挞皮", "鸡蛋 乳制品 麸质"),
        ("牛奶", "乳制品"),
        ("无盐黄油", "乳制品"),
        ("马苏里拉芝士", "乳制品"),
        ("淡奶油", "乳制品"),
        ("黑巧克力", "乳制品 大豆"),
        ("面粉", "麸质"),
        ("玉米面条", "麸质"),
        ("荞麦面", "麸质"),
        ("澄粉", "麸质"),
        ("料酒", "麸质"),
        ("生抽", "麸质 大豆"),
        ("郫县豆瓣酱", "麸质 大豆"),
        ("味噌", "麸质 大豆"),
        ("蒸鱼豉油", "麸质 大豆"),
        ("海鲜酱", "麸质 大豆 芝麻"),
        ("蚝油", "麸质 大豆 贝类"),
        ("耗油", "麸质 大豆 贝类"),
        ("沙茶酱", "麸质 花生 大豆 鱼 甲壳类 芝麻"),
        ("XO酱", "麸质 大豆 鱼 甲壳类 贝类"),
        ("花生酱", "花生"),
        ("花生酱油", "麸质 花生 大豆"),
        ("核桃仁", "坚果"),
        ("杏仁豆腐", "乳制品 坚果"),
        ("豆奶", "大豆"),
        ("油豆皮", "大豆"),
        ("腐乳", "大豆"),
        ("鲈鱼", "鱼"),
        ("鱼露", "鱼"),
        ("花胶", "鱼"),
        ("木鱼花", "鱼"),
        ("鱼豆腐", "麸质 大豆 鱼"),
        ("虾皮", "甲壳类"),
        ("虾酱", "甲壳类"),
        ("蟹黄", "甲壳类"),
        ("韩式泡菜", "鱼 甲壳类"),
        ("章鱼", "贝类"),
        ("鱿鱼圈", "贝类"),
        ("墨鱼仔", "贝类"),
        ("鲍鱼", "贝类"),
        ("干贝", "贝类"),
        ("田螺", "贝类"),
        ("香油", "芝麻"),
        ("芝麻酱", "芝麻"),
        ("雞蛋", "鸡蛋"),
        ("醬油", "麸质 大豆"),
        ("Soy Sauce", "大豆"),
        ("peanut butter", "花生"),
        ("油、盐、酱油", "麸质 大豆"),
    ],
)
def test_names_what_a_word_carries(name: str, expected: str) -> None:
    assert " ".join(allergens_of([name])) == expected


HARMLESS = """
五花肉 花椒 花椒面 红薯粉 米粉 绿豆面 魔芋面 麦冬 藜麦 油麦菜 柿饼 椰奶 牛油果 奶油生菜 奶白菜 鱼腥草 鱼香料
甲鱼 杏鲍菇 蟹味菇 海鲜菇 芝麻菜 螺丝椒 贝贝南瓜 川贝 土豆丝 土豆粉 绿豆芽 猪血豆腐 牛百叶 甜辣酱 亚麻油
榛蘑 Eggplant
"""


@pytest.mark.parametrize("name", [*HARMLESS.split(), "coconut milk", ""])
def test_is_not_misled_by_a_character(name: str) -> None:
    assert allergens_of([name]) == ()


def test_lists_each_group_once_in_order() -> None:
    assert allergens_of(["芝麻", "虾", "生抽", "鸡蛋", "老抽"]) == ("鸡蛋", "麸质", "大豆", "甲壳类", "芝麻")


@given(st.lists(st.text() | st.sampled_from(["鸡蛋", "鱼香", "酱", "面", "杏鲍菇"]), max_size=5))
def test_takes_any_text_and_never_forgets_a_name(names: list[str]) -> None:
    together = set(allergens_of(names))

    assert together == {group for name in names for group in allergens_of([name])}
    assert together <= set(ALLERGENS)
