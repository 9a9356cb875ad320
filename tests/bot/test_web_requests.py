"""Requests that are odd, malformed or nosy: bodies that are no message, and paths that lead elsewhere."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from bot.web_channel import MAX_BODY_BYTES
from tests.bot.web_client import Client, Served, served
from tests.fakes.scripted_handler import draw_picture

SENSIBLE = json.dumps({"text": "你好", "message_id": str(uuid.UUID(int=1))}).encode()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "pictures") as running:
        yield running


@pytest.fixture
async def client(server: Served) -> AsyncIterator[Client]:
    async with server.client() as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (SENSIBLE, "text/plain", 415, "not_json"),
        (SENSIBLE, "application/x-www-form-urlencoded", 415, "not_json"),
        (b"", "application/json", 400, "bad_request"),
        (b"{", "application/json", 400, "bad_request"),
        (b"\xff\xfe", "application/json; charset=no-such", 400, "bad_request"),
        (b"[" * 100_000, "application/json", 400, "bad_request"),
        (b"9" * 100_000, "application/json", 400, "bad_request"),
        (b"[]", "application/json", 400, "bad_request"),
        (b'{"text": "a"}', "application/json", 400, "bad_request"),
        (
            b'{"text": 1, "message_id": "00000000-0000-0000-0000-000000000001"}',
            "application/json",
            400,
            "bad_request",
        ),
        (b'{"text": "a", "message_id": "../../etc"}', "application/json", 400, "bad_request"),
        (b'{"text": "' + b"x" * MAX_BODY_BYTES + b'"}', "application/json", 413, "too_long"),
    ],
)
async def test_bodies_that_are_no_message(
    server: Served, client: Client, body: bytes, content_type: str, status: int, code: str
) -> None:
    headers = {**client.headers, "Content-Type": content_type}
    async with client.session.post("/api/messages", data=body, headers=headers) as response:
        error: dict[str, Any] = (await response.json())["error"]
        assert (response.status, error["code"]) == (status, code)
        assert error["message"]
    assert server.handler.handled == []


@pytest.mark.parametrize(
    "text", ["\ud83d 半个表情", "\x00\x07 控制符", "👨‍👩‍👧‍👦", "</script><img src=x onerror=alert(1)>", ""]
)
async def test_odd_text_goes_there_and_back(server: Served, client: Client, text: str) -> None:
    events = await client.ask(text)
    assert server.handler.handled[0].text == text
    assert events[-1]["reply"]["text"] == f"收到：{text}"


async def test_pictures_are_served_with_type_and_cache(server: Served, client: Client) -> None:
    picture = draw_picture(server.pictures_dir)
    async with client.session.get(f"/pictures/{picture.path.name}") as response:
        assert response.status == 200
        assert response.content_type == "image/png"
        assert response.headers["Cache-Control"] == "private, max-age=86400"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert await response.read() == picture.path.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "..%2Fsecret.png",
        "%2e%2e%2fsecret.png",
        "../secret.png",
        "..%5Csecret.png",
        "secret.txt",
        ".png",
        "a.png.txt",
        "missing.png",
        "link.png",
        "a%00.png",
        "folder.png",
    ],
)
async def test_nothing_but_pictures_leaves_the_picture_folder(
    server: Served, client: Client, name: str
) -> None:
    secret = server.pictures_dir.parent / "secret.png"
    secret.write_bytes(b"secret")
    draw_picture(server.pictures_dir)
    (server.pictures_dir / "secret.txt").write_bytes(b"secret")
    (server.pictures_dir / "link.png").symlink_to(secret)
    (server.pictures_dir / "folder.png").mkdir()
    async with client.session.get(URL(f"{server.address}/pictures/{name}", encoded=True)) as response:
        assert response.status == 404
        assert b"secret" not in await response.read()


@pytest.mark.parametrize("name", ["index.html", "..%2Fweb_channel.py", "%2e%2e/web_channel.py", "nothing.js"])
async def test_nothing_but_the_page_is_static(server: Served, client: Client, name: str) -> None:
    async with client.session.get(URL(f"{server.address}/static/{name}", encoded=True)) as response:
        assert response.status == 404


async def test_the_page_is_asked_for_again_only_when_it_changed(client: Client) -> None:
    async with client.session.get("/static/chat.js") as response:
        assert response.headers["Cache-Control"] == "no-cache"
        etag = response.headers["ETag"]
    async with client.session.get("/static/chat.js", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


async def test_other_methods_are_refused_in_words(client: Client) -> None:
    async with client.session.delete("/api/messages", headers=client.headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (405, "method_refused")
