"""The loopback hub, held to the hubs' own clients: what they fetch from it is what it has.

modelscope_hub comes with funasr, huggingface_hub with transformers (requirements-models.txt).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.model_hub.hub_kit import NAME, WEIGHTS, names_in, repository
from tests.fakes.model_hub import ModelHub

pytestmark = pytest.mark.models
WANTED = ["*.safetensors", "config.json", "vocabulary/*.txt"]
FETCHED = ["config.json", "model.safetensors", "vocabulary/zh.txt"]


@pytest.fixture
async def hub() -> AsyncIterator[ModelHub]:
    async with ModelHub({NAME: repository()}, token="hf_secret").running() as running:
        yield running


def visible(folder: Path) -> list[str]:
    """Without the clients' own notes."""
    return [name for name in names_in(folder) if not name.startswith(".")]


async def test_hugging_faces_client(hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    library = pytest.importorskip("huggingface_hub", reason="needs requirements-models.txt")
    folder = tmp_path / "tiny"

    for path in FETCHED:
        await asyncio.to_thread(
            library.hf_hub_download, NAME, path, endpoint=hub.url, local_dir=folder, token=False
        )
    assert visible(folder) == FETCHED
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    hub.repositories[NAME].gated = True
    other = library.HfApi(endpoint=hub.url, token="hf_other")
    with pytest.raises(library.errors.GatedRepoError):
        await asyncio.to_thread(other.model_info, NAME, revision="main")
    information = await asyncio.to_thread(
        library.HfApi(endpoint=hub.url, token="hf_secret").model_info,
        NAME,
        revision="main",
        files_metadata=True,
    )
    sizes = {file.rfilename: (file.size, file.lfs is not None) for file in information.siblings}
    assert sizes["model.safetensors"] == (len(WEIGHTS), True)
    assert sizes["README.md"] == (6, False)


async def test_modelscopes_client(hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "home"))
    library = pytest.importorskip("modelscope_hub", reason="needs requirements-models.txt")
    client = library.HubApi(endpoint=hub.url)
    files = await asyncio.to_thread(client.list_repo_files, NAME, "model", revision="master", recursive=True)
    assert {file.path: file.size for file in files if file.type == "blob"}["model.safetensors"] == len(
        WEIGHTS
    )
    folder = tmp_path / "tiny"
    await asyncio.to_thread(
        client.download_repo, NAME, "model", revision="master", local_dir=folder, allow_patterns=WANTED
    )
    assert visible(folder) == FETCHED
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
