"""`core.transcripts`: what a recogniser wrote, made fit to read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transcripts import MAX_CHARACTERS, tidied


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("宮保雞丁怎麼做？", "宫保鸡丁怎么做"),
        ("黃門,幾米飯要怎麼弄?", "黄门，几米饭要怎么弄"),
        ("宫 保 鸡 丁 怎 么 做", "宫保鸡丁怎么做"),
        ("想學 等到面。", "想学等到面"),
        ("<|zh|><|NEUTRAL|> 红烧肉 怎么做 。", "红烧肉怎么做"),
        ("嗯，请问红烧肉怎么做", "请问红烧肉怎么做"),
        ("呃呃那个，我想吃红烧肉", "我想吃红烧肉"),
        ("那个我想学红烧肉", "我想学红烧肉"),
        ("请问那个红烧肉，嗯，怎么做啊", "请问红烧肉，怎么做啊"),
        ("就是说，改成四人份", "改成四人份"),
        ("红烧，红烧肉怎么怎么做", "红烧肉怎么做"),
        ("我我我想吃担担面", "我想吃担担面"),
        ("红烧肉红烧肉红烧肉", "红烧肉"),
        ("BBQ sauce 怎么做", "BBQ sauce怎么做"),
        ("要1.5克盐吗？", "要1.5克盐吗"),
        ("先放盐。。。还是先放糖？", "先放盐。还是先放糖"),
        ("。。。", ""),
        ("嗯", ""),
        ("", ""),
    ],
)
def test_tidied(heard: str, expected: str) -> None:
    assert tidied(heard) == expected


@pytest.mark.parametrize(
    "said",
    [
        "担担面怎么做",
        "棒棒鸡和钵钵鸡",
        "那个怎么做",
        "然后呢",
        "一步一步教我",
        "要放多少盐",
        "就是这道菜吗",
        "宝宝辅食",
        "啊",
    ],
)
def test_leaves_alone_what_was_meant(said: str) -> None:
    assert tidied(said) == said


def test_is_bounded() -> None:
    assert len(tidied("".join(chr(0x4E00 + i) for i in range(5_000)))) == MAX_CHARACTERS


@given(st.text(alphabet="嗯呃啊那个就是说请问我想吃红烧肉担面，。？！ ,.?abc1一「雞\ud800\x00", max_size=60))
def test_tidying_twice_changes_nothing(heard: str) -> None:
    once = tidied(heard)
    assert tidied(once) == once


@given(st.text(max_size=400))
def test_takes_anything(heard: str) -> None:
    once = tidied(heard)
    assert len(once) <= MAX_CHARACTERS
    assert tidied(once) == once
