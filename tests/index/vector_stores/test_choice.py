"""Which store the settings and a manifest's word lead to."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from core.errors import IndexMismatchError, SettingsError
from core.settings import Settings
from index.vector_stores.choice import stores_for

WITHOUT_URL = Settings(_env_file=None, vector_store="qdrant")
WITH_URL = Settings(_env_file=None, vector_store="qdrant", qdrant_url="http://127.0.0.1:6333")


def test_faiss_needs_nothing() -> None:
    assert stores_for(Settings(_env_file=None)).kind == "faiss"


def test_a_manifest_s_word_wins_over_the_setting() -> None:
    assert stores_for(WITHOUT_URL, "faiss").kind == "faiss"


def test_the_server_is_taken_where_there_is_an_address() -> None:
    assert stores_for(WITH_URL).kind == "qdrant-server"


def test_vectors_on_a_server_need_its_address() -> None:
    with pytest.raises(SettingsError, match="QDRANT_URL"):
        stores_for(WITHOUT_URL, "qdrant-server")


def test_a_kind_of_a_newer_program_is_named() -> None:
    with pytest.raises(IndexMismatchError, match="'lancedb'"):
        stores_for(WITHOUT_URL, "lancedb")


@pytest.mark.parametrize(("kind", "package"), [("chroma", "chromadb"), ("qdrant-embedded", "qdrant_edge")])
def test_what_is_not_installed_is_named_with_the_way_to_get_it(kind: str, package: str) -> None:
    if find_spec(package):
        assert stores_for(WITH_URL, kind).kind == kind
    else:
        with pytest.raises(SettingsError, match=r"requirements-stores\.txt"):
            stores_for(WITH_URL, kind)
