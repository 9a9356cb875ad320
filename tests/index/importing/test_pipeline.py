"""Whole imports: what comes out, what the report says, and that nothing is damaged."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import CorpusError, DiskFullError, ModelUnavailableError
from core.recipe import Recipe
from index.importing import pipeline
from index.importing.pipeline import ImportOptions, import_sources
from index.readers import read_corpus
from tests.index.corpora import own_row, write_howtocook, write_jsonl, xiachufang_row


def recipes_in(out: Path) -> list[Recipe]:
    return [row for row in read_corpus(out) if isinstance(row, Recipe)]


def report_of(out: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(out.with_name(f"{out.name}.report.json").read_text(encoding="utf-8"))
    return report


def test_all_sources_into_one_file(tmp_path: Path) -> None:
    corpus = write_jsonl(
        tmp_path / "c.jsonl",
        [
            xiachufang_row("酱香饼"),
            "{broken",
            xiachufang_row("", author="x"),
            xiachufang_row("【快手】酱香饼", author="another"),
            xiachufang_row("葱油餅", recipeInstructions=["葱切碎&amp;炒香。", "餅煎熟後裝盤。"]),
        ],
    )
    out = tmp_path / "new" / "out.jsonl"
    report = import_sources([corpus, write_howtocook(tmp_path / "dishes")], out)
    assert [(recipe.name, recipe.steps[0]) for recipe in recipes_in(out)] == [
        ("酱香饼", "打散"),
        ("葱油餅", "葱切碎&炒香。"),
        ("水煮蛋", "水烧开。 放鸡蛋，转小火。"),
    ]
    assert (report.rows, report.written, report.duplicates, report.repaired) == (6, 3, 1, 1)
    found = report_of(out)
    assert {key: found[key] for key in ("rows", "written", "duplicates", "languages")} == {
        "rows": 6,
        "written": 3,
        "duplicates": 1,
        "languages": {"zh-Hans": 2, "zh-Hant": 1},
    }
    assert sum(found["quality"].values()) == 3
    assert [(row["rows"], row["reason"][:8], row["examples"]) for row in found["skipped"]] == [
        (1, "name is ", [f"{corpus}:3"]),
        (1, "not JSON", [f"{corpus}:2"]),
    ]
    assert sorted(path.name for path in out.parent.iterdir()) == ["out.jsonl", "out.jsonl.report.json"]


def test_two_recipes_with_one_id_both_stay(tmp_path: Path) -> None:
    rows = [own_row("一", recipe_id="a"), own_row("二", recipe_id="a"), own_row("一", recipe_id="b")]
    report = import_sources([write_jsonl(tmp_path / "c.jsonl", rows)], tmp_path / "out.jsonl")
    first, second = recipes_in(tmp_path / "out.jsonl")
    assert (first.recipe_id, second.recipe_id != "a", len(second.recipe_id)) == ("a", True, 16)
    assert (report.renamed, report.duplicates) == (1, 1)


def test_a_quality_may_be_asked_for(tmp_path: Path) -> None:
    rows = [own_row("一"), own_row("二", ingredients=[], steps=["做"])]
    options = ImportOptions(min_quality=30)
    report = import_sources([write_jsonl(tmp_path / "c.jsonl", rows)], tmp_path / "out.jsonl", options)
    assert (report.written, report.skipped.by_count()) == (1, [("quality below N", 1, ("二",))])


def test_progress_is_told_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_PROGRESS_ROWS", 1)
    corpus = write_jsonl(tmp_path / "c.jsonl", [own_row(f"饼{n}") for n in range(3)])
    told: list[tuple[int, int, int]] = []
    import_sources([corpus], tmp_path / "out.jsonl", None, lambda *counts: told.append(counts))
    size = corpus.stat().st_size
    assert [(rows, total) for rows, _, total in told] == [(1, size), (2, size), (3, size), (3, size)]
    assert sorted(done for _, done, _ in told) == [done for _, done, _ in told]
    assert told[-1][1] == size


class TestManyBadRows:
    def test_are_named_once_with_their_number(self, tmp_path: Path) -> None:
        path = tmp_path / "c.jsonl"
        empty = json.dumps(xiachufang_row("")) + "\n"
        good = json.dumps(xiachufang_row("酱香饼"), ensure_ascii=False)
        path.write_text(empty * 20_000 + good, encoding="utf-8")
        report = import_sources([path], tmp_path / "out.jsonl")
        assert report.skipped.by_count() == [
            ("name is empty", 20_000, tuple(f"{path}:{number}" for number in range(1, 6)))
        ]
        assert len(json.dumps(report.to_dict())) < 3000

    @pytest.mark.load
    def test_half_a_million(self, tmp_path: Path) -> None:
        path = tmp_path / "c.jsonl"
        empty = json.dumps(xiachufang_row("")) + "\n"
        path.write_text(empty * 500_000 + json.dumps(xiachufang_row("饼")), encoding="utf-8")
        report = import_sources([path], tmp_path / "out.jsonl")
        assert [rows for _, rows, _ in report.skipped.by_count()] == [500_000]
        assert (tmp_path / "out.jsonl.report.json").stat().st_size < 3000

    def test_of_many_kinds_do_not_fill_the_report(self, tmp_path: Path) -> None:
        rows = [own_row("饼") | {f"键{chr(0x4E00 + n)}": 1} for n in range(400)]
        report = import_sources(
            [write_jsonl(tmp_path / "c.jsonl", [*rows, own_row("饼")])], tmp_path / "out.jsonl"
        )
        assert (report.skipped.total, len(report.skipped.by_count())) == (400, 301)
        assert report.skipped.by_count()[0][:2] == ("other reasons", 100)

    def test_one_of_ten_megabytes(self, tmp_path: Path) -> None:
        rows = [own_row("一"), own_row("大", steps=["炒" * 3_500_000]), own_row("二")]
        report = import_sources([write_jsonl(tmp_path / "c.jsonl", rows)], tmp_path / "out.jsonl")
        assert [recipe.name for recipe in recipes_in(tmp_path / "out.jsonl")] == ["一", "二"]
        assert report.skipped.by_count() == [("longer than N bytes", 1, (f"{tmp_path / 'c.jsonl'}:2",))]


class TestNothingIsDamaged:
    def old(self, tmp_path: Path) -> Path:
        return write_jsonl(tmp_path / "out.jsonl", [own_row("旧")])

    def names(self, out: Path) -> list[str]:
        return [recipe.name for recipe in recipes_in(out)]

    def test_when_there_is_no_recipe(self, tmp_path: Path) -> None:
        out, corpus = self.old(tmp_path), write_jsonl(tmp_path / "c.jsonl", [xiachufang_row("")])
        with pytest.raises(CorpusError) as caught:
            import_sources([corpus], out)
        assert caught.value.message == f"{corpus}: no recipe could be read ({corpus}:1: name is empty)"
        assert (self.names(out), report_of(out)["written"], out.with_name("out.jsonl.part").exists()) == (
            ["旧"],
            0,
            False,
        )

    def test_when_a_source_is_missing(self, tmp_path: Path) -> None:
        out = self.old(tmp_path)
        with pytest.raises(CorpusError, match="no such file or folder"):
            import_sources([tmp_path / "missing.jsonl"], out)
        assert self.names(out) == ["旧"]

    def test_when_the_disk_is_full(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_recipe: Recipe) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        out = self.old(tmp_path)
        monkeypatch.setattr(pipeline, "quality_of", full)
        with pytest.raises(DiskFullError, match="what was there is unchanged"):
            import_sources([write_jsonl(tmp_path / "c.jsonl", [own_row("新")])], out)
        assert self.names(out) == ["旧"]

    def test_when_the_model_is_down(self, tmp_path: Path) -> None:
        def down(_path: Path, /, **_more: object) -> Any:
            raise ModelUnavailableError("down")
            yield

        out = self.old(tmp_path)
        (tmp_path / "book.txt").write_text("散文", encoding="utf-8")
        with pytest.raises(ModelUnavailableError):
            import_sources([tmp_path / "book.txt"], out, ImportOptions(document_reader=down))
        assert self.names(out) == ["旧"]
