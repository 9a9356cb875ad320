"""Measuring search."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import CorpusError
from index.build import build_index
from index.evaluate import LabelledQuery, evaluate, read_queries
from index.retriever import HybridRetriever


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
    result = evaluate(retriever, queries)
    assert (result["n"], result["hit@1"], result["refusal_recall"], result["wrongly_refused"]) == (
        6,
        0.5,
        0.5,
        0.25,
    )
    assert set(result["latency_ms"]) == {"p50", "p99"}
    assert result["latency_ms"]["p50"] <= result["latency_ms"]["p99"]


def test_what_is_not_there_is_not_counted(retriever: HybridRetriever) -> None:
    only_dishes = evaluate(retriever, [query("红烧肉", "红烧肉")])
    only_offtopic = evaluate(retriever, [query("今天星期几")])
    nothing = evaluate(retriever, [])
    assert (only_dishes["refusal_recall"], only_dishes["mrr"]) == (None, 1.0)
    assert (only_offtopic["hit@1"], only_offtopic["hit@5"], only_offtopic["wrongly_refused"]) == (
        None,
        None,
        None,
    )
    assert (nothing["n"], nothing["latency_ms"]) == (0, {"p50": None, "p99": None})


def test_a_query_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.jsonl"
    path.write_text(
        '\ufeff{"query": "红烧肉", "relevant": ["红烧肉"], "kind": "plain"}\n\n', encoding="utf-8"
    )
    assert read_queries(path) == [query("红烧肉", "红烧肉")]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "3", '{"query": "a"}', '{"query": 1, "relevant": []}', '{"query": "a", "relevant": "b"}'],
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
