"""Facets derived from recipes that say little of themselves."""

from __future__ import annotations

import pytest

from core.quantity import Quantity
from core.recipe import Ingredient, Recipe
from index.cooking_time import minutes_of
from index.facets import UNKNOWN_ALLERGENS, facets_of
from index.kinds import ingredient_term, ingredient_terms, kinds_in


def recipe(name: str, ingredients: str = "", *steps: str, minutes: int | None = None) -> Recipe:
    parsed = tuple(Ingredient(item, Quantity.parse("")) for item in ingredients.split())
    return Recipe(name, name, parsed, steps, minutes=minutes)


class TestTags:
    @pytest.mark.parametrize(
        ("name", "tags"),
        [
            ("麻辣香锅", {"麻辣", "辣", "火锅"}),
            ("番茄蛋汤", {"汤"}),
            ("皮蛋瘦肉粥", {"粥"}),
            ("葱油拌面", {"面", "主食"}),
            ("凉拌黄瓜", {"凉菜", "凉拌"}),
            ("宝宝辅食：南瓜泥", {"宝宝"}),
            ("【十分钟快手菜】炒时蔬", {"快手", "炒"}),
            ("空气炸锅烤鸡翅", {"空气炸锅", "烤"}),
            ("减脂鸡胸肉", {"减脂"}),
            ("蜂蜜柚子茶", {"饮品"}),
        ],
    )
    def test_a_name_says_for_sure(self, name: str, tags: set[str]) -> None:
        assert tags <= facets_of(recipe(name)).sure_tags

    @pytest.mark.parametrize(
        ("name", "tag"), [("汤圆", "汤"), ("茶叶蛋", "饮品"), ("糖醋排骨", "汤"), ("锅包肉", "火锅")]
    )
    def test_a_name_with_the_word_in_another(self, name: str, tag: str) -> None:
        assert tag not in facets_of(recipe(name)).tags

    def test_meat_in_the_ingredients_is_no_vegetable_dish(self) -> None:
        assert "素菜" not in facets_of(recipe("炒豆角", "豆角 肉末 盐", "翻炒3分钟。")).tags
        assert "素菜" in facets_of(recipe("炒豆角", "豆角 盐", "翻炒3分钟。")).tags

    def test_chilli_in_the_ingredients_is_hot(self) -> None:
        assert "辣" in facets_of(recipe("炒鸡块", "鸡腿 小米椒", "炒熟。")).tags

    def test_what_is_steamed_is_light(self) -> None:
        assert "清淡" in facets_of(recipe("鲈鱼", "鲈鱼 姜 盐", "上锅蒸8分钟。")).tags

    def test_the_written_category_beats_the_words_of_the_name(self) -> None:
        soup = Recipe("1", "酸汤肥牛面", (), (), category="热菜", cuisine="川菜")
        assert "热菜" in facets_of(soup).tags
        assert "主食" not in facets_of(soup).tags


class TestTime:
    @pytest.mark.parametrize(
        ("steps", "minutes"),
        [
            (("炖1小时", "炒5分钟"), 71),
            (("腌30分钟", "每面煎2分钟", "蒸10-15分钟"), 53),
            (("炖一个半小时",), 96),
            (("烤半小时",), 36),
            (("静置一刻钟",), 21),
            (("冷藏隔夜",), 486),
            (("煮40秒",), 7),
            (("煮熟", "调味"), None),
            (("炒5分钟", "冷藏可保存3天"), 11),
        ],
    )
    def test_is_summed_from_the_steps(self, steps: tuple[str, ...], minutes: int | None) -> None:
        assert minutes_of(recipe("菜", "", *steps)) == minutes

    def test_what_the_recipe_or_its_name_says_counts_more(self) -> None:
        assert minutes_of(recipe("菜", "", "炖1小时", minutes=20)) == 20
        assert minutes_of(recipe("10分钟早餐", "", "煮3分钟")) == 10


class TestKinds:
    @pytest.mark.parametrize(
        ("text", "kinds"),
        [
            ("牛油果", set()),
            ("牛腩", {"牛肉", "肉"}),
            ("猪油", {"猪肉", "肉", "油"}),
            ("鸡蛋", {"鸡蛋"}),
            ("鱼露", {"鱼", "水产"}),
            ("水煮鱼", {"鱼", "水产", "辣"}),
            ("鱼香茄子", set()),
            ("杏鲍菇", set()),
            ("牛肉末", {"牛肉", "肉"}),
            ("蚝油", {"贝", "水产"}),
            ("无盐黄油", {"油", "奶"}),
        ],
    )
    def test_are_wide(self, text: str, kinds: set[str]) -> None:
        assert kinds_in(text) == kinds

    @pytest.mark.parametrize(
        ("asked", "line", "has"),
        [
            ("牛肉", "牛腩500克", True),
            ("牛肉", "牛肉高汤", False),
            ("土豆", "土豆淀粉", False),
            ("洋芋", "小土豆", True),
            ("西红柿", "番茄", True),
            ("番茄", "番茄酱", False),
            ("芒果", "芒果丁", True),
            ("蒜", "葱姜蒜 料酒", True),
            ("茄子", "豆瓣酱：适量茄子", True),
            ("鸡肉", "鸡精", False),
        ],
    )
    def test_ingredients_are_narrow(self, asked: str, line: str, has: bool) -> None:
        assert (ingredient_term(asked) in ingredient_terms(line)) == has


class TestAllergens:
    @pytest.mark.parametrize(
        ("made_of", "allergens"),
        [
            (recipe("炒菜", "青菜 蚝油"), {"大豆", "麸质", "贝类"}),
            (recipe("拌米线", "米粉", "淋一勺花生酱。"), {"花生"}),
            (recipe("花生糊", "米"), {"花生"}),
            (recipe("炒菜", "青菜 火锅底料"), {"大豆", "麸质", "芝麻", UNKNOWN_ALLERGENS}),
            (recipe("炒菜"), {UNKNOWN_ALLERGENS}),
            (recipe("煎蛋饺皮", "玉米淀粉", "煎至两面金黄，翻面再煎一面。"), {"鸡蛋", "麸质"}),
            (recipe("煎土豆", "土豆 盐", "煎至两面金黄，翻面再煎一面。"), set()),
        ],
    )
    def test_are_found_wherever_they_are_mentioned(self, made_of: Recipe, allergens: set[str]) -> None:
        assert facets_of(made_of).allergens == allergens

    def test_what_cannot_all_be_read_is_unknown(self) -> None:
        endless = Recipe("1", "汤", (Ingredient("水", Quantity.parse("")),), ("煮" * 5000,) * 5)
        assert UNKNOWN_ALLERGENS in facets_of(endless).allergens
