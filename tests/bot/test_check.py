"""`check` names every component, and the setting that is to blame."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console

from bot import check as check_module
from bot.check import check
from core.settings import Settings, load_settings
from tests.fakes.tiny_bce import TinyBce
from tests.fakes.tiny_internlm2 import TinyInternLm2
from tests.ports import reserved_port

COMPONENTS = [
    *("data folder", "database", "embedder", "reranker", "recipe index", "language model", "pictures"),
    *("speech recognition", "reading aloud", "web search", "web page", "telegram", "feishu"),
]


@pytest.fixture(autouse=True)
def with_an_index_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Building an index takes seconds; the tests of whole processes do it."""

    async def index(settings: Settings) -> str:
        return "3 recipes [/]"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(check_module, "_index", index)


async def checked(folder: Path, **changes: object) -> tuple[int, str]:
    """Exit status and output."""
    screen = io.StringIO()
    values = {"data_dir": folder / "data", "embedder": "none", "image_backend": "none", "web_port": 0}
    return await check(
        load_settings(**{**values, **changes}), Console(file=screen, width=400)
    ), screen.getvalue()


async def test_all_is_well(tmp_path: Path) -> None:
    status, output = await checked(tmp_path)
    assert status == 0
    rows = [line for line in output.splitlines() if line.startswith("│")]
    assert [row.split("│")[1].strip() for row in rows] == COMPONENTS
    assert [row.split("│")[3].strip() for row in rows] == ["ok"] * len(COMPONENTS)
    assert "3 recipes [/]" in output  # no text becomes markup


async def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    status, output = await checked(tmp_path)
    assert status == 2
    assert f"DATA_DIR: {tmp_path / 'data'} cannot be written to" in output


@pytest.mark.parametrize("url", ["nonsense", "sqlite:///:memory:", "mysql+nothing://u:hunter2@h/d"])
async def test_a_database_that_cannot_be(url: str, tmp_path: Path) -> None:
    status, output = await checked(tmp_path, database_url=url)
    assert status == 2
    assert "DATABASE_URL: " in output
    assert "hunter2" not in output


async def test_a_damaged_database_is_no_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bot.sqlite3").write_bytes(b"rubbish" * 1000)
    status, output = await checked(tmp_path)
    assert status == 1
    assert "is damaged or not a database" in output


async def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.listen()
        status, output = await checked(tmp_path, web_port=taken.getsockname()[1], web_host="127.0.0.1")
    assert status == 2
    assert "WEB_PORT: port" in output


async def test_a_host_that_is_not_this_machine(tmp_path: Path) -> None:
    status, output = await checked(tmp_path, web_host="192.0.2.1")
    assert status == 2
    assert "WEB_HOST: cannot listen on 192.0.2.1" in output


async def test_every_model_that_may_answer_is_tried(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{reserved_port()}/v1"
    status, output = await checked(
        tmp_path,
        llm_base_url=address,
        llm_max_retries=0,
        llm_choices="openai:qwen3:8b, internlm2:no/such/folder",
    )
    rows = {line.split("│")[1].strip(): line for line in output.splitlines() if line.startswith("│")}
    assert "composer: the recipe itself" in rows["language model"]
    assert " ok " not in rows["or openai/qwen3:8b"]
    assert "LLM_CHOICES: no/such/folder is no folder" in rows["or internlm2/folder"]
    assert status == 2


@pytest.mark.models
async def test_a_local_model_among_the_choices_tells_what_it_takes(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="requirements-models.txt is not installed")
    TinyInternLm2(seed=1).write(tmp_path / "shishen2")
    status, output = await checked(
        tmp_path, llm_choices=f"internlm2:{tmp_path / 'shishen2'}", llm_cache_tokens=2048, device="cpu"
    )
    assert status == 0
    (row,) = (line for line in output.splitlines() if line.startswith("│ or internlm2/shishen2"))
    for part in ("shishen2 (revision not recorded) on cpu, bfloat16, 0.0 GB, loaded in ", " tokens in "):
        assert part in row, row


@pytest.mark.models
async def test_bce_tells_where_it_is_and_how_long_it_takes(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="requirements-models.txt is not installed")
    embedding = TinyBce().write(tmp_path / "embedding")
    reranking = TinyBce(reranker=True).write(tmp_path / "reranking")
    chosen = {"embedder": "bce", "embedder_model": embedding, "reranker": "bce", "reranker_model": reranking}
    status, output = await checked(tmp_path, device="cpu", **chosen)
    assert status == 0
    for component, folder in (("embedder", embedding), ("reranker", reranking)):
        (row,) = (line for line in output.splitlines() if line.startswith(f"│ {component}"))
        for part in (f"bce: {folder}, revision ", "torch, cpu, float32, 0.00 GB, loaded in ", "one call "):
            assert part in row, row


async def test_bce_without_its_folder_names_the_setting(tmp_path: Path) -> None:
    status, output = await checked(tmp_path, reranker="bce", reranker_model=tmp_path / "nowhere")
    assert status == 2
    assert f"RERANKER_MODEL: {tmp_path / 'nowhere'} is no folder" in output
