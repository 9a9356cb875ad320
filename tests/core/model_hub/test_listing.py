"""Answers that no hub gives: each ends in a sentence, whichever hub was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from core.errors import BotError, ModelRejectedError, ModelResponseError, SettingsError
from core.model_hub.catalogue_model import Hub, Source
from core.model_hub.connection import HubConnection
from core.model_hub.listing import Listing, list_files
from tests.core.model_hub.hub_kit import at_once

Answering = Callable[..., Awaitable[str]]
NO_LIST = "something that is no list of files"
NO_JSON = "something that is no JSON"
COMMIT = "a" * 40


def listing(**entry: object) -> bytes:
    """One file, as both hubs write it."""
    both = {"rfilename": "x", "Path": "x", "size": 1, "Size": 1, **entry}
    return json.dumps({"sha": COMMIT, "siblings": [both], "Data": {"Files": [both]}}).encode()


@pytest.fixture
async def answers() -> AsyncIterator[Answering]:
    """Answers every request alike; gives the address."""
    runners = []

    async def start(body: bytes = b"", status: int = 200, **headers: str) -> str:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(body=body, status=status, headers=headers)

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runners.append(web.AppRunner(app, access_log=None))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


async def listed(url: str, hub: Hub) -> Listing:
    connection = HubConnection(url, setting="MODELSCOPE_URL", sleep=at_once)
    try:
        return await list_files(connection, Source(hub, "a/b"))
    finally:
        await connection.close()


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", NO_JSON),
        (b"[" * 200_000, NO_JSON),
        (b"null", NO_LIST),
        (b"{}", NO_LIST),
        (listing(size=-1, Size=-1), NO_LIST),
        (listing(size=True, Size=True), NO_LIST),
        (listing(size=1 << 60, Size=1 << 60), NO_LIST),
        (listing(rfilename=7, Path=7), NO_LIST),
        (listing(rfilename="x" * 5000, Path="x" * 5000), NO_LIST),
        (b'"' + b"x" * 32_000_000 + b'"', "sent more than 32000000 bytes"),
    ],
)
async def test_bodies(answers: Answering, hub: Hub, body: bytes, words: str) -> None:
    with pytest.raises(ModelResponseError, match=words):
        await listed(await answers(body), hub)


@pytest.mark.parametrize(
    ("status", "headers", "error", "words"),
    [
        (200, {"Content-Encoding": "gzip"}, ModelResponseError, "compresses what it sends"),
        (302, {"Location": "http://[::bad"}, ModelResponseError, "redirects to something that is no address"),
        (302, {"Location": "http://127.0.0.1:99999/"}, ModelResponseError, "something that is no address"),
        (418, {}, ModelRejectedError, r"refuses a/b \(revision master\) \(HTTP 418\): check MODELSCOPE_URL"),
    ],
)
async def test_heads(
    answers: Answering, status: int, headers: dict[str, str], error: type[BotError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await listed(await answers(listing(), status, **headers), "modelscope")


async def test_a_missing_repository_with_status_200(answers: Answering) -> None:
    body = b'{"Code": 10010205001, "Message": "record not found", "Success": false}'
    with pytest.raises(ModelRejectedError, match="has no a/b"):
        await listed(await answers(body), "modelscope")


@pytest.mark.parametrize(
    "url", ["https://", "https://u:p@h", "https://h/?x", "https://h:99999", "x", "http://[::1"]
)
def test_addresses_that_cannot_be(url: str) -> None:
    with pytest.raises(SettingsError, match=r"MODELSCOPE_URL: (must look like|is not an address)"):
        HubConnection(url, setting="MODELSCOPE_URL")
