"""Word tables: the longest word counts, what lies within it does not."""

from __future__ import annotations

import pytest

from core.word_table import WordTable, any_word

TABLE = WordTable("贝类: 鲍 鲍鱼\n鱼: 鱼\n贝类 大豆: 鲍汁\n无: 杏鲍菇")


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("鲍鱼", {"贝类"}),
        ("鲍汁拌杏鲍菇", {"贝类", "大豆"}),
        ("杏鲍菇", set()),
        ("鲍鱼鱼", {"贝类", "鱼"}),
        ("", set()),
    ],
)
def test_groups(text: str, groups: set[str]) -> None:
    assert TABLE.groups(text) == groups


def test_words_that_overlap_both_count() -> None:
    table = WordTable("甲: 一面\n乙: 面包")
    assert list(table.found("一面包")) == ["一面", "面包"]


def test_a_word_of_several_lines_stands_for_all_their_groups() -> None:
    assert WordTable("甲: 词\n乙: 词").of("词") == {"甲", "乙"}


def test_a_pattern_of_any_words_is_literal() -> None:
    table = WordTable("甲: a.c (x) [b]")
    assert list(table.found("abc a.c (x) [b]")) == ["a.c", "(x)", "[b]"]
    assert any_word([]) == ""


def test_words_within_a_longer_one_count_where_only_nothing_hides() -> None:
    table = WordTable("面: 面\n苏: 葱油拌面\n无: 面膜 面膜面", nested=True)
    assert table.groups("葱油拌面") == {"苏", "面"}
    assert table.groups("面膜") == frozenset()
    assert table.groups("面膜面") == frozenset()
