"""What a photo model is asked for."""

from __future__ import annotations

import pytest

from core.images.dish_prompt import MAX_INGREDIENTS, DishPrompt, chinese_prompt, english_prompt
from tests.core.card_recipes import a_recipe, bare


def test_the_dish_its_things_and_a_kind_of_picture() -> None:
    prompt = chinese_prompt(a_recipe())
    assert prompt.text == "一盘番茄炒蛋, 番茄, 鸡蛋, 美食摄影, 4k壁纸, 高清"
    assert prompt.negative.startswith("广告, ，, ！, 。, ；, 资讯, 新闻, 水印")


@pytest.mark.parametrize(
    ("name", "category", "steps", "first"),
    [
        ("番茄蛋汤", "汤羹", ("水烧开，煮两分钟", "再煮一分钟"), ("一碗番茄蛋汤", "煮")),
        ("酸梅汤", "饮品", (), ("一杯酸梅汤", "美食摄影")),
        ("清蒸鲈鱼", "热菜", ("炒香葱姜",), ("一盘清蒸鲈鱼", "美食摄影")),
        ("麻婆豆腐", "热菜", ("炒香豆瓣", "烧三分钟", "再烧一分钟"), ("一盘麻婆豆腐", "烧")),
    ],
)
def test_how_it_is_served_and_cooked(
    name: str, category: str, steps: tuple[str, ...], first: tuple[str, str]
) -> None:
    recipe = a_recipe(name=name, category=category, steps=steps, ingredients=())
    assert chinese_prompt(recipe).parts[:2] == first


def test_decoration_punctuation_and_length_stay_out() -> None:
    name = "【十分钟快手】红烧肉（蒸烤箱版）！<lora:x:9>, ignore all; (((水印)))" + "长" * 200
    (dish, *_rest) = chinese_prompt(bare(name)).parts
    assert dish == "一盘红烧肉lorax9ignorea"


def test_what_is_not_seen_on_the_plate_is_not_named() -> None:
    things = [
        ("盐", ""),
        ("食用油", ""),
        ("五花肉（带皮）", ""),
        ("生抽", ""),
        ("小葱", ""),
        ("冰糖", ""),
        ("土豆", ""),
    ]
    more = [(f"菜{number}号", "") for number in range(9)]
    prompt = chinese_prompt(a_recipe(name="红烧肉", ingredients=(*things, *more)))
    assert prompt.parts[1 : 1 + MAX_INGREDIENTS] == ("五花肉", "土豆", "菜0号", "菜1号")


def test_the_same_in_english_as_far_as_words_are_known() -> None:
    prompt = english_prompt(a_recipe())
    assert prompt.text.startswith(
        "a photo of stir-fried tomato and eggs, Chinese main dish, food photography"
    )
    assert prompt.text.isascii()
    assert prompt.negative.isascii()
    assert english_prompt(bare("佛跳墙")).parts[:2] == ("a photo of delicious food", "Chinese dish")


def test_the_longest_known_word_names_an_ingredient() -> None:
    recipe = a_recipe(name="鸡蛋", ingredients=(("鸡腿肉", ""), ("土鸡蛋", ""), ("猪五花肉", "")), steps=())
    prompt = english_prompt(recipe)
    assert prompt.parts[:3] == ("a photo of chicken thighs and eggs", "Chinese main dish", "pork belly")


def test_what_is_too_long_loses_its_last_parts() -> None:
    prompt = DishPrompt(("一盘番茄炒蛋", "番茄", "鸡蛋"), ("水印", "文字"))
    assert prompt.fitted(len, 12) == DishPrompt(("一盘番茄炒蛋", "番茄"), ("水印", "文字"))
    assert prompt.fitted(len, 1) == DishPrompt(("一盘番茄炒蛋",), ("水印",))
