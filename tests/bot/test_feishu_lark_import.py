"""The long connection's part of lark-oapi comes alone, and leaves the way to the rest open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, importlib, importlib.util, json, sys

async def load(name):
    # as in the connection's thread: lark-oapi looks for a loop
    importlib.import_module(name)

asyncio.run(load("bot.feishu_lark_client"))
is_found = importlib.util.find_spec("lark_oapi").origin.endswith("__init__.py")
print(json.dumps([is_found, [name for name in sys.modules if name.startswith("lark_oapi")]]))
"""


def test_a_connection_loads_nothing_but_its_own_part() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    is_found, loaded = json.loads(done.stdout)
    assert is_found
    assert "lark_oapi.ws.client" in loaded
    assert [name for name in loaded if name.startswith(("lark_oapi.api", "lark_oapi.event"))] == []
    assert "lark_oapi" not in loaded
