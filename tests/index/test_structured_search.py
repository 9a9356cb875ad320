"""Search by wishes over the shipped cookbook: nothing that was excluded comes back, whatever is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.allergens import allergens_of
from core.ports import Retrieval
from core.recipe import Recipe
from index.evaluate import read_queries
from index.retriever import HybridRetriever

DATA = Path(__file__).parent / "data"
_NEVER = {
    "不吃牛肉": ("牛肉", "牛腩", "牛里脊", "肥牛", "牛排", "牛油"),
    "不要香菜": ("香菜", "芫荽"),
    "不吃猪肉": ("猪", "五花肉", "火腿", "培根", "腊肠", "午餐肉"),
    "不吃羊肉": ("羊",),
    "不吃鱼": ("鱼肉", "鲈鱼", "鱼露", "鱼片", "三文鱼"),
    "不辣": ("辣椒", "小米椒", "豆瓣酱", "红油", "剁椒", "泡椒", "火锅底料"),
    "不放蒜": ("蒜",),
    "不吃内脏": ("猪肝", "毛肚", "猪腰", "大肠"),
    "有什么素菜": ("猪", "鸡腿", "鸡肉", "牛肉", "虾仁", "鱼露", "蚝油", "羊", "鸡汤"),
    "给宝宝做点什么": ("蜂蜜", "料酒", "辣椒", "白酒", "绍兴酒"),
    "全素的菜": ("鸡蛋", "牛奶", "黄油", "猪", "虾", "蜂蜜", "鸡肉"),
}
"""Wishes, and words that no recipe for them may have anywhere; kept apart from the tables of the search."""
_ALLERGIES = {
    "不含花生": "花生",
    "鸡蛋过敏": "鸡蛋",
    "无麸质": "麸质",
    "乳糖不耐受": "乳制品",
    "芝麻过敏": "芝麻",
    "大豆过敏": "大豆",
    "对虾过敏": "甲壳类",
    "对贝类过敏": "贝类",
    "坚果过敏": "坚果",
    "对鱼过敏": "鱼",
}
_BESIDES = (
    "",
    "，推荐几个菜",
    "，早餐吃什么",
    "，来个川菜",
    "，有什么汤",
    "，推荐十道下饭菜",
    "，二十分钟以内的菜",
)


def words_of(recipe: Recipe) -> str:
    names = (f"{i.name}{i.amount}" for i in recipe.ingredients)
    return "\n".join((recipe.name, *recipe.aliases, *names, *recipe.steps))


def searched(retriever: HybridRetriever, query: str, limit: int = 20) -> Retrieval:
    return retriever.search_now(query, limit=limit)


class TestWhatMustNotBeInIt:
    @pytest.mark.parametrize("besides", _BESIDES)
    @pytest.mark.parametrize("wish", _NEVER)
    def test_is_in_no_hit(self, lexical_retriever: HybridRetriever, wish: str, besides: str) -> None:
        retrieval = searched(lexical_retriever, wish + besides)
        assert retrieval.is_choice
        found = {h.recipe.name: [w for w in _NEVER[wish] if w in words_of(h.recipe)] for h in retrieval.hits}
        assert {name: words for name, words in found.items() if words} == {}

    @pytest.mark.parametrize("besides", _BESIDES)
    @pytest.mark.parametrize("wish", _ALLERGIES)
    def test_no_allergen_is_in_a_hit(
        self, lexical_retriever: HybridRetriever, wish: str, besides: str
    ) -> None:
        group = _ALLERGIES[wish]
        retrieval = searched(lexical_retriever, wish + besides)
        assert retrieval.is_choice
        for hit in retrieval.hits:
            assert group not in hit.recipe.allergens
            assert group not in allergens_of(i.name for i in hit.recipe.ingredients)
            assert group not in allergens_of([hit.recipe.name])

    def test_is_in_no_hit_for_a_dish_that_is_named(self, lexical_retriever: HybridRetriever) -> None:
        never = {
            "不含花生的宫保鸡丁": "花生",
            "不辣的水煮鱼": "豆瓣",
            "川菜，不要牛肉里的「小炒黄牛肉」": "牛肉",
        }
        for query, word in never.items():
            retrieval = searched(lexical_retriever, query)
            assert retrieval.refused
            assert not any(word in words_of(hit.recipe) for hit in retrieval.hits)


class TestFigures:
    @pytest.mark.parametrize(("kind", "bar"), [("ingredients", 0.98), ("wishes", 0.9), ("exclusions", 0.95)])
    def test_the_first_five_are_right(
        self, lexical_retriever: HybridRetriever, kind: str, bar: float
    ) -> None:
        right = shown = 0
        for query in read_queries(DATA / f"{kind}.jsonl"):
            retrieval = searched(lexical_retriever, query.query, 5)
            if not query.relevant:
                assert retrieval.refused
                continue
            assert not retrieval.refused
            shown += len(retrieval.hits)
            right += sum(1 for hit in retrieval.hits if hit.recipe.name in query.relevant)
        assert right / shown >= bar

    def test_names_are_no_wishes(self, lexical_retriever: HybridRetriever) -> None:
        records = [json.loads(line) for line in (DATA / "plain.jsonl").read_text("utf-8").splitlines()]
        assert [r["query"] for r in records if searched(lexical_retriever, r["query"]).is_choice] == []


class TestLists:
    def test_have_one_recipe_a_dish_and_as_many_as_were_asked_for(
        self, lexical_retriever: HybridRetriever
    ) -> None:
        retrieval = searched(lexical_retriever, "推荐八道下饭菜", 5)
        assert (retrieval.count, len({hit.recipe.name for hit in retrieval.hits})) == (8, 8)

    def test_go_on_with_other_dishes(self, lexical_retriever: HybridRetriever) -> None:
        first = lexical_retriever.search_now("来个川菜", limit=5)
        shown = frozenset(hit.recipe.recipe_id for hit in first.hits)
        second = lexical_retriever.search_now("来个川菜", limit=5, exclude=shown)
        assert not {h.recipe.name for h in first.hits} & {h.recipe.name for h in second.hits}
        longer = lexical_retriever.search_now("来个川菜", limit=10)
        assert longer.hits[:5] == first.hits

    def test_what_nothing_meets_is_refused_with_the_softest_wish_given_up(
        self, lexical_retriever: HybridRetriever
    ) -> None:
        retrieval = searched(lexical_retriever, "三分钟的川菜")
        assert (retrieval.refused, retrieval.relaxed) == (True, ("3 分钟以内",))
        assert retrieval.wanted == ("川菜", "3 分钟以内")
        assert {hit.recipe.cuisine for hit in retrieval.hits} == {"川菜"}

    def test_what_must_not_be_in_it_is_never_given_up(self, lexical_retriever: HybridRetriever) -> None:
        retrieval = searched(lexical_retriever, "不吃牛肉、不吃猪肉的牛肉菜")
        assert retrieval.refused
        assert not any("牛肉" in words_of(hit.recipe) for hit in retrieval.hits)

    def test_ingredients_that_nobody_knows_are_looked_up_as_a_name(
        self, lexical_retriever: HybridRetriever
    ) -> None:
        assert not searched(lexical_retriever, "有水泥和钢筋，能做什么").is_choice

    def test_a_dish_with_a_condition_is_that_dish(self, lexical_retriever: HybridRetriever) -> None:
        retrieval = searched(lexical_retriever, "不含花生的番茄炒蛋")
        assert ([h.recipe.name for h in retrieval.hits], retrieval.refused) == (["番茄炒蛋"], False)
        assert not retrieval.is_choice

    def test_a_question_with_a_limit_stated_before_is_about_that_dish(
        self, lexical_retriever: HybridRetriever
    ) -> None:
        refused = searched(lexical_retriever, "宫保鸡丁怎么做，对花生过敏", 5)
        assert refused.refused
        assert all("花生" not in words_of(hit.recipe) for hit in refused.hits)
        assert any("鸡" in hit.recipe.name for hit in refused.hits)
        found = searched(lexical_retriever, "水煮鱼怎么做，鱼片才嫩，对花生过敏", 1)
        assert [hit.recipe.name for hit in found.hits] == ["水煮鱼"]

    def test_a_dish_of_a_list_is_that_dish(self, lexical_retriever: HybridRetriever) -> None:
        retrieval = searched(lexical_retriever, "来个川菜里的「鱼香茄子」", 1)
        assert ([h.recipe.name for h in retrieval.hits], retrieval.refused) == (["鱼香茄子"], False)
