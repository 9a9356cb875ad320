"""Dialogues over the shipped cookbook, as the bot leads them."""

from __future__ import annotations

import pytest

from index.benchmarking.dialogues import in_dialogue
from index.evaluate import search_of
from index.retriever import HybridRetriever
from tests.index.benchmarking.searches import finding


@pytest.mark.parametrize(
    ("before", "last", "name"),
    [
        (["红烧肉怎么做"], "要多少糖", "红烧肉"),
        (["宫保鸡丁怎么做"], "那鱼香肉丝呢", "鱼香肉丝"),
        (["红烧肉怎么做", "谢谢"], "第二步再说一遍", "红烧肉"),
        (["今天星期几"], "红烧肉怎么做", "红烧肉"),
    ],
)
def test_what_a_follow_up_is_about(
    lexical_retriever: HybridRetriever, before: list[str], last: str, name: str
) -> None:
    retrieval, seconds = in_dialogue(search_of(lexical_retriever), before, last, 5)
    assert (retrieval.hits[0].recipe.name, retrieval.refused, seconds > 0) == (name, False, True)


def test_a_list_goes_on_with_others(lexical_retriever: HybridRetriever) -> None:
    search = search_of(lexical_retriever)
    first = search("有什么素菜", 5)
    more, _ = in_dialogue(search, ["有什么素菜"], "换一批", 5)
    assert first.hits
    assert more.hits
    assert not {hit.recipe.name for hit in first.hits} & {hit.recipe.name for hit in more.hits}


def test_a_dish_of_a_list_is_picked(lexical_retriever: HybridRetriever) -> None:
    search = search_of(lexical_retriever)
    second = search("有什么粤菜", 5).hits[1].recipe.name
    assert in_dialogue(search, ["有什么粤菜"], "第二道", 5)[0].hits[0].recipe.name == second


def test_the_last_dish_is_not_offered_again() -> None:
    found, _ = in_dialogue(finding("红烧肉", "东坡肉"), ["红烧肉怎么做"], "换一道", 5)
    assert [hit.recipe.name for hit in found.hits] == ["东坡肉"]
