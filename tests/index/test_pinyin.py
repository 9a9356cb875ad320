"""Pinyin without a segmenter says what pypinyin says; Latin questions become Chinese."""

from __future__ import annotations

import pytest
from pypinyin import Style, lazy_pinyin

from index.latin import in_chinese
from index.pinyin import syllables


@pytest.mark.parametrize(
    "text",
    ["", "重庆小面", "银行的番茄炒蛋", "绿豆糕", "miss兔3个蛋", "长长的面条", "煲仔饭", "\ud800红", "〇"],
)
def test_it_reads_as_pypinyin_does(text: str) -> None:
    assert list(syllables(text)) == lazy_pinyin(text, style=Style.NORMAL, errors="default")


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("fan qie chao dan", "番茄炒蛋"),
        ("gongbao jiding怎么做", "宫保鸡丁怎么做"),
        ("beef noodle soup", "牛肉面"),
        ("tofu with mushrooms", "蘑菇豆腐"),
        ("red braised pork belly recipe", "红烧肉"),
        ("qwerty", "qwerty"),
        ("what's the weather", "what's the weather"),
        ("红烧肉", "红烧肉"),
        ("a" * 200, "a" * 200),
    ],
)
def test_latin_words_in_chinese(text: str, chinese: str) -> None:
    assert in_chinese(text) == chinese
