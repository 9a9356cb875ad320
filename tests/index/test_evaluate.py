"""Measuring search."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import CorpusError
from core.ports import Hit, Retrieval
from index.build import build_index
from index.conditions import Wishes
from index.evaluate import LabelledQuery, evaluate, outcomes_of, read_queries, refusal_of, search_of
from index.retriever import HybridRetriever
from tests.index.benchmarking.searches import finding, recipe
from tests.index.corpora import write_jsonl


@pytest.fixture
def retriever(corpus: Path, tmp_path: Path) -> HybridRetriever:
    build_index([corpus], tmp_path / "index", None)
    return HybridRetriever.open(tmp_path / "index", None)


def query(text: str, *relevant: str) -> LabelledQuery:
    return LabelledQuery(text, frozenset(relevant))


def test_counts(retriever: HybridRetriever) -> None:
    queries = [
        query("红烧肉怎么做", "红烧肉"),
        query("番茄炒蛋的做法", "没有的菜", "番茄炒蛋"),
        query("清蒸鲈鱼", "没有的菜"),
        query("怎么修自行车", "红烧肉"),
        query("今天星期几"),
        query("红烧肉"),
    ]
    result = evaluate(search_of(retriever), queries)
    assert (result["n"], result["hit@1"], result["refusal_recall"], result["wrongly_refused"]) == (
        6,
        0.5,
        0.5,
        0.25,
    )
    assert set(result["latency_ms"]) == {"p50", "p99"}
    assert result["latency_ms"]["p50"] <= result["latency_ms"]["p99"]


def test_what_is_not_there_is_not_counted(retriever: HybridRetriever) -> None:
    only_dishes = evaluate(search_of(retriever), [query("红烧肉", "红烧肉")])
    only_offtopic = evaluate(search_of(retriever), [query("今天星期几")])
    nothing = evaluate(search_of(retriever), [])
    assert (only_dishes["refusal_recall"], only_dishes["mrr"]) == (None, 1.0)
    assert (only_offtopic["hit@1"], only_offtopic["hit@5"], only_offtopic["wrongly_refused"]) == (
        None,
        None,
        None,
    )
    assert only_dishes["all@5"] is None
    assert (nothing["n"], nothing["latency_ms"]) == (0, {"p50": None, "p99": None})


def test_refusals_of_all_kinds_together(retriever: HybridRetriever) -> None:
    search = search_of(retriever)
    queries = [
        query("红烧肉", "红烧肉"),
        query("怎么修自行车", "红烧肉"),
        query("今天星期几"),
        query("清蒸鲈鱼"),
    ]
    assert refusal_of(outcomes_of(search, queries)) == {"precision": 0.5, "recall": 0.5}
    assert refusal_of([]) == {"precision": None, "recall": None}


def test_every_hit_that_is_shown_must_meet_a_wish() -> None:
    wish = LabelledQuery("鸡蛋", frozenset(), wish=Wishes(ingredients=("鸡蛋",)))
    eggs, beans = Hit(recipe("炒蛋", "鸡蛋"), 1.0, ""), Hit(recipe("豆腐", "豆腐"), 1.0, "")

    def clean(*hits: Hit, count: int = 0) -> bool:
        found = Retrieval("鸡蛋", hits, not hits, count=count)
        return outcomes_of(lambda query, limit, exclude=frozenset(): found, [wish])[0].is_clean

    assert (clean(eggs), clean(eggs, beans), clean(eggs, beans, count=1), clean()) == (
        True,
        False,
        True,
        False,
    )
    assert clean(eggs, eggs, eggs, eggs, eggs, beans)


def test_a_dish_twice_is_seen() -> None:
    twice = outcomes_of(finding("红烧肉", "🔥红烧肉"), [query("红烧肉", "红烧肉")])
    once = outcomes_of(finding("红烧肉", "东坡肉"), [query("红烧肉", "红烧肉")])
    assert (twice[0].repeats, once[0].repeats) == (True, False)


def test_a_query_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.jsonl"
    path.write_text(
        '\ufeff{"query": "红烧肉", "relevant": ["红烧肉"], "kind": "plain"}\n\n', encoding="utf-8"
    )
    assert read_queries(path) == [query("红烧肉", "红烧肉")]


def test_dialogues_and_wishes_are_read(tmp_path: Path) -> None:
    line = {
        "dialogue": ["来个川菜"],
        "query": "不要辣的",
        "relevant": [],
        "wish": {"tags": ["川菜"], "max_minutes": 9},
    }
    assert read_queries(write_jsonl(tmp_path / "q.jsonl", [line])) == [
        LabelledQuery("不要辣的", frozenset(), ("来个川菜",), Wishes(tags=("川菜",), max_minutes=9))
    ]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "3", '{"query": "a"}', '{"query": 1, "relevant": []}', '{"query": "a", "relevant": "b"}']
    + [
        f'{{"query": "a", "relevant": [], {more}}}'
        for more in ('"dialogue": "b"', '"wish": []', '"wish": {"a": 1}')
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"query": "a", "relevant": []}\n' + line, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"q\.jsonl:2: "):
        read_queries(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "q.jsonl").write_bytes(content)
    with pytest.raises(CorpusError, match=r"q\.jsonl: cannot be read"):
        read_queries(tmp_path / "q.jsonl")
