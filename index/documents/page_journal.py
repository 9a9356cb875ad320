"""What a language model answered for each excerpt, so that a killed import pays for no page twice.

A record of the `Journal` has the digest of model, prompt and excerpt, and the answer.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from index.documents.structuring import PROMPT_VERSION, Excerpt
from index.journal import Journal


class PageJournal:
    """The answers in a file; without a path they are kept nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._journal = Journal(path) if path is not None else None
        self._answers: dict[str, list[dict[str, Any]]] = {}
        for entry in self._journal.records() if self._journal is not None else ():
            with suppress(KeyError, TypeError):
                self._answers[entry["excerpt"]] = entry["recipes"]

    def get(self, model_name: str, excerpt: Excerpt) -> list[dict[str, Any]] | None:
        """The answer for an excerpt, None when it has not been asked for."""
        return self._answers.get(_digest(model_name, excerpt))

    def add(self, model_name: str, excerpt: Excerpt, recipes: list[dict[str, Any]]) -> None:
        """Keep an answer."""
        digest = _digest(model_name, excerpt)
        self._answers[digest] = recipes
        if self._journal is not None:
            self._journal.append({"excerpt": digest, "recipes": recipes})

    def remove(self) -> None:
        """Forget everything: the import is done."""
        if self._journal is not None:
            self._journal.remove()


def _digest(model_name: str, excerpt: Excerpt) -> str:
    text = f"{PROMPT_VERSION}\x1f{model_name}\x1f{excerpt.prompt}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
