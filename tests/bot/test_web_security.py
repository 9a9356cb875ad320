"""The web server's borders: Host, Origin, cookie, headers, files, and bodies that are not messages."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.web_channel import PAGE_DIR
from bot.web_security import CONTENT_SECURITY_POLICY, host_name
from tests.bot.web_client import Client, Served, served

SENSIBLE = json.dumps({"text": "你好", "message_id": str(uuid.UUID(int=1))}).encode()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "pictures", allowed_hosts=["Chef.example:8443", "fd00::1"]) as running:
        yield running


@pytest.fixture
async def client(server: Served) -> AsyncIterator[Client]:
    async with server.client() as opened:
        yield opened


@pytest.mark.parametrize(
    "path", ["/", "/static/chat.js", "/api/history", "/api/commands", "/healthz", "/nothing"]
)
async def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    async with client.session.get(path) as response:
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert "Server" not in response.headers


async def test_streams_carry_the_security_headers(client: Client) -> None:
    async with client.post("你好") as response:
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert response.content_type == "application/x-ndjson"


def test_the_policy_allows_nothing_inline_or_foreign() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert set(re.findall(r"(?<!-)'[a-z]+'", CONTENT_SECURITY_POLICY)) == {"'none'", "'self'", "'script'"}


def test_the_page_has_nothing_inline_or_foreign() -> None:
    page = (PAGE_DIR / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", page) == []
    for path in PAGE_DIR.iterdir():
        text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert (
            re.findall(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text) == []
        )


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9999", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("chef.example", 200),
        ("chef.example.:443", 200),
        ("[FD00:0::1]", 200),
        ("evil.example", 403),
        ("192.168.1.5", 403),
        ("localhost.evil.example", 403),
        ("localhost@evil.example", 403),
        ("127.0.0.1:80:80", 403),
    ],
)
async def test_only_known_hosts_are_served(client: Client, host: str, status: int) -> None:
    for path in ("/", "/api/history"):
        async with client.session.get(path, headers={"Host": host}) as response:
            assert response.status == status
            assert "Set-Cookie" not in response.headers or status == 200


async def test_health_is_told_to_any_host(client: Client) -> None:
    async with client.session.get("/healthz", headers={"Host": "10.0.0.7:8080"}) as response:
        assert (response.status, await response.json()) == (200, {"status": "ok", "models": []})


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("A.b:80", "a.b"),
        ("[::1]:80", "::1"),
        ("::1", "::1"),
        ("a b", ""),
        ("", ""),
        ("[::1", ""),
        ("a:b", ""),
        ("[zz]", ""),
    ],
)
def test_host_name(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "file://"},
        {"Origin": "http://[::1"},
        {"Origin": "SELF", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "SELF", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_messages_from_elsewhere_are_refused(
    server: Served, client: Client, headers: dict[str, str]
) -> None:
    headers = {name: server.address if value == "SELF" else value for name, value in headers.items()}
    headers["Content-Type"] = "application/json"
    async with client.session.post("/api/messages", data=SENSIBLE, headers=headers) as response:
        assert response.status == 403
        assert (await response.json())["error"]["code"] == "origin_refused"
    assert server.handler.handled == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://chef.example", "Host": "chef.example"},
        {"Origin": "https://chef.example", "Host": "chef.example:443"},
        {"Origin": "https://chef.example:8443", "Host": "chef.example:8443"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_messages_from_the_page_are_taken(client: Client, headers: dict[str, str]) -> None:
    headers = {**headers, "Content-Type": "application/json"}
    cookie = next(iter(client.session.cookie_jar))
    headers["Cookie"] = f"{cookie.key}={cookie.value}"
    async with client.session.post("/api/messages", data=SENSIBLE, headers=headers) as response:
        assert response.status == 200


async def test_the_conversation_is_not_shown_to_foreign_pages(client: Client) -> None:
    async with client.session.get("/api/history", headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403


async def test_the_cookie_is_random_and_out_of_reach_of_scripts(server: Served) -> None:
    cookies = []
    for _ in range(2):
        async with ClientSession(server.address) as session, session.get("/") as response:
            cookies.append(response.headers["Set-Cookie"])
    for cookie in cookies:
        assert re.fullmatch(
            r"shishen_session=[\w-]{43}; HttpOnly; Max-Age=31536000; Path=/; SameSite=Lax", cookie
        )
    assert cookies[0] != cookies[1]


async def test_a_secure_cookie_is_bound_to_https_and_host(tmp_path: Path) -> None:
    async with (
        served(tmp_path, secure_cookie=True) as server,
        ClientSession(server.address) as session,
        session.get("/") as response,
    ):
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-shishen_session=")
    assert "; Secure" in cookie


async def test_a_known_browser_keeps_its_cookie(client: Client) -> None:
    async with client.session.get("/") as first, client.session.get("/") as second:
        assert first.headers["Set-Cookie"] == second.headers["Set-Cookie"]


async def test_the_user_is_a_hash_of_the_cookie(server: Served, client: Client) -> None:
    await client.ask("你好")
    message = server.handler.handled[0]
    cookie = next(iter(client.session.cookie_jar)).value
    assert re.fullmatch(r"[0-9a-f]{32}", message.user.user_id)
    assert message.chat.chat_id == message.user.user_id
    assert message.user.user_id not in cookie
    assert cookie not in str(message)


@pytest.mark.parametrize(
    "cookie", ["", "shishen_session=", "shishen_session=short", "shishen_session=" + "x" * 44]
)
async def test_without_a_session_nothing_is_told(server: Served, cookie: str) -> None:
    async with ClientSession(server.address, headers={"Cookie": cookie}) as session:
        async with session.get("/api/history") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (401, "no_session")
        headers = {"Origin": server.address, "Content-Type": "application/json"}
        async with session.post("/api/messages", data=SENSIBLE, headers=headers) as response:
            assert response.status == 401


async def test_users_do_not_see_each_other(server: Served, client: Client) -> None:
    await client.ask("我的秘密")
    async with server.client() as other:
        assert (await other.history())["messages"] == []
    assert [m["text"] for m in (await client.history())["messages"]] == ["我的秘密", "收到：我的秘密"]
