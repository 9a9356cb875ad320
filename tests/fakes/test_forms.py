"""Forms: fields and files as they were sent, and nothing left open by a client that breaks off."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.fakes.forms import Fields, Files, form_of
from tests.fakes.listening import listening

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BEGINNING_OF_AN_UPLOAD = (
    b"POST / HTTP/1.1\r\nHost: fake\r\nContent-Type: multipart/form-data; boundary=B\r\n"
    b"Content-Length: 100000\r\n\r\n"
    b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\nthe first bytes'
)


def serving(handler: Handler) -> AbstractAsyncContextManager[str]:
    app = web.Application()
    app.router.add_post("/", handler)
    return listening(app)


@pytest.mark.parametrize("is_multipart", [True, False])
async def test_fields_and_files_are_told_apart(is_multipart: bool) -> None:
    read: list[tuple[Fields, Files]] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        read.append(await form_of(request))
        return web.Response()

    form = aiohttp.FormData({"caption": "红烧肉"}, quote_fields=False)
    files = {}
    if is_multipart:
        form.add_field("photo", b"\x89PNG\r\n", filename="红烧肉.png", content_type="image/png")
        files["photo"] = ("红烧肉.png", b"\x89PNG\r\n")
    async with (
        serving(handle) as url,
        aiohttp.ClientSession() as session,
        session.post(url, data=form) as response,
    ):
        assert response.status == 200
    assert read == [({"caption": "红烧肉"}, files)]


async def test_a_client_that_breaks_off_leaves_nothing_open() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        begun.set()
        try:
            await form_of(request)
        finally:
            ended.set()
        return web.Response()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with serving(handle) as url:
            _, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
            writer.write(BEGINNING_OF_AN_UPLOAD)
            await begun.wait()
            writer.transport.abort()
            await ended.wait()
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
