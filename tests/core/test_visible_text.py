"""The filter between a model's raw stream and a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.language_models.visible_text import VisibleText


def shown(*pieces: str) -> str:
    visible = VisibleText()
    return "".join([*(visible.feed(piece) for piece in pieces), visible.finish()])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("先热锅。", "先热锅。"),
        ("<think>想一想</think>\n\n先热锅。", "先热锅。"),
        ("先<think>想</think>热<think></think>锅", "先热锅"),
        ("想完了</think>先热锅", "想完了先热锅"),
        ("先热锅<think>没有说完", "先热锅"),
        ("<think>只有想法", ""),
        ("火力 < 中火 <thin 切", "火力 < 中火 <thin 切"),
        ("结尾是<", "结尾是<"),
        ("<", "<"),
        ("", ""),
        (" \n\t 盐\n糖\t油 ", "盐\n糖\t油 "),
        ("盐\x00\x1b[31m\r\n糖\x7f", "盐[31m\n糖"),
        ("半个\ud83c表情", "半个\ufffd表情"),
    ],
)
def test_what_is_shown_does_not_depend_on_the_pieces(raw: str, expected: str) -> None:
    assert shown(raw) == expected
    assert shown(*raw) == expected


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "<th", "ink>", "/", "锅", " ", "\n"]), max_size=12)
)
def test_any_splitting_shows_the_same(pieces: list[str]) -> None:
    assert shown(*pieces) == shown("".join(pieces)) == shown(*"".join(pieces))


def test_text_is_not_held_back_longer_than_a_tag_may_take() -> None:
    visible = VisibleText()
    assert [visible.feed(piece) for piece in ("先", "热<", "锅<think", "er>", "了")] == [
        "先",
        "热",
        "<锅",
        "<thinker>",
        "了",
    ]
