"""Search engines behind a proxy on loopback: what ddgs reads of them, well or badly.

ddgs speaks https to addresses of its own (`ddgs/engines/*.py`), so a proxy that terminates TLS stands in for
the web: CONNECT (RFC 9110, 9.3.6), then HTTP/1.1. The page has the elements that ddgs 9.16 looks for at
Mojeek: `ul.results > li > h2 > a` and `p.s`.
"""

from __future__ import annotations

import asyncio
import html
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme

Results = list[tuple[str, str, str]]
"""Title, address and snippet of each page."""


def mojeek_page(results: Results) -> str:
    """A page of results as Mojeek writes it."""
    items = "".join(
        f'<li><h2><a href="{html.escape(address)}">{html.escape(title)}</a></h2>'
        f'<p class="s">{html.escape(snippet)}</p></li>'
        for title, address, snippet in results
    )
    return f'<html><body><ul class="results-standard results">{items}</ul></body></html>'


class SearchEngines:
    """The web, as far as a search goes.

    Attributes:
        proxy_url: what WEB_SEARCH_PROXY_URL must be.
        ca_file: what WEB_SEARCH_CA_FILE must be.
        questions: (host, query) of every search.
        answer: the page that every engine sends.
    """

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.ca_file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        self.proxy_url = ""
        self.questions: list[tuple[str, str]] = []
        self.answer: Callable[[str], bytes] = lambda _query: mojeek_page([]).encode()
        self.status = 200
        self.hangs = False

    def finds(self, results: Results) -> None:
        """Answer every search with `results`."""
        self.answer = lambda _query: mojeek_page(results).encode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[SearchEngines]:
        """Listen until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.proxy_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            host = head.split()[1].rsplit(":", 1)[0]
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(host).configure_cert(context)
            await writer.start_tls(context)
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            query = parse_qs(urlsplit(request.split()[1]).query).get("q", [""])[0]
            self.questions.append((host, query))
            if self.hangs:
                await reader.read()  # until the other side has had enough
            body = self.answer(query)
            writer.write(
                f"HTTP/1.1 {self.status} X\r\nContent-Type: text/html; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(body)
            await writer.drain()
        writer.close()
