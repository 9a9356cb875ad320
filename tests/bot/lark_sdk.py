"""lark-oapi for tests that use it directly.

It looks for an event loop as it is imported, and makes one that nobody closes if there is none; so it is
imported inside one.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any


async def _imported(*names: str) -> list[Any]:
    return [importlib.import_module(name) for name in names]


lark_oapi, ws_client, frames, json_, raw, cardkit, im, log = asyncio.run(
    _imported(
        "lark_oapi",
        "lark_oapi.ws.client",
        "lark_oapi.ws.pb.pbbp2_pb2",
        "lark_oapi.core.json",
        "lark_oapi.core.model",
        "lark_oapi.api.cardkit.v1",
        "lark_oapi.api.im.v1",
        "lark_oapi.core.log",
    )
)
log.logger.handlers.clear()
