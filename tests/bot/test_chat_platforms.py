"""From settings to platforms: none, one, both; and what is half set up names its setting."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.chat_platforms import chat_platforms, menu
from bot.feishu_webhook import WEBHOOK_PATH
from core.errors import SettingsError
from core.settings import Settings, load_settings
from handlers.commands import COMMANDS

TELEGRAM = {"telegram_bot_token": "123456789:AAE-hunter2-secret"}
FEISHU = {"feishu_app_id": "cli_a", "feishu_app_secret": "hunter2-secret"}
WEBHOOK_URL = "https://cook.example.org/telegram/hook"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(**values: object) -> Settings:
    return load_settings(**values)


def paths(**values: object) -> list[str]:
    return [route.path for p in chat_platforms(settings(**values)).values() for route in p.routes()]


def test_nothing_configured_is_no_platform() -> None:
    assert chat_platforms(settings()) == {}


@pytest.mark.parametrize(
    ("values", "names"),
    [(TELEGRAM, ["telegram"]), (FEISHU, ["feishu"]), ({**TELEGRAM, **FEISHU}, ["telegram", "feishu"])],
)
def test_each_platform_with_its_credentials(values: dict[str, object], names: list[str]) -> None:
    platforms = chat_platforms(settings(**values))
    assert list(platforms) == [platform.name for platform in platforms.values()] == names
    assert paths(**values) == []


def test_webhooks_bring_their_routes() -> None:
    telegram = {
        "telegram_mode": "webhook",
        "telegram_webhook_url": WEBHOOK_URL,
        "telegram_webhook_secret": "s" * 16,
    }
    feishu = {"feishu_mode": "webhook", "feishu_encrypt_key": "key"}
    assert paths(**TELEGRAM, **FEISHU, **telegram, **feishu) == ["/telegram/hook", WEBHOOK_PATH]


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"telegram_bot_token": "hunter2-secret"}, "TELEGRAM_BOT_TOKEN"),
        ({**TELEGRAM, "telegram_mode": "webhook"}, "TELEGRAM_WEBHOOK_URL"),
        (
            {**TELEGRAM, "telegram_mode": "webhook", "telegram_webhook_url": "http://example.org/hook"},
            "TELEGRAM_WEBHOOK_URL",
        ),
        (
            {**TELEGRAM, "telegram_mode": "webhook", "telegram_webhook_url": WEBHOOK_URL},
            "TELEGRAM_WEBHOOK_SECRET",
        ),
        ({"feishu_app_id": "cli_a"}, "FEISHU_APP_SECRET"),
        ({"feishu_app_secret": "hunter2-secret"}, "FEISHU_APP_ID"),
        ({**FEISHU, "feishu_mode": "webhook"}, "FEISHU_ENCRYPT_KEY"),
    ],
)
def test_what_is_half_set_up_is_named_and_never_repeated(values: dict[str, object], setting: str) -> None:
    with pytest.raises(SettingsError) as raised:
        chat_platforms(settings(**values))
    assert raised.value.setting == setting
    assert "hunter2" not in raised.value.message


def test_the_menu_has_every_command_in_two_languages() -> None:
    entries = menu()
    assert [(name, chinese) for name, chinese, _ in entries] == [(c.name, c.description) for c in COMMANDS]
    assert all(english.isascii() and 0 < len(english) <= 256 for _, _, english in entries)


NOTHING = {"TELEGRAM_BOT_TOKEN": "", "FEISHU_APP_ID": "", "FEISHU_APP_SECRET": ""}
TELEGRAM_ONLY = {**NOTHING, "TELEGRAM_BOT_TOKEN": TELEGRAM["telegram_bot_token"]}


@pytest.mark.parametrize("environment", [NOTHING, TELEGRAM_ONLY], ids=["none", "telegram"])
def test_nothing_is_loaded_of_a_platform_that_is_not_configured(environment: dict[str, str]) -> None:
    script = (
        "import sys\n"
        "import bot.run\n"
        "from bot.chat_platforms import chat_platforms\n"
        "from core.settings import load_settings\n"
        "platforms = chat_platforms(load_settings())\n"
        "others = {'telegram', 'lark_oapi', 'bot.feishu_channel'}\n"
        "print(*platforms, *others.intersection(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout.split() == [name for name in ("telegram",) if environment["TELEGRAM_BOT_TOKEN"]]
