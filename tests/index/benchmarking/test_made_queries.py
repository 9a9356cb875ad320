"""Queries made from an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.benchmarking.made_queries import made_queries
from index.build import build_index
from index.evaluate import LabelledQuery
from index.manifest import Manifest
from index.segment import Segment
from index.segments import open_segments
from tests.index.corpora import own_row, write_jsonl


def segment_of(folder: Path, *rows: dict[str, object]) -> Segment:
    build_index([write_jsonl(folder / "rows.jsonl", rows)], folder / "index", None)
    return open_segments(folder / "index", Manifest.read(folder / "index"))[0]


@pytest.fixture
def made(tmp_path: Path) -> dict[str, list[LabelledQuery]]:
    beef = [{"name": name, "amount": "1个"} for name in ("土豆", "牛肉", "盐", "不知名的")]
    rows = own_row("红烧肉"), own_row("🔥毛氏红烧肉"), own_row("土豆烧牛肉", ingredients=beef), own_row("汤")
    return made_queries(segment_of(tmp_path, *rows), 10)


def test_names_in_pinyin(made: dict[str, list[LabelledQuery]]) -> None:
    assert {query.query: set(query.relevant) for query in made["made_pinyin"]} == {
        "hong shao rou zenme zuo": {"红烧肉"},
        "tu dou shao niu rou zenme zuo": {"土豆烧牛肉"},
    }


def test_pairs_of_what_is_no_seasoning(made: dict[str, list[LabelledQuery]]) -> None:
    queries = [(query.query, query.wish.ingredients) for query in made["made_ingredients"] if query.wish]
    assert queries == [("土豆和牛肉能做什么", ("土豆", "牛肉"))]


def test_allergens_are_wished_away(made: dict[str, list[LabelledQuery]]) -> None:
    assert [query.query for query in made["made_exclusions"]][:2] == [
        "鸡蛋过敏，推荐几个菜",
        "乳制品过敏，推荐几个菜",
    ]
    assert all(query.wish and len(query.wish.free_of) == 1 for query in made["made_exclusions"])


def test_a_dish_is_hidden_with_all_that_have_its_name(made: dict[str, list[LabelledQuery]]) -> None:
    hidden = {query.query: len(query.hidden) for query in made["made_absent"]}
    assert hidden == {"红烧肉怎么做": 2, "土豆烧牛肉怎么做": 1}
    assert not any(query.is_answerable for query in made["made_absent"])
