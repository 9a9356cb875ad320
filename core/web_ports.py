"""The role of a web search; implemented in `core/web_search/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page that a search engine names: a stranger's words, to be cited and never followed.

    Attributes:
        title: one line.
        address: http or https, ASCII.
        snippet: what the engine quotes of it, one line, or "".
    """

    title: str
    address: str
    snippet: str = ""


class WebSearch(Protocol):
    """Finds pages on the web."""

    @property
    def name(self) -> str:
        """What backs it, for `check`."""

    async def search(self, query: str) -> tuple[WebPage, ...]:
        """Pages that may answer `query`, best first; may be none.

        Raises:
            WebSearchError: nobody answered in time.
        """
