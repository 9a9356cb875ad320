"""One index is built for all tests here; each works on a copy of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.shared_folders import filled_once
from tests.whole.bot_process import BotProcess


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> BotProcess:
    """A data folder after the very first question, which built the index."""

    def start(folder: Path) -> None:
        outcome = BotProcess(folder / "data", folder).run("chat", "--once", "/start")
        assert outcome.returncode == 0, outcome.stderr
        assert "正在建立菜谱索引" in outcome.stderr

    folder = filled_once(tmp_path_factory, "first-start", start)
    return BotProcess(folder / "data", folder)


@pytest.fixture
def bot(first_start: BotProcess, tmp_path: Path) -> BotProcess:
    """The bot with an index and no conversations."""
    data_dir = tmp_path / "data"
    shutil.copytree(first_start.data_dir / "index", data_dir / "index")
    return BotProcess(data_dir, tmp_path)


@pytest.fixture(scope="module")
def shared_bot(first_start: BotProcess, tmp_path_factory: pytest.TempPathFactory) -> BotProcess:
    """The same for all tests of a module that leave no trace for each other: every one its own user."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(first_start.data_dir / "index", folder / "data" / "index")
    return BotProcess(folder / "data", folder)
