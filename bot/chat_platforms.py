"""From settings to the chat platforms that are configured."""

from __future__ import annotations

from bot.delivery import Channel
from core.errors import SettingsError
from core.settings import Settings
from handlers.commands import COMMANDS

_IN_ENGLISH = {
    "start": "Meet the cook",
    "help": "What I can do",
    "clear": "Start a new conversation",
    "stop": "Stop the answer being written",
    "rag": "Answer from the recipes: on or off",
    "image": "Pictures of dishes: on or off",
    "voice": "Answers read aloud: on or off",
    "model": "The language model and its sampling",
    "history": "What we talked about",
    "export": "Everything stored about me",
    "forget": "Delete everything stored about me",
}


def menu() -> list[tuple[str, str, str]]:
    """The commands for a platform's menu: (name, Chinese, English)."""
    return [(command.name, command.description, _IN_ENGLISH[command.name]) for command in COMMANDS]


def chat_platforms(settings: Settings) -> dict[str, Channel]:
    """The platforms that have a token, by name.

    Raises:
        SettingsError: half of what a platform needs is set, or it cannot be right.
    """
    platforms: dict[str, Channel] = {}
    if settings.telegram_bot_token.get_secret_value():
        platforms["telegram"] = _telegram(settings)
    if settings.feishu_app_id or settings.feishu_app_secret.get_secret_value():
        platforms["feishu"] = _feishu(settings)
    return platforms


def _telegram(settings: Settings) -> Channel:
    from bot.telegram_channel import TelegramChannel, TelegramOptions
    from bot.telegram_pacing import PacingLimits

    return TelegramChannel(
        settings.telegram_bot_token.get_secret_value(),
        settings.data_dir / "telegram.sqlite3",
        api_url=settings.telegram_api_url,
        mode=settings.telegram_mode,
        webhook_url=settings.telegram_webhook_url,
        webhook_secret=settings.telegram_webhook_secret.get_secret_value(),
        commands=menu(),
        options=TelegramOptions(
            pacing=PacingLimits(
                chat_per_second=settings.telegram_chat_messages_per_second,
                group_per_minute=settings.telegram_group_messages_per_minute,
                overall_per_second=settings.telegram_messages_per_second,
            ),
            proxy=settings.telegram_proxy_url.get_secret_value(),
        ),
    )


def _feishu(settings: Settings) -> Channel:
    from bot.feishu_channel import FeishuChannel
    from bot.feishu_long_connection import ConnectionLimits
    from bot.feishu_options import FeishuOptions
    from bot.feishu_pacing import FeishuLimits

    secret = settings.feishu_app_secret.get_secret_value()
    for name, value in (("FEISHU_APP_ID", settings.feishu_app_id), ("FEISHU_APP_SECRET", secret)):
        if not value:
            raise SettingsError(name, "is needed beside the other one")
    return FeishuChannel(
        settings.feishu_app_id,
        secret,
        settings.feishu_domain,
        mode=settings.feishu_mode,
        encrypt_key=settings.feishu_encrypt_key.get_secret_value(),
        verification_token=settings.feishu_verification_token.get_secret_value(),
        options=FeishuOptions(
            connection=ConnectionLimits(silence_seconds=settings.feishu_silence_seconds),
            limits=FeishuLimits(
                chat_per_second=settings.feishu_chat_messages_per_second,
                calls_per_second=settings.feishu_calls_per_second,
                calls_per_minute=settings.feishu_calls_per_minute,
            ),
        ),
    )
