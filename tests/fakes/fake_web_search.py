"""A `core.web_ports.WebSearch` that knows what it was given."""

from __future__ import annotations

from core.errors import WebSearchError
from core.web_ports import WebPage


class FakeWebSearch:
    """Answers every search with `pages`, or with an error when that is None; keeps what it was asked."""

    name = "fake web"

    def __init__(self, pages: tuple[WebPage, ...] | None) -> None:
        self._pages = pages
        self.queries: list[str] = []

    async def search(self, query: str) -> tuple[WebPage, ...]:
        self.queries.append(query)
        if self._pages is None:
            raise WebSearchError("no engine answered (fake)")
        return self._pages
