"""`python -m bot …` in a process of its own, with its data in a folder of the test's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 300
"""A bound against hanging, not a measurement: the test's own timeout lies above it."""
ONE_AFTER_ANOTHER = """
import json, sys
from bot.__main__ import main
sys.exit(max(main(arguments) for arguments in json.loads(sys.argv[1])))
"""
Outcome = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class BotProcess:
    """Starts the bot on one data folder.

    Attributes:
        data_dir: DATA_DIR.
        folder: where it is started; no `.env` of a developer's lies there.
    """

    data_dir: Path
    folder: Path

    def environment(self, **settings: str) -> dict[str, str]:
        """An environment of its own: no setting of this machine's has a say."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "LC_ALL": "C.UTF-8",
            "DATA_DIR": str(self.data_dir),
            "EMBEDDER": "none",
            "WEB_PORT": "0",
            **settings,
        }

    def command(self, *arguments: str | bytes, program: str = "bot") -> list[str | bytes]:
        return [sys.executable, "-m", program, *arguments]

    def run(
        self,
        *arguments: str | bytes,
        typed: str | None = None,
        preexec: Callable[[], None] | None = None,
        program: str = "bot",
        **settings: str,
    ) -> Outcome:
        """Run a command to its end; `typed` is its standard input."""
        return subprocess.run(
            self.command(*arguments, program=program),
            cwd=self.folder,
            env=self.environment(**settings),
            input=typed or "",
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
            preexec_fn=preexec,
        )

    def say(self, text: str | bytes, *, user: str = "me", **settings: str) -> dict[str, Any]:
        """One turn with `--once --json` that must succeed; returns its JSON."""
        outcome = self.run(
            "chat", "--once", text, "--user", user, "--json", typed="", preexec=None, **settings
        )
        assert (outcome.returncode, outcome.stderr) == (0, "")
        assert outcome.stdout.count("\n") == 1
        data: dict[str, Any] = json.loads(outcome.stdout)
        return data

    def build_index(self, *arguments: str, **settings: str) -> Outcome:
        """`python -m index build …`."""
        return self.run("build", *arguments, typed="", preexec=None, program="index", **settings)

    def converse(self, *texts: str, user: str | None = "me", **settings: str) -> dict[str, dict[str, Any]]:
        """Many turns with `--once --json`; each assembles the bot anew, the libraries are loaded once.

        Without a `user` everything is said by somebody else.
        """
        turns = [["chat", "--once", text, "--user", user or text, "--json"] for text in texts]
        outcome = subprocess.run(
            [sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps(turns)],
            cwd=self.folder,
            env=self.environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert (outcome.returncode, outcome.stderr) == (0, "")
        return dict(zip(texts, map(json.loads, outcome.stdout.splitlines()), strict=True))
