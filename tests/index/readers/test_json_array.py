"""Lists of JSON values, streamed."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any, cast

import pytest

from core.recipe import Recipe
from index.readers import RowError, json_array, read_corpus
from index.readers.rows import opened
from tests.index.corpora import own_row, xiachufang_row, xtuner_sample


def values_of(data: bytes) -> list[Any]:
    """Values, and reasons of what could not be read."""
    rows = json_array.read_values(cast("io.BufferedReader", io.BytesIO(data)), data[:100], "x")
    return [row.reason if isinstance(row, RowError) else row[1] for row in rows]


@pytest.mark.parametrize(
    "value",
    [
        [],
        [1],
        [1, 2.5, "a", None, True, [], {}],
        [{"a": [{"a": "]},{"}]}, {"b": 1}],
        ["\\", '"', "汉字" * 50],
    ],
)
@pytest.mark.parametrize("chunk", [7, 1 << 18])
def test_reads_what_json_reads(value: list[Any], chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "_CHUNK_BYTES", chunk)
    for text in (
        json.dumps(value),
        json.dumps(value, indent=2, ensure_ascii=False),
        f" \n{json.dumps(value)}\n",
    ):
        assert values_of(text.encode()) == value


@pytest.mark.parametrize("chunk", [16, 1 << 18])
def test_goes_on_after_a_broken_value(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "_CHUNK_BYTES", chunk)
    text = '[{"id": 1}, {"id": 2, "x": [}, {"y": 1}]}, {"id": 3}, {"id": }, {"id": 5}]'
    assert values_of(text.encode()) == [
        {"id": 1},
        "not JSON (Expecting value)",
        {"id": 3},
        "not JSON (Expecting value)",
        {"id": 5},
    ]


def test_a_value_that_is_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "_CHUNK_BYTES", 64)
    monkeypatch.setattr(json_array, "MAX_VALUE_CHARACTERS", 500)
    text = json.dumps([{"id": 1}, {"id": "长" * 2000}, {"id": "短" * 300}, {"id": 3}], ensure_ascii=False)
    first, second, third, last = values_of(text.encode())
    assert (first, third, last) == ({"id": 1}, {"id": "短" * 300}, {"id": 3})
    assert second in {"longer than 500 characters", "not JSON (Unterminated string starting at)"}


def test_values_nested_too_deeply() -> None:
    deep = '{"id": ' + "[" * 100_000 + "]" * 100_000 + "}"
    assert values_of(f'[{{"id": 1}}, {deep}, {{"id": 2}}]'.encode()) == [
        {"id": 1},
        "not JSON (nested too deeply)",
        {"id": 2},
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_other_encodings(encoding: str) -> None:
    rows = [own_row("红烧肉"), own_row("番茄炒蛋")]
    assert values_of(json.dumps(rows, ensure_ascii=False).encode(encoding)) == rows


def test_bytes_of_another_encoding_within() -> None:
    data = json.dumps([own_row("一"), own_row("坏"), own_row("二")], ensure_ascii=False).encode()
    data = data.replace("坏".encode(), b"\xff\xfe")
    assert values_of(data)[1] == "holds bytes that are not in the file's encoding"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    sample = json.dumps(xtuner_sample("饼" * 300), ensure_ascii=False)
    path.write_text(f"[{','.join([sample] * 5_000)}]", encoding="utf-8")
    tracemalloc.start()
    with opened(path) as file:
        read = sum(1 for _ in json_array.read_values(file, b"[", "x"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (read, path.stat().st_size > 9_000_000, peak < 2_500_000) == (5_000, True, True)


def test_a_list_may_hold_any_known_form(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    rows = [xiachufang_row("酱香饼"), own_row("自家饼"), xtuner_sample("孜然牛肉")]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    assert [row.name for row in read_corpus(path) if isinstance(row, Recipe)] == [
        "酱香饼",
        "自家饼",
        "孜然牛肉",
    ]
