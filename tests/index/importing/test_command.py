"""`python -m index import`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.ports import LanguageModel
from core.recipe import Recipe
from index.__main__ import main
from index.commands import importing
from index.readers import read_corpus
from tests.fakes.scripted_language_model import ScriptedLanguageModel
from tests.index.corpora import write_jsonl, xiachufang_row

PAGE = "番茄炒蛋：番茄2个切块，鸡蛋3个打散，下锅炒熟，加盐少许。"
ANSWER = json.dumps(
    {
        "recipes": [
            {"name": "番茄炒蛋", "ingredients": [{"name": "番茄", "amount": "2个"}], "steps": ["下锅炒熟"]}
        ]
    }
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "家常菜.txt"
    path.write_text(PAGE, encoding="utf-8")
    return path


def use(model: LanguageModel | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "language_model_of", lambda *_: model)


def names_in(out: Path) -> list[str]:
    return [row.name for row in read_corpus(out) if isinstance(row, Recipe)]


def test_a_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", [xiachufang_row("酱香饼"), xiachufang_row("")])
    out = tmp_path / "out.jsonl"
    assert main(["import", str(corpus), "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(
        f"{out}: 1 recipes of 2 rows, 0 duplicates and 1 bad rows left out, 0 repaired; "
    )
    assert "name is empty" in told.err


def test_a_document_with_the_model(
    tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = ScriptedLanguageModel([ANSWER]), tmp_path / "out.jsonl"
    use(model, monkeypatch)
    command = ["import", str(book), "--out", str(out), "--prices", "1000", "2000"]
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    assert (main(command), model.prompts, out.exists()) == (1, [], False)
    assert main([*command, "--yes"]) == 0
    assert (names_in(out), model.closed) == (["番茄炒蛋"], True)
    told = " ".join(capsys.readouterr().err.split())
    assert "1 documents: 1 calls of scripted/test, at most " in told
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.jsonl",
        "out.jsonl.report.json",
        "家常菜.txt",
    ]


def test_nobody_to_ask(
    tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(_question: str) -> str:
        raise EOFError

    use(ScriptedLanguageModel(), monkeypatch)
    monkeypatch.setattr("builtins.input", nobody)
    assert main(["import", str(book), "--out", str(tmp_path / "out.jsonl")]) == 1
    assert "give --yes" in capsys.readouterr().err


def test_a_document_without_a_model(
    tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(None, monkeypatch)
    out = tmp_path / "out.jsonl"
    assert main(["import", str(book), "--out", str(out)]) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert ("LLM_BACKEND names no language model" in told, "no recipe found by headings" in told) == (
        True,
        True,
    )
    book.write_text("番茄炒蛋\n用料\n番茄 2个\n做法\n炒熟。", encoding="utf-8")
    assert main(["import", str(book), "--out", str(out), "--headings"]) == 0
    assert names_in(out) == ["番茄炒蛋"]


@pytest.mark.parametrize("context_tokens", [512, 6000, 32_000])
def test_excerpt_and_answer_fit_into_the_context(tmp_path: Path, context_tokens: int) -> None:
    options = importing.options_for(context_tokens, "", tmp_path / "j")
    assert options.excerpt_characters + options.answer_tokens == max(800, context_tokens - 500)
    assert options.answer_tokens > options.excerpt_characters
