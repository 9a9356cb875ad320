"""The catalogue: every entry can be fetched, lets no program in, and says what to write into `.env`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.model_catalogue import MODELS, model_named
from core.model_hub.catalogue_model import CatalogueModel
from core.model_hub.file_names import is_code, is_data, is_safe
from core.model_hub.wanted import USES
from core.settings import load_settings

DOCS = Path(__file__).parents[2] / "docs" / "models.md"
HUBS = {"huggingface", "modelscope"}


def named(model: CatalogueModel) -> str:
    return model.name


def test_names_are_unique_and_fit_for_folders() -> None:
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9_-]+", name)] == []


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_only_data_is_ever_asked_for(model: CatalogueModel) -> None:
    patterns = [pattern for group in model.weights for pattern in group] + [*model.files, *model.optional]
    examples = [pattern.replace("*", "x") for pattern in patterns]
    assert [name for name in examples if is_code(name) or not is_safe(name)] == []
    assert [name for name in examples if not is_data(name) and name != "vocabulary.x"] == []
    assert len(set(patterns)) == len(patterns)
    assert [name for name in model.sha256 if not is_safe(name)] == []
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in model.sha256.values())


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_sources_are_repositories(model: CatalogueModel) -> None:
    assert {source.hub for source in model.sources} <= HUBS
    assert len({source.hub for source in model.sources}) == len(model.sources)
    for source in model.sources:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository)
        assert re.fullmatch(r"|v[\d.]+|[0-9a-f]{40}", source.revision)
    assert model.source_on("modelscope").hub in HUBS


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_its_settings_exist_and_name_its_folder(model: CatalogueModel) -> None:
    lines = [line.partition("=") for line in model.lines_for(Path("models") / model.name)]
    settings = load_settings(**{name.lower(): value for name, _, value in lines})
    assert all(str(getattr(settings, name.lower())) == value for name, _, value in lines)
    folders = [name for name, _, value in lines if value == f"models/{model.name}"]
    assert folders
    assert set(folders) <= {use.folder for use in USES}


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_it_is_described_for_people(model: CatalogueModel) -> None:
    rows = [
        line
        for line in DOCS.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{model.name}` ")
    ]
    assert len(rows) == 1
    assert all(source.repository in rows[0] for source in model.sources)
    assert model.licence
    assert model.size_bytes > 0


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    assert model_named("melo-zh").role == "voice"
    with pytest.raises(SettingsError, match=r"NAME: no such model; known are sherpa-paraformer, "):
        model_named("gpt")
