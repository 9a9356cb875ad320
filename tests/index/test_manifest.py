"""Loading an index that does not fit the program, or its own manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import IndexCorruptError, IndexMismatchError, IndexMissingError
from index.build import build_index, corpus_hash
from index.manifest import Manifest, sources_hash
from index.retriever import HybridRetriever
from tests.fakes.hashing_embedder import HashingEmbedder


@pytest.fixture
def folder(corpus: Path, tmp_path: Path, embedder: HashingEmbedder) -> Path:
    build_index([corpus], tmp_path / "index", embedder)
    return tmp_path / "index"


SEGMENT = "segment-1"
OUTSIDE = "names files outside the index"


def files(fields: dict[str, Any]) -> dict[str, Any]:
    listed: dict[str, Any] = fields["segments"][0]["files"]
    return listed


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    change(fields)
    path.write_text(json.dumps(fields), encoding="utf-8")


@pytest.mark.parametrize(
    ("running", "difference"),
    [
        (HashingEmbedder(name="fake/other"), "built with embedder fake/hashing, running fake/other"),
        (HashingEmbedder(revision="2"), "built with embedder revision 1, running 2"),
        (HashingEmbedder(dimension=16), "built with dimension 32, running 16"),
    ],
)
def test_another_embedder_is_an_error_that_says_how_to_rebuild(
    folder: Path, running: HashingEmbedder, difference: str
) -> None:
    with pytest.raises(IndexMismatchError) as caught:
        HybridRetriever.open(folder, running)
    rebuild = f"rebuild it with: python -m index build --out {folder}"
    assert caught.value.message == f"{folder}: {difference}; {rebuild}"


def test_without_an_embedder_the_vectors_are_left_alone(folder: Path) -> None:
    assert HybridRetriever.open(folder, None).describe() == "3 recipes, 4 questions, lexical + no vectors"


def test_a_lexical_index_fits_any_embedder(corpus: Path, tmp_path: Path, embedder: HashingEmbedder) -> None:
    build_index([corpus], tmp_path / "index", None)
    opened = HybridRetriever.open(tmp_path / "index", embedder)
    assert opened.describe() == "3 recipes, 4 questions, lexical + no vectors"


@pytest.mark.parametrize("version", [0, 1, 3, "2", None])
def test_another_format_is_a_mismatch(folder: Path, version: object) -> None:
    edit(folder, lambda fields: fields.update(format_version=version))
    with pytest.raises(IndexMismatchError, match="rebuild it with"):
        Manifest.read(folder)


def test_no_index_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"no index here; rebuild it with: python -m index build"):
        HybridRetriever.open(tmp_path, None)


@pytest.mark.parametrize(
    "name",
    [
        "recipes.jsonl",
        "forms.txt",
        "forms.txt.offsets",
        "forms.rows",
        "forms.starts",
        "ids.npy",
        "vectors.f16",
    ],
)
class TestFiles:
    def test_a_missing_one_is_named(self, folder: Path, name: str, embedder: HashingEmbedder) -> None:
        (folder / SEGMENT / name).unlink()
        with pytest.raises(IndexCorruptError, match=f"{name}: missing or of the wrong size"):
            HybridRetriever.open(folder, embedder)

    def test_a_truncated_one_is_named(self, folder: Path, name: str, embedder: HashingEmbedder) -> None:
        path = folder / SEGMENT / name
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(IndexCorruptError, match=f"{name}: missing or of the wrong size"):
            HybridRetriever.open(folder, embedder)

    def test_an_altered_one_is_named(self, folder: Path, name: str, embedder: HashingEmbedder) -> None:
        path = folder / SEGMENT / name
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(IndexCorruptError, match=f"{name}: altered since the build"):
            HybridRetriever.open(folder, embedder)


@pytest.mark.parametrize(
    "text",
    ["", "{", "\0\0\0", "[" * 100_000, '{"format_version": 2}', '{"format_version": 2, "segments": []}'],
)
def test_a_damaged_manifest_is_said_so(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(IndexCorruptError, match=r"manifest\.json: damaged; rebuild it with"):
        HybridRetriever.open(folder, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda fields: files(fields).update({"../../etc/passwd": [1, ""]}), OUTSIDE),
        (lambda fields: files(fields).update({"/etc/passwd": [1, ""]}), OUTSIDE),
        (lambda fields: fields["segments"][0].update(name="../other"), OUTSIDE),
        (
            lambda fields: fields["removed_files"].update({"../x.npy": [1, ""]}),
            "names files outside the index",
        ),
        (lambda fields: files(fields).update({"a": "b"}), "damaged"),
        (lambda fields: files(fields).clear(), "does not list segment-1/forms.rows"),
        (lambda fields: fields["segments"].append(fields["segments"][0]), OUTSIDE),
        (lambda fields: fields.update(removed=10), "damaged"),
        (lambda fields: fields.update(segments=[]), "damaged"),
        (lambda fields: fields.update(extra=1), "damaged"),
        (lambda fields: fields.pop("removed"), "damaged"),
    ],
)
def test_a_hostile_manifest_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    edit(folder, change)
    with pytest.raises(IndexCorruptError, match=reason):
        HybridRetriever.open(folder, None)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "recipes.jsonl.offsets",
            "forms.txt.offsets",
            "forms.rows",
            "forms.starts",
            "traits.npy",
            "ids.npy",
        ),
        *("lexical/meta.json", "recipes/meta.json"),
    ],
)
def test_files_that_do_not_fit_each_other_are_noticed(
    folder: Path, name: str, embedder: HashingEmbedder
) -> None:
    (folder / SEGMENT / name).write_bytes(b"\1" * 8)
    edit(folder, lambda fields: files(fields).update({name: [8, ""]}))
    with pytest.raises(IndexCorruptError):
        HybridRetriever.open(folder, embedder)


def test_the_hash_of_a_corpus_depends_on_its_recipes_and_not_on_their_order() -> None:
    def hashed(*numbers: int) -> np.ndarray[Any, Any]:
        return np.array(numbers, dtype="<u8")

    assert corpus_hash([hashed(1, 2, 3)]) == corpus_hash([hashed(3), hashed(2, 1)])
    assert corpus_hash([hashed(1, 2, 3)]) != corpus_hash([hashed(1, 2)])


def test_the_hash_of_sources_depends_on_their_content(corpus: Path) -> None:
    before = sources_hash([corpus])
    assert before == sources_hash([corpus])
    corpus.write_text("\n", encoding="utf-8")
    assert before != sources_hash([corpus])
