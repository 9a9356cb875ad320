"""Texts made readable."""

from __future__ import annotations

import pytest

from core.errors import CorpusError
from core.recipe import Recipe
from index.importing.repair import repaired, repaired_text
from tests.index.corpora import own_row


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("番茄炒蛋".encode().decode("cp1252"), "番茄炒蛋"),
        ("番茄炒蛋".encode().decode("latin-1"), "番茄炒蛋"),
        ("红烧牛肉".encode().decode("gb18030"), "红烧牛肉"),
        ("盐&nbsp;2克&amp;糖&#39;", "盐 2克&糖'"),
        ("盐&amp;lt;2克", "盐<2克"),
        ("ＡＢＣ１２３％", "ABC123%"),
        ("盐\u3000\u3000少许\r糖\n醋", "盐 少许 糖\n醋"),
        ("盐\u200b\ufeff\x00\x1b[2J", "盐[2J"),
        ("盐\ud800", "盐"),
        ("後邊的調料，「適量」（１克）", "後邊的調料，「適量」（1克）"),
        ("Crème brûlée à la façon", "Crème brûlée à la façon"),
        ("饕餮餛飩", "饕餮餛飩"),
        ("", ""),
    ],
)
def test_texts(text: str, readable: str) -> None:
    assert repaired_text(text) == readable


def test_windows_bytes_without_a_letter_are_read_as_programs_read_them() -> None:
    holes = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
    misread = "".join(
        chr(b) if b in holes else bytes([b]).decode("cp1252") for b in "番茄炒蛋，加盐".encode()
    )
    assert repaired_text(misread) == "番茄炒蛋，加盐"


def test_a_sound_recipe_is_the_same_object() -> None:
    recipe = Recipe.from_dict(own_row("【快手】番茄炒蛋（零失败）", tips=["Sauté 一下"]))
    assert repaired(recipe) is recipe


def test_lines_stay_but_in_names() -> None:
    recipe = Recipe.from_dict(own_row("红烧\n肉", steps=["切块，\n炖熟。"]))
    assert (repaired(recipe).name, repaired(recipe).steps) == ("红烧 肉", ("切块，\n炖熟。",))


def test_a_repaired_recipe_keeps_its_id_and_learns_its_allergens() -> None:
    row = own_row("红烧牛肉".encode().decode("gb18030"))
    row["ingredients"] = [{"name": "花生&nbsp;５０克", "amount": ""}, {"name": "盐", "amount": "２克"}]
    before = Recipe.from_dict(row | {"allergens": ["芝麻"]})
    after = repaired(before)
    assert (after.name, after.recipe_id, after.allergens) == ("红烧牛肉", before.recipe_id, ("芝麻", "花生"))
    assert [(item.name, item.amount) for item in after.ingredients] == [("花生", "50克"), ("盐", "2克")]


@pytest.mark.parametrize(
    "field", [{"name": "红烧\ufffd"}, {"ingredients": [{"name": "花\ufffd", "amount": ""}]}]
)
def test_lost_characters_where_they_matter(field: dict[str, object]) -> None:
    with pytest.raises(CorpusError, match="lost characters in an earlier conversion"):
        repaired(Recipe.from_dict(own_row("红烧肉") | field))


def test_lost_characters_elsewhere_are_left_out() -> None:
    assert repaired(Recipe.from_dict(own_row("红烧肉", steps=["炖\ufffd熟。"]))).steps == ("炖熟。",)
