"""`python -m index questions` against a model server on loopback, and an index built of what it wrote."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from index.__main__ import main
from tests.fakes.openai_behaviours import answers
from tests.fakes.openai_server import OpenAiServer
from tests.index.corpora import own_row, write_jsonl

WRITTEN = ['["过年吃的硬菜", "给孩子做点甜口的肉"]', '["十分钟下饭菜怎么做"]']


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenAiServer]:
    monkeypatch.chdir(tmp_path)
    for name, value in {"EMBEDDER": "none", "LLM_BACKEND": "openai", "LLM_MODEL": "m"}.items():
        monkeypatch.setenv(name, value)
    async with OpenAiServer().running() as running:
        monkeypatch.setenv("LLM_BASE_URL", running.base_url)
        yield running


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉"), own_row("番茄炒蛋")])


async def asked(corpus: Path, *more: str) -> int:
    out = corpus.with_name("asked.jsonl")
    arguments = ["questions", "--corpus", str(corpus), "--out", str(out), "--at-once", "1", *more]
    return await asyncio.to_thread(main, arguments)


async def test_what_the_model_wrote_is_found_by(
    server: OpenAiServer, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.queue(*map(answers, WRITTEN))
    assert await asked(corpus, "--yes", "--prices", "1", "2") == 0
    told = capsys.readouterr()
    assert told.out.endswith(
        "asked.jsonl: 2 recipes asked about, 0 taken from the journal, 0 left without questions\n"
    )
    assert "2 recipes to ask about (0 kept from before)" in " ".join(told.err.split())
    rows = [json.loads(line) for line in corpus.with_name("asked.jsonl").read_text().splitlines()]
    assert [row["questions"] for row in rows] == [
        ["过年吃的硬菜", "给孩子做点甜口的肉"],
        ["十分钟下饭菜怎么做"],
    ]
    index = str(corpus.with_name("index"))
    await asyncio.to_thread(main, ["build", "--corpus", str(corpus.with_name("asked.jsonl")), "--out", index])
    capsys.readouterr()
    await asyncio.to_thread(main, ["search", "--index", index, "--json", "给孩子做点甜口的肉"])
    found = json.loads(capsys.readouterr().out)
    assert (found["refused"], found["hits"][0]["name"]) == (False, "红烧肉")


async def test_whoever_comes_back_pays_for_the_rest_only(
    server: OpenAiServer, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.queue(answers(WRITTEN[0]))
    assert await asked(corpus, "--yes", "--limit", "1") == 0
    server.queue(answers(WRITTEN[1]))
    assert await asked(corpus, "--yes") == 0
    assert "1 recipes asked about, 1 taken from the journal" in capsys.readouterr().out
    assert len(server.requests) == 2


async def test_nobody_is_asked_without_a_yes(
    server: OpenAiServer, corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: "n")
    assert await asked(corpus) == 1
    assert server.requests == []
    assert not corpus.with_name("asked.jsonl").exists()


def test_without_a_model(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["questions", "--corpus", str(corpus), "--out", str(tmp_path / "o")]) == 2
    assert "LLM_BACKEND: questions are written by a language model" in " ".join(
        capsys.readouterr().err.split()
    )
