from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CorpusError
from core.quantity import Quantity
from core.recipe import Ingredient, Recipe, recipe_id_of


@pytest.mark.parametrize(
    ("line", "name", "amount"),
    [
        ("五花肉500克", "五花肉", "500克"),
        ("500克五花肉", "五花肉", "500克"),
        ("2片生菜", "生菜", "2片"),
        ("1kg羊肉", "羊肉", "1kg"),
        ("5克糖", "糖", "5克"),
        ("适量盐", "盐", "适量"),
        ("半根黄瓜", "黄瓜", "半根"),
        ("红糖：30g", "红糖", "30g"),
        ("盐 3g (约半茶匙)", "盐", "3g (约半茶匙)"),
        ("盐（5克）", "盐", "（5克）"),
        ("葱花少许", "葱花", "少许"),
        ("葱、姜、蒜各适量", "葱、姜、蒜", "各适量"),
        ("土豆沙拉 适量（包馅用）", "土豆沙拉", "适量（包馅用）"),
        ("超市罐头装半盒金枪鱼(in spring water)", "超市罐头装金枪鱼(in spring water)", "半盒"),
        ("2个，约100克鸡蛋", "鸡蛋", "2个，约100克"),
        ("1个约50克鸡蛋", "鸡蛋", "1个约50克"),
        ("适量，但比老抽多一些。生抽", "生抽", "适量，但比老抽多一些。"),
        ("1只三黄鸡（2斤左右）", "三黄鸡", "1只（2斤左右）"),
        ("7朵（开水泡发，赶时间可煮两分钟）木耳", "木耳", "7朵（开水泡发，赶时间可煮两分钟）"),
        ("2tsp/10ml代糖", "代糖", "2tsp/10ml"),
        ("30g+37.5g糖", "糖", "30g+37.5g"),
        ("60克+-10克牛奶", "牛奶", "60克+-10克"),
        ("一勺半盐", "盐", "一勺半"),
        ("四五片姜", "姜", "四五片"),
        ("几滴朗姆酒", "朗姆酒", "几滴"),
        ("十几粒花椒", "花椒", "十几粒"),
        ("鸡蛋2个打散", "鸡蛋", "2个打散"),
        ("八角2个", "八角", "2个"),
        ("5香叶", "香叶", "5"),
        ("鸡蛋 2", "鸡蛋", "2"),
        ("片姜4", "姜", "4片"),
        ("克盐", "盐", "克"),
        ("二锅头", "二锅头", ""),
        ("【烫种】", "【烫种】", ""),
        ("饺子馅：", "饺子馅：", ""),
        ("食用油 = 4ml * 鸡蛋/个", "食用油", "= 4ml * 鸡蛋/个"),
        ("鸡蛋的2.5-3倍清水", "鸡蛋的2.5-3倍清水", ""),
        ("500克", "500克", ""),
        ("", "", ""),
    ],
)
def test_splits_name_and_amount(line: str, name: str, amount: str) -> None:
    assert Ingredient.parse(line) == Ingredient(name, Quantity.parse(amount))


LINEISH = st.text(
    st.sampled_from("1２3半一两克g个勺约各适量少许（）()：:，、/ +-~盐葱花八角#【】 打散="), max_size=24
)


@given(st.text() | LINEISH)
def test_no_character_of_a_line_is_lost(line: str) -> None:
    ingredient = Ingredient.parse(line)
    kept = Counter("".join(f"{ingredient.name}{ingredient.amount}".split()))
    written = Counter("".join(line.split()))

    assert kept - written == Counter()
    assert set(written - kept) <= set("：:")


TEXTS = st.text(max_size=30)
LISTS = st.lists(TEXTS, max_size=4)
MAPPINGS = st.fixed_dictionaries(
    {
        "name": st.text(min_size=1, max_size=100).filter(str.strip),
        "ingredients": st.lists(
            st.fixed_dictionaries({"name": TEXTS}, optional={"amount": TEXTS}), max_size=4
        ),
        "steps": LISTS,
    },
    optional={
        "recipe_id": st.text("0123456789abcdef", min_size=16, max_size=16),
        **dict.fromkeys(("cuisine", "category", "source"), TEXTS),
        **dict.fromkeys(("aliases", "tastes", "keywords", "allergens", "tips"), LISTS),
        **dict.fromkeys(("servings", "minutes"), st.none() | st.integers(1, 10**6)),
        "difficulty": st.none() | st.integers(1, 5),
    },
)


