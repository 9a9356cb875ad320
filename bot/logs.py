"""Logging: one line an event, to standard error, without users' words or secrets."""

from __future__ import annotations

import logging


def set_up_logs(level: str) -> None:
    """Log at `level` ("debug" … "error"). Libraries that log addresses or texts are kept to warnings."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for noisy in (
        "httpx",
        "httpx2",
        "httpcore2",
        "openai",
        "aiohttp.access",
        "asyncio",
        "alembic",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
