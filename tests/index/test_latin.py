"""English and pinyin become Chinese; what is neither, or talks of something else, stays as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import index.english
from index.english import OTHER, dictionary, stem
from index.latin import in_chinese
from index.spelt_sounds import syllables_in
from index.text import simplify


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("hot and sour soup pls", "酸辣汤"),
        ("how do i cook red braised pork at home?", "红烧肉?"),
        ("korean braised tofu, the spicy one", "韩式红烧豆腐"),
        ("chili beef stew with carrots", "胡萝卜辣椒炖牛肉"),
        ("sautéed spinach w/ garlic", "蒜蓉炒菠菜"),
        ("chicken curry puffs", "咖喱鸡泡芙"),
        ("pumpkin pie & bacon", "南瓜派培根"),
        ("grilled courgettes japanese style", "日式烤西葫芦"),
        ("我想做 tomatoes 炒 eggs", "我想做 番茄 炒 鸡蛋"),
        ("30 minute fish soup", "鱼汤"),
    ],
)
def test_what_stands_around_a_dish_goes(text: str, chinese: str) -> None:
    assert in_chinese(text) == chinese


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("kung pao chicken without peanuts", "不含花生的宫保鸡丁"),
        ("I'm allergic to shrimp and crab, any soup?", "不含虾和螃蟹，汤?"),
        ("peanut free noodles", "不含花生的面"),
        ("can't have dairy: creamy pumpkin soup", "不含乳制品，奶油南瓜汤"),
        ("without zorbs, mapo tofu", "without zorbs, mapo tofu"),  # nobody knows without what
    ],
)
def test_what_must_not_be_in_it_stays_out(text: str, chinese: str) -> None:
    assert in_chinese(simplify(text)) == chinese


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("hong2 shao1 rou4", "红烧肉"),
        ("ji1dan4 chao3fan4", "鸡蛋炒饭"),
        ("hóng shāo ròu", "红烧肉"),
        ("you tiao", "油条"),
        ("song shu gui yu", "松鼠鳜鱼"),
        ("lǜ dou tang", "绿豆汤"),
        ("hongshaorou zenme zuo", "红烧肉怎么做"),
        ("grandma's hongshaorou", "红烧肉"),
    ],
)
def test_pinyin_with_tones_and_among_english(text: str, chinese: str) -> None:
    assert in_chinese(text) == chinese


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("glorious mapo tofu", "麻婆豆腐"),
        ("velvety carrot soup", "胡萝卜汤"),
        ("mapo tofu for my demanding uncle", "麻婆豆腐"),
        ("mapo tofu, absolutely wonderful", "麻婆豆腐"),
        ("glorious carrots", "glorious carrots"),
        ("mapo tofu trampoline", "mapo tofu trampoline"),
        ("one utterly ridiculous mapo tofu", "麻婆豆腐"),
        ("an utterly ridiculous cookie", "an utterly ridiculous cookie"),
    ],
)
def test_unknown_words_go_where_the_dish_is_clear(text: str, chinese: str) -> None:
    assert in_chinese(text) == chinese


@pytest.mark.parametrize(
    "text",
    ["chicken pox", "price of mapo tofu", "mapo tofu lyrics", "b12", "500 g", "!!", "’", "x" * 200],
)
def test_what_is_about_something_else_stays(text: str) -> None:
    assert in_chinese(text) == text


def test_more_words_than_a_question_has_are_not_read() -> None:
    assert (in_chinese("egg " * 24), in_chinese("egg " * 25)) == ("鸡蛋" * 24 + " ", "egg " * 25)


@pytest.mark.parametrize(
    ("singular", "plural"),
    [("berry", "berries"), ("tomato", "tomatoes"), ("radish", "radishes"), ("egg", "eggs"), ("bass", "bass")],
)
def test_a_plural_is_found_by_its_singular(singular: str, plural: str) -> None:
    assert stem(plural) == stem(singular)


def test_an_apostrophe_parts_syllables() -> None:
    assert (syllables_in("xian"), syllables_in("xi'an"), syllables_in("tofu")) == (["xian"], ["xi", "an"], [])


def test_every_line_of_the_dictionary_is_of_use() -> None:
    text = (Path(index.english.__file__).parent / "search_data" / "english.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "["))]
    assert [
        line
        for line in lines
        if not re.fullmatch(r"[a-zü', ]+(?:: [<^]?[\u4e00-\u9fff]+(?:\|[\u4e00-\u9fff]+)?)?", line)
    ] == []
    assert {entry.kind for entry in dictionary()[0].values()} == {
        "dishes",
        "foods",
        "without",
        "ways",
        "shell",
        "asides",
        "beside",
        OTHER,
    }
