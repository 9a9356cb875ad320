"""The wiring: which setting brings which part."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import bootstrap, model_parts
from core.composer import Composer
from core.errors import IndexMissingError, SettingsError
from core.model_answerer import ModelAnswerer
from core.settings import Settings, load_settings
from index.build import COOKBOOK_DIR


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(data_dir=tmp_path / "data", embedder="none")


def no_progress(_what: str, _done: int, _total: int) -> None:
    pass


def test_by_default_the_recipe_itself_answers(settings: Settings) -> None:
    assert model_parts.language_model_of(settings, model_parts.shelf_of(settings)) is None
    assert isinstance(model_parts.answerer_of(settings, None), Composer)
    models = bootstrap.search_models_of(settings, model_parts.shelf_of(settings))
    assert (models.embedder, models.reranker) == (None, None)


async def test_a_model_answers_when_one_is_named() -> None:
    settings = load_settings(llm_backend="openai", llm_model="cook", llm_temperature=0.3)
    model = model_parts.language_model_of(settings, model_parts.shelf_of(settings))
    assert model is not None
    assert model.name == "openai/cook"
    assert isinstance(model_parts.answerer_of(settings, model), ModelAnswerer)
    assert model_parts.sampling_of(settings).temperature == 0.3
    await model.close()


@pytest.mark.parametrize(("backend", "draws"), [("card", True), ("none", False)])
def test_pictures(backend: str, draws: bool, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, image_backend=backend)
    assert (bootstrap.image_generator_of(settings) is not None) is draws


def test_corpora_join_the_cookbook(tmp_path: Path) -> None:
    settings = load_settings(corpora=(tmp_path,))
    assert bootstrap.corpora_of(settings) == [COOKBOOK_DIR, tmp_path]


def test_a_corpus_that_is_not_there_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        bootstrap.corpora_of(load_settings(corpora=(tmp_path / "nowhere",)))
    assert raised.value.message == f"CORPORA: {tmp_path / 'nowhere'}: no such file or folder"


def test_an_index_of_the_users_own_is_never_built(tmp_path: Path) -> None:
    settings = load_settings(index_dir=tmp_path / "mine", embedder="none")
    with pytest.raises(IndexMissingError):
        bootstrap.open_retriever(settings, no_progress, model_parts.shelf_of(settings))
    assert not (tmp_path / "mine").exists()


def test_the_data_folder_is_made_and_left_empty(settings: Settings) -> None:
    bootstrap.make_data_dir(settings)
    assert list(settings.data_dir.iterdir()) == []
