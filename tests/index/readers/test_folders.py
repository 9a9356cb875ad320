"""Folders and checkouts: which of their files are recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recipe import Recipe
from index.readers import Meter, is_document, parts_of, read_corpus, reader_for, size_of
from tests.index.corpora import HOWTOCOOK_PAGE, own_row, write_jsonl


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A HowToCook checkout in small."""
    files = {
        "README.md": "# 程序员做饭指南",
        "tips/厨房准备.md": "# 厨房准备\n买锅。",
        "dishes/breakfast/水煮蛋.md": HOWTOCOOK_PAGE,
        "dishes/soup/蛋汤/蛋汤.md": HOWTOCOOK_PAGE.replace("水煮蛋", "蛋汤"),
        "dishes/template/示例菜/示例菜.md": HOWTOCOOK_PAGE.replace("水煮蛋", "示例菜"),
        ".git/config.json": "{}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_of_a_checkout_the_dishes_are_read(checkout: Path) -> None:
    recipes = [row for row in read_corpus(checkout) if isinstance(row, Recipe)]
    assert [(recipe.name, recipe.category) for recipe in recipes] == [("水煮蛋", "早餐"), ("蛋汤", "汤羹")]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = write_jsonl(tmp_path / "secret.jsonl", [own_row("外")])
    folder = tmp_path / "folder"
    folder.mkdir()
    write_jsonl(folder / "a.jsonl", [own_row("内")])
    (folder / "b.jsonl").symlink_to(outside)
    assert [row.name for row in read_corpus(folder) if isinstance(row, Recipe)] == ["内"]


def test_the_meter_ends_at_the_size_of_all_files(checkout: Path) -> None:
    (checkout / "dishes" / "书.txt").write_text("没有菜谱", encoding="utf-8")
    meter = Meter()
    assert len(list(read_corpus(checkout, meter=meter))) == 3
    assert meter.bytes_read == size_of(checkout) > 0


@pytest.mark.parametrize(
    ("name", "content", "document"),
    [
        ("a.txt", "散文", True),
        ("a.txt", '{"name": "x"}', False),
        ("a.md", "# 散文", True),
        ("a.md", HOWTOCOOK_PAGE, False),
        ("a.html", "<p>散文", True),
        ("a.html", '<script type="application/ld+json">', False),
        ("noname", "%PDF-1.4", True),
        ("noname", '[{"name": "x"}]', False),
        ("a.csv", "菜名", False),
    ],
)
def test_what_a_language_model_may_do_better(tmp_path: Path, name: str, content: str, document: bool) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert is_document(reader_for(tmp_path / name)) is document
    assert [is_document(reader) for _, reader in parts_of(tmp_path / name)] == [document]
