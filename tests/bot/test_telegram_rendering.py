"""Cutting and formatting text for Telegram."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telegram_render import RichText, Span, clean, parts_of, rich_text_of, split, tail, utf16_units
from core.messages import Reply
from core.recipe import Recipe
from tests.fakes.telegram_rules import formatted

FAMILY = "👨‍👩‍👧"


def test_offsets_count_utf16_units() -> None:
    rich = RichText("🍅番茄", (Span("bold", 1, 3),))
    assert list(rich.utf16_spans()) == [("bold", 2, 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第一段话\n\n第二段话", ["第一段话", "第二段话"]),
        ("第一行字\n第二行字", ["第一行字", "第二行字"]),
        ("先热锅。再下油。好", ["先热锅。", "再下油。好"]),
        ("先热锅，再下油好", ["先热锅，", "再下油好"]),
        ("一二三四五六七八九十", ["一二三四五六", "七八九十"]),
        ("四个🍅🍅🍅🍅", ["四个🍅🍅", "🍅🍅"]),
        (f"一二{FAMILY}", ["一二", FAMILY]),
        ("aaaaae\u0301b", ["aaaaa", "e\u0301b"]),
    ],
)
def test_text_is_cut_at_the_best_place(text: str, expected: list[str]) -> None:
    limit = 8 if FAMILY in text else 6
    assert [part.text for part in split(RichText(text), limit)] == expected


def test_a_heading_is_not_halved() -> None:
    rich = RichText("一二三四五标题六", (Span("bold", 5, 7),))
    first, second = split(rich, 6)
    assert (first.text, second.text) == ("一二三四五", "标题六")
    assert second.spans == (Span("bold", 0, 2),)


def test_formatting_longer_than_a_part_goes_on_in_the_next() -> None:
    first, second = split(RichText("一二三四五六七八", (Span("bold", 0, 8),)), 5)
    assert (first.spans, second.spans) == ((Span("bold", 0, 5),), (Span("bold", 0, 3),))


@settings(max_examples=200)
@given(
    st.text(st.sampled_from("一二🍅\u200d\ufe0f\n 。，ae\u0301👍🏽"), max_size=120),
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 40)), max_size=5),
    st.integers(4, 40),
)
def test_nothing_is_lost_and_every_part_is_acceptable(
    text: str, spans: list[tuple[int, int]], limit: int
) -> None:
    kept = tuple(Span("bold", a, min(a + n, len(text))) for a, n in spans if a < len(text))
    parts = list(split(RichText(text, kept), limit))
    assert "".join("".join(p.text.split()) for p in parts) == "".join(text.split())
    for part in parts:
        assert 0 < utf16_units(part.text) <= limit
        entities = [{"type": k, "offset": o, "length": n} for k, o, n in part.utf16_spans()]
        assert formatted(part.text, entities, "", limit=limit, too_long="too long")[0] == part.text


def test_a_recipe_of_nothing_but_a_name_and_one_of_everything() -> None:
    bare = Recipe("id", "白饭", (), ())
    assert rich_text_of(Reply("x", lead="好：", recipe=bare, shows_recipe=True)).text == "好：\n\n白饭"
    full = Recipe.from_dict(
        {"name": "面", "ingredients": [{"name": "面", "amount": ""}], "steps": ["煮"], "allergens": ["麸质"]}
    )
    text = rich_text_of(Reply("x", lead="好：", recipe=full, shows_recipe=True)).text
    assert text == "好：\n\n面\n\n食材\n· 面  用量没有写\n\n做法\n1. 煮\n\n⚠️ 含过敏原：麸质"


def test_what_a_model_wrote_of_a_recipe_is_not_replaced_by_it() -> None:
    assert (
        rich_text_of(Reply("先蒸。", recipe=Recipe("id", "白饭", (), ()), shows_recipe=True)).text == "先蒸。"
    )


def test_a_reply_about_a_part_of_a_recipe_is_its_text() -> None:
    recipe = Recipe("id", "白饭", (), ())
    assert rich_text_of(Reply("煮二十分钟", recipe=recipe)) == RichText("煮二十分钟")


def test_what_cannot_be_sent_is_left_out() -> None:
    assert clean("a\x00b\ud83dc\r\nd\x1be") == "ab\ufffdc\nde"
    assert parts_of(Reply(" \n\x00")) == ()


def test_the_tail_of_a_stream() -> None:
    assert tail("短") == "短"
    assert tail("一。" * 5000).startswith("…\n一。")
    assert utf16_units(tail("🍅" * 5000)) <= 4096
