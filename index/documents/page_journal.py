"""What a language model answered for each excerpt, so that a killed import pays for no page twice.

One JSON object a line: the digest of model, prompt and excerpt, and the answer. A line that the kill cut
off is passed over.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from index.documents.structuring import PROMPT_VERSION, Excerpt

_MAX_LINE_BYTES = 1_000_000


class PageJournal:
    """The answers in a file; without a path they are kept nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._answers: dict[str, list[dict[str, Any]]] = {}
        if path is not None and path.is_file():
            self._read(path)

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            while line := file.readline(_MAX_LINE_BYTES):
                try:
                    entry = json.loads(line)
                    self._answers[entry["excerpt"]] = entry["recipes"]
                except (ValueError, KeyError, TypeError):
                    continue

    def get(self, model_name: str, excerpt: Excerpt) -> list[dict[str, Any]] | None:
        """The answer for an excerpt, None when it has not been asked for."""
        return self._answers.get(_digest(model_name, excerpt))

    def add(self, model_name: str, excerpt: Excerpt, recipes: list[dict[str, Any]]) -> None:
        """Keep an answer."""
        digest = _digest(model_name, excerpt)
        self._answers[digest] = recipes
        if self._path is None:
            return
        line = json.dumps({"excerpt": digest, "recipes": recipes}, ensure_ascii=False)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            # A line break before as well: a kill may have left half a line.
            file.write(b"\n" + line.encode("utf-8", "replace") + b"\n")

    def remove(self) -> None:
        """Forget everything: the import is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _digest(model_name: str, excerpt: Excerpt) -> str:
    text = f"{PROMPT_VERSION}\x1f{model_name}\x1f{excerpt.prompt}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