@given(MAPPINGS)
def test_goes_through_json_unchanged(mapping: dict[str, Any]) -> None:
    recipe = Recipe.from_dict(mapping)

    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert recipe.to_dict() | mapping == recipe.to_dict() | {"ingredients": mapping["ingredients"]}


def test_derives_a_missing_id() -> None:
    recipe = Recipe.from_dict(a_mapping())

    assert recipe.recipe_id == recipe_id_of("家", "番茄炒蛋", ("番茄 2个（约300克）", "盐 适量"), ("炒。",))
    assert Recipe.from_dict(a_mapping(steps=["煮。"])).recipe_id != recipe.recipe_id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, "name must be a string, got 3"),
        ({"name": " "}, "name must not be empty"),
        ({"name": "长" * 101}, "name must have at most 100 characters, got 101"),
        ({"steps": None}, "steps must be a list, got None"),
        ({"steps": "炒。"}, "steps must be a list, got '炒。'"),
        ({"steps": ["炒。", {}]}, "steps[1] must be a string, got dict"),
        ({"steps": ["炒。"] * 201}, "steps must have at most 200 items, got 201"),
        ({"steps": ["炒" * 5001]}, "steps[0] must have at most 5000 characters, got 5001"),
        ({"ingredients": [{"name": "盐"}] * 201}, "ingredients must have at most 200 items, got 201"),
        ({"ingredients": ["盐"]}, "ingredients[0] must be an object with name and amount, got '盐'"),
        ({"ingredients": [{"amount": "2个"}]}, "ingredients[0].name must be a string, got None"),
        (
            {"ingredients": [{"name": "盐"}, {"name": "糖"}, {"name": "醋", "amount": 3}]},
            "ingredients[2].amount must be a string, got 3",
        ),
        ({"ingredients": [{"name": "盐", "unit": "克"}]}, "ingredients[0] has unknown keys: unit"),
        ({"servings": "2"}, "servings must be a whole number or null, got '2'"),
        ({"servings": True}, "servings must be a whole number or null, got True"),
        ({"servings": 0}, "servings must be from 1 to 1000000, got 0"),
        ({"minutes": 10**5000}, "minutes must be from 1 to 1000000, got int"),
        ({"difficulty": 6}, "difficulty must be from 1 to 5, got 6"),
        ({"aliases": [None]}, "aliases[0] must be a string, got None"),
        ({"source": None}, "source must be a string, got None"),
        ({"recipe_id": ""}, "recipe_id must not be empty"),
        ({"step": [], "author": ""}, "unknown keys: author, step"),
    ],
)
def test_names_the_field_that_is_wrong(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CorpusError) as caught:
        Recipe.from_dict(a_mapping(**change))

    assert caught.value.message == message


def test_refuses_what_is_no_object() -> None:
    not_an_object: Any = ["番茄炒蛋"]

    with pytest.raises(CorpusError) as caught:
        Recipe.from_dict(not_an_object)

    assert caught.value.message == "a recipe must be an object, got list"


def test_scales_the_amounts_and_leaves_the_steps() -> None:
    recipe = Recipe.from_dict(a_mapping(servings=2, steps=["番茄300克切块。"])).scaled(4)

    assert recipe.servings == 4
    assert [i.amount for i in recipe.ingredients] == ["4个（约600克）", "适量"]
    assert recipe.steps == ("番茄300克切块。",)


def test_a_recipe_that_does_not_say_feeds_two() -> None:
    assert Recipe.from_dict(a_mapping()).scaled(1).ingredients[0].amount == "1个（约150克）"


def test_scaling_back_restores_every_amount() -> None:
    recipe = Recipe.from_dict(a_mapping(servings=3, ingredients=[{"name": "糖", "amount": "100克"}]))

    assert recipe.scaled(7).ingredients[0].quantity.minimum == Fraction(700, 3)
    assert recipe.scaled(7).scaled(3) == recipe


def a_mapping(**change: Any) -> dict[str, Any]:
    return {
        "name": "番茄炒蛋",
        "ingredients": [{"name": "番茄", "amount": "2个（约300克）"}, {"name": "盐", "amount": "适量"}],
        "steps": ["炒。"],
        "source": "家",
        **change,
    }
