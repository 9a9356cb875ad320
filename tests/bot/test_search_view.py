"""The view of a search: who may look, what is said of a real index's search, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.search_view import MAX_QUERIES, Explain
from core.errors import RetrievalError
from core.messages import UserKey
from core.ports import Retrieval
from index.build import build_index
from index.retriever import HybridRetriever
from index.search_report import SearchReport
from tests.bot.web_client import Client, served
from tests.index.corpora import own_row, write_jsonl


@pytest.fixture(scope="module")
def explain(tmp_path_factory: pytest.TempPathFactory) -> Explain:
    folder = tmp_path_factory.mktemp("view")
    corpus = write_jsonl(folder / "c.jsonl", [own_row(n) for n in ("红烧肉", "番茄炒蛋", "宫保鸡丁")])
    build_index([corpus], folder / "index", None)
    retriever = HybridRetriever.open(folder / "index", None)
    return lambda query: (retriever.explain(query), retriever.search_now(query))


async def looked(client: Client, data: Any, **headers: str) -> tuple[int, Any]:
    sent = {**client.headers, **headers}
    async with client.session.post("/api/search", json=data, headers=sent) as response:
        return response.status, await response.json()


async def test_what_a_search_did(tmp_path: Path, explain: Explain) -> None:
    async with served(tmp_path, explain=explain) as server, server.client() as client:
        status, data = await looked(client, {"queries": ["公寶雞丁怎麼做", "今天股票怎么样"]})
    assert status == 200
    found, refused = data["searches"]
    assert found["answer"] == {
        "by_structure": False,
        "refused": False,
        "names": found["answer"]["names"],
        "wanted": [],
        "relaxed": [],
    }
    assert found["answer"]["names"][0] == found["dishes"][0]["name"] == "宫保鸡丁"
    assert found["dishes"][0]["score"] >= found["threshold"] > 0
    assert found["forms"][0]["form"] == "宫保鸡丁"
    assert found["subjects"][0] == "公宝鸡丁"
    assert refused["answer"]["refused"]
    assert not refused["dishes"] or refused["dishes"][0]["score"] < refused["threshold"]


async def test_the_page_comes_with_a_cookie_and_its_files(tmp_path: Path, explain: Explain) -> None:
    async with served(tmp_path, explain=explain) as server, server.client() as client:
        for path in ("/search", "/static/search.js", "/static/search.css"):
            async with client.session.get(path) as response:
                assert response.status == 200
        async with client.session.get("/static/search.html") as response:
            assert response.status == 404


async def test_without_a_search_to_explain_there_is_no_view(tmp_path: Path) -> None:
    async with served(tmp_path) as server, server.client() as client:
        assert (await looked(client, {"queries": ["红烧肉"]}))[0] == 404


async def test_under_another_name_it_is_for_administrators(tmp_path: Path, explain: Explain) -> None:
    administrators: set[UserKey] = set()
    hosts = ("kitchen.example",)
    async with (
        served(tmp_path, explain=explain, administrators=administrators, allowed_hosts=hosts) as server,
        server.client() as client,
    ):
        status, data = await looked(client, {"queries": ["红烧肉"]})
        assert (status, data["error"]["code"]) == (403, "not_administrator")
        assert "/export" in data["error"]["message"]
        async with client.session.get("/search") as response:
            assert response.status == 403
        await client.ask("红烧肉怎么做")  # the handler sees who asks
        administrators.add(server.handler.handled[-1].user)
        assert (await looked(client, {"queries": ["红烧肉"]}))[0] == 200
        async with client.session.get("/search") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    "data",
    [
        *({}, [], {"queries": []}, {"queries": "红烧肉"}, {"queries": [1]}),
        *({"queries": ["红"] * (MAX_QUERIES + 1)}, {"queries": ["红" * 201]}),
    ],
)
async def test_what_is_no_question(data: Any, tmp_path: Path, explain: Explain) -> None:
    async with served(tmp_path, explain=explain) as server, server.client() as client:
        status, answer = await looked(client, data)
    assert (status, answer["error"]["code"]) == (400, "bad_request")


async def test_other_sites_and_strangers_are_kept_out(tmp_path: Path, explain: Explain) -> None:
    async with served(tmp_path, explain=explain) as server, server.client() as client:
        elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert (await looked(client, {"queries": ["红烧肉"]}, **elsewhere))[0] == 403
        client.session.cookie_jar.clear()
        assert (await looked(client, {"queries": ["红烧肉"]}))[0] == 401


async def test_an_index_that_fails_is_said_so(tmp_path: Path) -> None:
    def broken(_query: str) -> tuple[SearchReport, Retrieval]:
        raise RetrievalError("disk gone")

    never: Callable[[str], tuple[SearchReport, Retrieval]] = broken
    async with served(tmp_path, explain=never) as server, server.client() as client:
        status, answer = await looked(client, {"queries": ["红烧肉"]})
    assert (status, answer["error"]["code"]) == (503, "search_failed")
