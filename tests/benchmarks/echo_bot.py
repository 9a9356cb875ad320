"""The least that a bot can do with python-telegram-bot as it comes: what the channel is compared with.

Run as: python -m tests.benchmarks.echo_bot API_URL TOKEN
"""

from __future__ import annotations

import sys
from typing import Any

from telegram import Update
from telegram.ext import Application, MessageHandler, filters


async def echo(update: Update, _context: Any) -> None:
    """Say the same."""
    if update.message is not None and update.message.text:
        await update.message.reply_text(update.message.text)


def main() -> None:
    """Poll until the process is told to stop."""
    api_url, token = sys.argv[1:]
    application = Application.builder().token(token).base_url(f"{api_url}/bot").build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    print("ready", flush=True)
    application.run_polling()


if __name__ == "__main__":
    main()
