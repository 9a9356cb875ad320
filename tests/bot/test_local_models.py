"""Changing between models of this process: the old one leaves the memory, a broken one never gets in."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.models
pytest.importorskip("torch", reason="requirements-models.txt is not installed")
pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from bot.model_parts import switchable_model_of  # noqa: E402
from core.answering import AnswerRequest  # noqa: E402
from core.errors import ModelRejectedError  # noqa: E402
from core.language_models.choice import shelf_of  # noqa: E402
from core.model_shelf import LoadState, ModelShelf  # noqa: E402
from core.settings import Settings, load_settings  # noqa: E402
from core.understanding import understand  # noqa: E402
from tests.core.recipes import BRAISED_PORK, turn_about  # noqa: E402
from tests.fakes.memory_storage import MemoryOperatorSettings  # noqa: E402
from tests.fakes.tiny_internlm2 import TinyInternLm2  # noqa: E402

TURN = turn_about(BRAISED_PORK, "要多少盐")
REQUEST = AnswerRequest(TURN, understand(TURN), BRAISED_PORK)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("first", "second", "broken")):
        TinyInternLm2(seed=seed).write(folder / name)
    (folder / "broken" / "tokenizer.model").write_bytes(b"rubbish")
    return folder


@pytest.fixture
def settings(folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(
        data_dir=tmp_path / "data",
        llm_backend="internlm2",
        llm_model=str(folders / "first"),
        llm_choices=f"internlm2:{folders / 'second'}, internlm2:{folders / 'broken'}, composer",
        llm_cache_tokens=2048,
        llm_max_output_tokens=16,
        device="cpu",
    )


def loaded(shelf: ModelShelf) -> list[str]:
    return [status.name for status in shelf.statuses() if status.state is LoadState.LOADED]


async def test_one_model_makes_room_for_the_other(settings: Settings) -> None:
    shelf = shelf_of(settings)
    switchable = await switchable_model_of(settings, shelf, MemoryOperatorSettings())
    await switchable.load()
    assert (loaded(shelf), switchable.describe().where) == (["internlm2/first"], "cpu, bfloat16")
    assert "second (revision not recorded) on cpu, bfloat16" in await switchable.use("internlm2/second")
    assert switchable.describe().where == "cpu, bfloat16"
    assert [delta async for delta in switchable.stream(REQUEST)] != []
    await switchable.use("composer")
    await switchable.close()
    assert loaded(shelf) == []


async def test_a_folder_that_cannot_be_loaded_leaves_the_model_before(settings: Settings) -> None:
    shelf = shelf_of(settings)
    switchable = await switchable_model_of(settings, shelf, MemoryOperatorSettings())
    with pytest.raises(ModelRejectedError):
        await switchable.use("internlm2/broken")
    assert switchable.describe().name == "internlm2/first"
    assert [delta async for delta in switchable.stream(REQUEST)] != []
    assert loaded(shelf) == ["internlm2/first"]
    await switchable.close()
