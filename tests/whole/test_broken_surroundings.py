"""Damaged files, wrong settings, a full disk: each gets a clear sentence and loses nothing stored."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole.bot_process import BotProcess, Outcome

RECIPE = '{"name":"雪菜毛豆","ingredients":[],"steps":["炒。"]}'


def assert_complaint(outcome: Outcome, status: int, complaint: str) -> None:
    """It ended with `status` and said `complaint`, and nothing that looks like a crash."""
    assert complaint in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert (outcome.returncode, outcome.stdout) == (status, "")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_bot_builds_its_own_index_anew_when_it_is_damaged(bot: BotProcess) -> None:
    (recipes,) = (bot.data_dir / "index").glob("segment-*/recipes.jsonl")
    before = digest(recipes)
    with recipes.open("r+b") as file:
        file.truncate(100)
    outcome = bot.run("chat", "--once", "拍黄瓜")
    assert outcome.returncode == 0
    assert "正在建立菜谱索引" in outcome.stderr
    assert outcome.stdout.startswith("拍黄瓜")
    (recipes,) = (bot.data_dir / "index").glob("segment-*/recipes.jsonl")
    assert digest(recipes) == before


@pytest.mark.parametrize("damage", ["cut off", "missing"])
def test_an_index_of_the_users_own_is_never_touched(bot: BotProcess, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(bot.data_dir / "index", folder)
    (forms,) = folder.glob("segment-*/forms.txt")
    broken = forms if damage == "cut off" else folder / "manifest.json"
    if damage == "cut off":
        broken.write_bytes(b"")
    else:
        broken.unlink()
    outcome = bot.run("chat", "--once", "拍黄瓜", INDEX_DIR=str(folder))
    assert_complaint(outcome, 1, f"rebuild it with: python -m index build --out {folder}\n")
    assert broken.exists() is (damage == "cut off")


def test_a_half_written_database_is_left_as_it_is(bot: BotProcess) -> None:
    database = bot.data_dir / "bot.sqlite3"
    bot.say("/rag off")
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)
    before = digest(database)
    outcome = bot.run("chat", "--once", "拍黄瓜")
    assert_complaint(outcome, 1, f"{database} is damaged or not a database.")
    assert digest(database) == before


def test_a_broken_row_of_a_corpus_is_named_and_may_be_left_out(bot: BotProcess, tmp_path: Path) -> None:
    corpus = tmp_path / "mine.jsonl"
    corpus.write_text(f"{RECIPE}\n{{broken\n", encoding="utf-8")
    outcome = bot.run("chat", "--once", "雪菜毛豆", CORPORA=str(corpus))
    assert_complaint(outcome, 1, f"{corpus}:2: ")
    assert "python -m index build --skip-bad" in outcome.stderr
    assert bot.say("拍黄瓜")["recipe"]["name"] == "拍黄瓜"  # the index in use is whole

    built = bot.build_index("--skip-bad", CORPORA=str(corpus))
    assert built.returncode == 0
    assert built.stdout.endswith("1 bad rows left out\n")
    assert bot.say("雪菜毛豆怎么做", CORPORA=str(corpus))["recipe"]["name"] == "雪菜毛豆"


def test_wrong_settings_are_all_named(bot: BotProcess) -> None:
    outcome = bot.run("run", WEB_PORT="a-secret", LOG_LEVEL="b-secret", CORPORA="nowhere.jsonl")
    assert_complaint(outcome, 2, "WEB_PORT: ")
    assert "LOG_LEVEL: " in outcome.stderr
    assert "secret" not in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_corpus_that_is_not_there(bot: BotProcess) -> None:
    outcome = bot.run("chat", "--once", "拍黄瓜", CORPORA="nowhere.jsonl")
    assert_complaint(outcome, 2, "CORPORA: nowhere.jsonl: no such file or folder\n")


def test_a_data_folder_that_cannot_be_written(bot: BotProcess, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = bot.run("run", DATA_DIR=str(tmp_path / "file"))
    assert_complaint(outcome, 2, f"DATA_DIR: {tmp_path / 'file'} cannot be written to (File exists)\n")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 400 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("no mount command: the disk cannot be made full")
    command = [mount, "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill the disk to its last byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def test_a_full_disk_loses_nothing_stored(bot: BotProcess, small_disk: Path) -> None:
    settings = {
        "DATA_DIR": str(small_disk),
        "INDEX_DIR": str(bot.data_dir / "index"),
        "IMAGE_BACKEND": "none",
    }
    assert bot.say("拍黄瓜", **settings)["recipe"]["name"] == "拍黄瓜"
    filler = fill(small_disk)
    outcome = bot.run("chat", "--once", "红烧肉怎么做", typed="", preexec=None, program="bot", **settings)
    complaint = (
        f"no room left to write {small_disk / 'bot.sqlite3'}: free some space; what was stored before is safe"
    )
    assert_complaint(outcome, 1, complaint)
    filler.unlink()
    lines = bot.say("/history", user="me", **settings)["text"].splitlines()
    assert [line.partition("：")[2][:3] for line in lines[1:]] == ["拍黄瓜", "拍黄瓜"]
