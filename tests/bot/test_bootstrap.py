"""The wiring: which setting brings which part."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bot import bootstrap, model_parts, picture_parts
from core.composer import Composer
from core.errors import IndexMissingError, SettingsError
from core.language_models.choice import language_model_of, shelf_of
from core.model_answerer import ModelAnswerer
from core.operator_ports import ModelFacts
from core.ports import Sampling
from core.settings import Settings, load_settings
from index.build import COOKBOOK_DIR


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(data_dir=tmp_path / "data", embedder="none")


def no_progress(_what: str, _done: int, _total: int) -> None:
    pass


def test_by_default_the_recipe_itself_answers(settings: Settings) -> None:
    assert language_model_of(settings, shelf_of(settings)) is None
    assert isinstance(model_parts.answerer_of(settings, None), Composer)
    models = bootstrap.search_models_of(settings, shelf_of(settings))
    assert (models.embedder, models.reranker) == (None, None)


async def test_a_model_answers_when_one_is_named() -> None:
    settings = load_settings(llm_backend="openai", llm_model="cook", llm_temperature=0.3)
    model = language_model_of(settings, shelf_of(settings))
    assert model is not None
    assert model.name == "openai/cook"
    assert isinstance(model_parts.answerer_of(settings, model), ModelAnswerer)
    assert model_parts.sampling_of(settings).temperature == 0.3
    await model.close()


async def test_what_is_told_of_a_servers_model() -> None:
    settings = load_settings(
        llm_backend="openai", llm_model="cook", llm_temperature=0.3, llm_choices="composer"
    )
    model = model_parts.answering_model_of(settings, shelf_of(settings))
    assert model.language_model is not None
    assert model.name == model.language_model.name == "openai/cook"
    assert model.load is None
    assert model.describe() == ModelFacts(
        "openai/cook",
        is_language_model=True,
        sampling=Sampling(0.3, 0.9, 1200),
        honours=frozenset({"temperature", "top_p", "max_output_tokens"}),
    )
    await model.close()


async def test_what_is_told_of_a_local_model(tmp_path: Path) -> None:
    (tmp_path / "cook").mkdir()
    (tmp_path / "cook" / "config.json").write_text('{"model_type": "llama", "hidden_size": 2048}')
    (tmp_path / "cook" / "model.safetensors").touch()
    settings = load_settings(llm_backend="internlm2", llm_model=str(tmp_path / "cook"), llm_top_k=20)
    model = model_parts.answering_model_of(settings, shelf_of(settings))
    assert model.language_model is not None
    assert model.name == model.language_model.name == "internlm2/cook"
    assert model.load is not None
    facts = model.describe()
    assert (facts.is_local, facts.where) == (True, "")
    assert facts.sampling == Sampling(0.8, 0.8, 1200, 20, 1.17)
    assert facts.honours == {field.name for field in fields(Sampling)}
    await model.close()


async def test_without_a_model_there_is_nothing_to_tell(settings: Settings) -> None:
    model = model_parts.answering_model_of(settings, shelf_of(settings))
    assert (model.name, model.language_model, model.load) == ("composer", None, None)
    assert (model.describe().is_language_model, model.describe().honours) == (False, frozenset())
    await model.close()


@pytest.mark.parametrize(("backend", "draws"), [("card", True), ("none", False)])
def test_pictures(backend: str, draws: bool, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, image_backend=backend)
    assert picture_parts.photo_generator_of(settings, shelf_of(settings)) is None
    assert (picture_parts.image_generator_of(settings, None) is not None) is draws


async def test_a_servers_photos_with_the_card_behind_them(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, image_backend="openai", image_model="cogview-4")
    photos = picture_parts.photo_generator_of(settings, shelf_of(settings))
    pictures = picture_parts.image_generator_of(settings, photos)
    assert photos is not None
    assert pictures is not None
    assert pictures.name == "openai/cogview-4, else card/Noto Sans CJK SC"


def test_a_folder_of_pictures_that_is_none_names_its_setting(tmp_path: Path) -> None:
    settings = load_settings(image_backend="taiyi", image_model=str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError) as raised:
        picture_parts.photo_generator_of(settings, shelf_of(settings))
    assert raised.value.message == f"IMAGE_MODEL: there is no folder {tmp_path / 'nowhere'}"


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
        bootstrap.open_retriever(settings, no_progress, shelf_of(settings))
    assert not (tmp_path / "mine").exists()


def test_the_data_folder_is_made_and_left_empty(settings: Settings) -> None:
    bootstrap.make_data_dir(settings)
    assert list(settings.data_dir.iterdir()) == []
