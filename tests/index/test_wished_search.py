"""What a query is answered by: its name, its wishes, or the wishes in its sentence."""

from __future__ import annotations

import pytest

from index.retriever import HybridRetriever
from tests.index.change_process import change
from tests.index.corpora import own_row, write_jsonl

_NAMES = (
    "无油酸汤焖白菜",
    "宝宝爱吃的玉米土豆排骨汤",
    "又香又糯的粉蒸肉",
    "粉蒸肉",
    "麻辣小土豆",
    "没加蛋没用油的红薯燕麦饼",
    "不用油的电饭煲红烧肉",
    "番茄炒蛋",
    "【杭椒炒蛋】快手下饭菜",
)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    folder = tmp_path_factory.mktemp("index")
    corpus = write_jsonl(folder / "corpus.jsonl", [own_row(name) for name in _NAMES])
    change("build", folder / "index", corpus)
    return HybridRetriever.open(folder / "index", None)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("无油汤酸焖白菜的做法", "无油酸汤焖白菜"),
        ("宝宝爱吃的玉米马铃薯排骨汤怎么做", "宝宝爱吃的玉米土豆排骨汤"),
        ("又又糯的粉蒸肉的做法", "又香又糯的粉蒸肉"),
        ("麻小土豆的做法", "麻辣小土豆"),
        ("没加蛋没用油的红薯麦饼的做法", "没加蛋没用油的红薯燕麦饼"),
        ("不用油的电饭煲红肉烧的做法", "不用油的电饭煲红烧肉"),
    ],
)
def test_a_garbled_name_is_no_wish(retriever: HybridRetriever, query: str, name: str) -> None:
    found = retriever.search_now(query)
    assert (found.hits[0].recipe.name, found.refused) == (name, False)


def test_a_wish_that_ends_a_title_finds_it_first(retriever: HybridRetriever) -> None:
    found = retriever.search_now("快手下饭菜怎么做")
    assert (found.hits[0].recipe.name, found.is_choice) == ("【杭椒炒蛋】快手下饭菜", True)


@pytest.mark.parametrize("query", ["早上好", "晚安", "你好呀"])
def test_a_greeting_is_no_wish(retriever: HybridRetriever, query: str) -> None:
    assert retriever.search_now(query).refused


def test_what_must_not_be_in_it_is_not_even_the_nearest(retriever: HybridRetriever) -> None:
    found = retriever.search_now("表妹鸡蛋过敏，番茄炒蛋之类的她爱吃，还能弄点啥")
    assert "番茄炒蛋" not in [hit.recipe.name for hit in found.hits]
