"""Building an index: what is written, what is reported, and that failure changes nothing."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import CorpusError, DiskFullError, ModelResponseError, RecipeIndexError
from core.recipe import Recipe
from index import build as build_module
from index import segment_build
from index.build import build_index, is_current
from index.manifest import Manifest
from index.retriever import HybridRetriever
from index.segment_build import BuildReport
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row, write_jsonl

REPOSITORY = Path(__file__).parents[2]


def content_of(folder: Path) -> dict[str, bytes]:
    """The index in `folder`: all files but the lock and the work under way."""
    paths = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return {p.as_posix(): (folder / p).read_bytes() for p in paths if p.parts[0] not in {".lock", "building"}}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place" / "index"


class TestWhatIsBuilt:
    def test_counts_and_manifest(self, corpus: Path, out: Path, embedder: HashingEmbedder) -> None:
        report = build_index([corpus], out, embedder)
        manifest = Manifest.read(out)
        assert (report.recipes, report.forms, report.duplicates, report.skipped) == (3, 4, 0, [])
        assert (manifest.recipes, manifest.forms, manifest.dimension) == (3, 4, 32)
        assert (manifest.embedder, manifest.embedder_revision, manifest.metric) == (
            "fake/hashing",
            "1",
            "inner_product",
        )
        manifest.check_files(out)
        assert names_in(out) == [".lock", "manifest.json", "segment-1"]
        assert names_in(out.parent) == ["index"]

    def test_questions_are_embedded_each_once(
        self, tmp_path: Path, out: Path, embedder: HashingEmbedder
    ) -> None:
        rows = [own_row("红烧肉"), own_row("红烧肉", source="别处"), own_row("清蒸鲈鱼")]
        build_index([write_jsonl(tmp_path / "c.jsonl", rows)], out, embedder)
        assert embedder.batches == [("红烧肉怎么做", "清蒸鲈鱼怎么做")]

    def test_without_an_embedder_it_is_lexical(self, corpus: Path, out: Path) -> None:
        build_index([corpus], out, None)
        assert (Manifest.read(out).embedder, (out / "segment-1" / "vectors.f16").exists()) == ("", False)

    def test_duplicates_are_counted_and_left_out(self, tmp_path: Path, out: Path) -> None:
        path = write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉"), own_row("红烧肉"), own_row("饼子")])
        report = build_index([path, path], out, None)
        assert (report.recipes, report.duplicates) == (2, 4)

    def test_rows_never_shift(self, tmp_path: Path, out: Path) -> None:
        rows: list[dict[str, Any] | str] = [
            own_row("红烧肉"),
            "坏",
            own_row("清蒸鲈鱼"),
            own_row("红烧肉"),
            own_row("葱油拌面"),
        ]
        build_index([write_jsonl(tmp_path / "c.jsonl", rows)], out, None, skip_bad=True)
        retriever = HybridRetriever.open(out, None)
        found = [
            retriever.search_now(name).hits[0].recipe.name for name in ("红烧肉", "清蒸鲈鱼", "葱油拌面")
        ]
        assert found == ["红烧肉", "清蒸鲈鱼", "葱油拌面"]

    def test_progress_is_told_to_the_end(self, corpus: Path, out: Path, embedder: HashingEmbedder) -> None:
        calls: list[tuple[str, int, int]] = []
        build_index([corpus], out, embedder, progress=lambda *call: calls.append(call))
        stages = [("读取菜谱", 3), ("归纳菜名", 3), ("登记食材", 3), ("登记字音", 4), ("计算向量", 4)]
        assert calls == [(what, count, count) for what, count in stages]

    def test_while_reading_it_says_how_many_there_will_be(self, tmp_path: Path, out: Path) -> None:
        rows = [own_row(f"红烧{chr(0x4E00 + number)}肉") for number in range(400)]
        calls: list[tuple[str, int, int]] = []
        corpus = write_jsonl(tmp_path / "c.jsonl", rows)
        build_index([corpus], out, None, progress=lambda *call: calls.append(call))
        told = [(done, total) for what, done, total in calls if what == "读取菜谱"]
        assert [done for done, _ in told] == [100, 200, 300, 400, 400]
        assert all(done <= total <= 500 for done, total in told)


class TestBadRows:
    def test_the_first_one_stops_the_build_and_is_named(self, tmp_path: Path, out: Path) -> None:
        path = write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉"), "[]"])
        with pytest.raises(CorpusError) as caught:
            build_index([path], out, None)
        way_out = "(python -m index build --skip-bad leaves such rows out and goes on)"
        expected = f"{path}:2: must be a JSON object {way_out}"
        assert (caught.value.message, names_in(out)) == (expected, [".lock"])

    def test_they_are_reported_when_left_out(self, tmp_path: Path, out: Path) -> None:
        path = write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉"), "[]", "", "null"])
        report = build_index([path], out, None, skip_bad=True)
        assert report.skipped == [f"{path}:2: must be a JSON object", f"{path}:4: must be a JSON object"]

    def test_half_a_million_of_them_are_counted_and_a_hundred_named(self) -> None:
        report = BuildReport()
        for number in range(500_000):
            report.skip(f"c.jsonl:{number}: name must not be empty")
        assert (report.bad_rows, len(report.skipped)) == (500_000, 100)

    def test_a_recipe_of_ten_megabytes_is_one(self, tmp_path: Path, out: Path) -> None:
        huge = own_row("红烧肉", steps=["炖" * 3_500_000])
        report = build_index(
            [write_jsonl(tmp_path / "c.jsonl", [huge, own_row("饼子")])], out, None, skip_bad=True
        )
        assert (report.recipes, report.bad_rows) == (1, 1)
        assert len(report.skipped[0]) < 300

    def test_nothing_but_bad_rows_is_no_index(self, tmp_path: Path, out: Path) -> None:
        path = write_jsonl(tmp_path / "c.jsonl", ["[]"])
        with pytest.raises(CorpusError, match="no recipe could be read"):
            build_index([path], out, None, skip_bad=True)
        assert names_in(out) == [".lock"]


class TestTheOldIndexStays:
    @pytest.fixture(autouse=True)
    def old_index(self, corpus: Path, out: Path) -> dict[str, bytes]:
        build_index([corpus], out, None)
        return content_of(out)

    def test_when_a_row_is_bad(self, tmp_path: Path, out: Path, old_index: dict[str, bytes]) -> None:
        with pytest.raises(CorpusError):
            build_index([write_jsonl(tmp_path / "bad.jsonl", ["[]"])], out, None)
        assert content_of(out) == old_index

    def test_when_the_model_fails(
        self, corpus: Path, out: Path, embedder: HashingEmbedder, old_index: dict[str, bytes]
    ) -> None:
        embedder.failure = ModelResponseError("rubbish")
        with pytest.raises(ModelResponseError):
            build_index([corpus], out, embedder)
        assert content_of(out) == old_index

    def test_when_the_new_one_cannot_take_its_place(
        self, corpus: Path, out: Path, old_index: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rename = Path.rename

        def refuse(self: Path, target: Path) -> Path:
            if self.name == "segment":
                raise OSError(errno.EIO, "Input/output error")
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", refuse)
        with pytest.raises(RecipeIndexError, match="cannot be written"):
            build_index([corpus], out, None)
        assert content_of(out) == old_index

    @pytest.mark.parametrize("step", ["recipe_lookup.write", "lexical.write", "embedded", "put_in_use"])
    def test_when_the_disk_is_full(
        self,
        step: str,
        corpus: Path,
        out: Path,
        embedder: HashingEmbedder,
        old_index: dict[str, bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def full(*_arguments: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        owner, _, attribute = step.rpartition(".")
        module = getattr(segment_build, owner) if owner else segment_build
        if not hasattr(module, attribute):
            module = build_module
        monkeypatch.setattr(module, attribute, full)
        with pytest.raises(DiskFullError, match="the index in use is unchanged"):
            build_index([corpus], out, embedder)
        assert content_of(out) == old_index

    @pytest.mark.parametrize("blocks", [2, 64])
    def test_when_the_system_refuses_to_write_more(
        self, blocks: int, out: Path, tmp_path: Path, old_index: dict[str, bytes]
    ) -> None:
        big = write_jsonl(tmp_path / "big.jsonl", [own_row(f"红烧{chr(0x4E00 + i)}肉") for i in range(900)])
        build = f"{sys.executable} -m index build --embedder none --corpus {big} --out {out}"
        command = f"ulimit -f {blocks}; exec {build}"
        ended = subprocess.run(
            ["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        told = " ".join(ended.stderr.split())
        assert (ended.returncode, "no room on the disk" in told, "Traceback" in told) == (1, True, False)
        assert content_of(out) == old_index

    def test_until_a_better_one_is_complete(self, tmp_path: Path, out: Path) -> None:
        build_index([write_jsonl(tmp_path / "new.jsonl", [own_row("葱油拌面")])], out, None)
        assert Manifest.read(out).recipes == 1
        assert names_in(out) == [".lock", "manifest.json", "segment-2"]


class TestOutFolder:
    @pytest.mark.parametrize("present", ["notes.txt", "manifest.json"])
    def test_what_is_not_an_index_is_left_alone(self, present: str, corpus: Path, out: Path) -> None:
        out.mkdir()
        (out / present).write_text("{}", encoding="utf-8")
        with pytest.raises(RecipeIndexError, match="is not empty and not an index"):
            build_index([corpus], out, None)
        assert content_of(out) == {present: b"{}"}

    def test_a_file_is_left_alone(self, corpus: Path, out: Path) -> None:
        out.write_text("mine", encoding="utf-8")
        with pytest.raises(RecipeIndexError, match="not an index"):
            build_index([corpus], out, None)
        assert out.read_text(encoding="utf-8") == "mine"

    def test_an_empty_folder_is_used(self, corpus: Path, out: Path) -> None:
        out.mkdir()
        assert build_index([corpus], out, None).recipes == 3

    def test_what_a_killed_build_left_in_a_database_is_no_hindrance(self, corpus: Path, out: Path) -> None:
        (out / "vectors-chroma" / "c").mkdir(parents=True)
        build_index([corpus], out, None)
        assert not (out / "vectors-chroma").exists()  # the index that stands keeps nothing there

    def test_a_damaged_index_is_replaced(self, corpus: Path, out: Path) -> None:
        build_index([corpus], out, None)
        (out / "manifest.json").write_text("{", encoding="utf-8")
        build_index([corpus], out, None)
        Manifest.read(out).check_files(out)

    def test_one_of_a_newer_version_is_replaced_when_it_is_asked_for(self, corpus: Path, out: Path) -> None:
        build_index([corpus], out, None)
        (out / "manifest.json").write_text('{"format_version": 3}', encoding="utf-8")
        build_index([corpus], out, None)
        assert names_in(out) == [".lock", "manifest.json", "segment-2"]

    def test_an_index_of_the_first_format_is_replaced(self, corpus: Path, out: Path) -> None:
        (out / "lexical").mkdir(parents=True)
        for name in (
            "recipes.jsonl",
            "recipes.jsonl.offsets",
            "forms.txt",
            "forms.rows",
            "lexical/meta.json",
        ):
            (out / name).write_text("old", encoding="utf-8")
        (out / "manifest.json").write_text('{"format_version": 1}', encoding="utf-8")
        build_index([corpus], out, None)
        assert names_in(out) == [".lock", "manifest.json", "segment-1"]


class TestIsCurrent:
    def test_of_the_same_corpus_and_embedder(
        self, corpus: Path, out: Path, embedder: HashingEmbedder
    ) -> None:
        build_index([corpus], out, embedder)
        assert is_current(out, [corpus], embedder)
        assert not is_current(out, [corpus], None)
        assert not is_current(out, [corpus], HashingEmbedder(revision="2"))
        assert not is_current(out, [corpus, corpus], embedder)

    def test_a_changed_corpus_is_noticed(self, corpus: Path, out: Path) -> None:
        build_index([corpus], out, None)
        write_jsonl(corpus, [own_row("葱油拌面")])
        assert not is_current(out, [corpus], None)

    def test_no_index_is_not_current(self, corpus: Path, out: Path) -> None:
        assert not is_current(out, [corpus], None)

    def test_a_missing_corpus_is_named(self, out: Path, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match=r"gone\.jsonl: no such file or folder"):
            is_current(out, [tmp_path / "gone.jsonl"], None)


def test_recipes_come_back_as_they_went_in(corpus: Path, tmp_path: Path) -> None:
    build_index([corpus], tmp_path / "index", None)
    hit = HybridRetriever.open(tmp_path / "index", None).search_now("番茄炒蛋怎么做").hits[0]
    assert hit.recipe == Recipe.from_dict(own_row("番茄炒蛋", aliases=["西红柿炒鸡蛋"]))
