"""Web search by ddgs, a metasearch library over several engines (https://github.com/deedy5/ddgs, MIT).

Whatever comes back is a stranger's words: it is shortened, stripped of control characters and of links that
are not http(s), shown as a citation, and never opened or executed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import unicodedata
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import WebSearchError
from core.web_ports import WebPage

_WORKER = Path(__file__).with_name("ddgs_worker.py")
_MAX_OUTPUT_BYTES = 200_000
_MAX_TITLE_CHARACTERS = 80
_MAX_SNIPPET_CHARACTERS = 300
_MAX_ADDRESS_CHARACTERS = 500
_MAX_QUERY_CHARACTERS = 100
_START_SECONDS = 2
"""For the process to begin and to end, beside the search itself."""


class DdgsWebSearch:
    """Asks several search engines, in a process that is killed when its time is up.

    Args:
        engines: names that ddgs knows, such as duckduckgo, brave, mojeek.
        region: country and language, as in "cn-zh".
        results: how many pages at most.
        seconds: how long a search may take.
        proxy: address of an HTTP or SOCKS proxy, or "".
        ca_file: PEM file of the certificates to trust instead of the system's, or None.
        worker: the command that searches.
    """

    def __init__(
        self,
        *,
        engines: Sequence[str],
        region: str,
        results: int,
        seconds: float,
        proxy: str = "",
        ca_file: Path | None = None,
        worker: Sequence[str] = (sys.executable, str(_WORKER)),
    ) -> None:
        self._wanted = {
            "engines": ",".join(engines),
            "region": region,
            "results": results,
            "seconds": max(1, round(seconds)),
            "proxy": proxy,
            "ca_file": str(ca_file) if ca_file else "",
        }
        self._seconds = seconds
        self._results = results
        self._worker = tuple(worker)

    @property
    def name(self) -> str:
        """What backs it, for `check`."""
        return f"ddgs ({self._wanted['engines']})"

    async def search(self, query: str) -> tuple[WebPage, ...]:
        """Pages that may answer `query`, best first; see `core.web_ports.WebSearch`."""
        wanted = json.dumps(self._wanted | {"query": query[:_MAX_QUERY_CHARACTERS]})
        try:
            async with asyncio.timeout(self._seconds + _START_SECONDS):
                answer = await self._asked(wanted.encode())
        except TimeoutError as exc:
            raise WebSearchError(f"no engine answered within {self._seconds:g} s") from exc
        except OSError as exc:
            raise WebSearchError(f"the search cannot be started ({exc.strerror})") from exc
        return _pages(answer, self._results)

    async def _asked(self, wanted: bytes) -> bytes:
        # Its environment is empty, so that it inherits no token.
        process = await asyncio.create_subprocess_exec(
            *self._worker, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, cwd="/", start_new_session=True
        )
        try:
            if process.stdin is None or process.stdout is None:
                raise WebSearchError("the search has no pipes")
            process.stdin.write(wanted)
            process.stdin.close()
            answer = b""
            while piece := await process.stdout.read(65_536):
                answer += piece
                if len(answer) > _MAX_OUTPUT_BYTES:
                    raise WebSearchError("the search answered with too much")
            await process.wait()
            return answer
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def _pages(answer: bytes, limit: int) -> tuple[WebPage, ...]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as exc:
        raise WebSearchError("the search ended without an answer") from exc
    if isinstance(found, dict):
        raise WebSearchError(f"no engine answered ({_plain(str(found.get('error', '')), 40)})")
    if not isinstance(found, list):
        raise WebSearchError("the search answered with nonsense")
    pages = (_page(item) for item in found if isinstance(item, dict))
    return tuple({page.address: page for page in pages if page is not None}.values())[:limit]


def _page(item: dict[str, object]) -> WebPage | None:
    title = _plain(str(item.get("title", "")), _MAX_TITLE_CHARACTERS)
    address = str(item.get("href", ""))
    try:
        parts = urlsplit(address)
        is_page = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    is_plain = address.isascii() and address.isprintable() and not set(address) & set(" <>\"'\\")
    if not (title and is_page and is_plain and len(address) <= _MAX_ADDRESS_CHARACTERS):
        return None
    return WebPage(title, address, _plain(str(item.get("body", "")), _MAX_SNIPPET_CHARACTERS))


def _plain(text: str, longest: int) -> str:
    """One line without invisible characters, cut to `longest`."""
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text[: 4 * longest])
    line = " ".join(visible.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
