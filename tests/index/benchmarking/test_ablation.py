"""The search with one part off, over the shipped cookbook without vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.benchmarking.ablation import WHOLE, Variant, variants

_FOUND = {
    "words": ("公保基丁怎么做", "宫保鸡丁"),
    "sound": ("公保基丁怎么做", "宫保鸡丁"),
    "synonyms": ("鲜肉抄手的做法", "鲜肉馄饨"),
    "removal of the shell": ("请问大家公保基丁到底应该怎么做才好吃呢", "宫保鸡丁"),
    "names in a sentence": ("我寻思学做锅包肉，哪位老铁讲讲门道", "锅包肉"),
    "pinyin and English": ("gongbao jiding", "宫保鸡丁"),
    "wishes in a sentence": ("喝剩半瓶啤酒，做菜能用上吗", "啤酒鸭"),
    "wishes by structure": ("土豆和牛肉能做什么", "土豆烧牛肉"),
}


@pytest.fixture(scope="module")
def opened(cookbook_index: Path) -> dict[str, Variant]:
    return {variant.name: variant for variant in variants(cookbook_index, None)}


def answered(variant: Variant, query: str) -> list[str]:
    retrieval = variant.search(query, 5)
    return [] if retrieval.refused else [hit.recipe.name for hit in retrieval.hits]


@pytest.mark.parametrize("part", _FOUND)
def test_what_is_lost_without_a_part(opened: dict[str, Variant], part: str) -> None:
    query, name = _FOUND[part]
    variant = opened[part]
    with variant.taken_out:
        assert name not in answered(variant, query)
    assert name in answered(opened[WHOLE], query)


def test_parts_that_only_change_what_is_refused(opened: dict[str, Variant]) -> None:
    other = opened["other purposes"]
    assert answered(other, "北京烤鸭店加盟费") == []
    with other.taken_out:
        assert "北京烤鸭" in answered(other, "北京烤鸭店加盟费")
    assert answered(opened[WHOLE], "今天星期几") == []
    assert answered(opened["calibration, refusal"], "今天星期几") != []


def test_every_part_is_there_once(cookbook_index: Path) -> None:
    names: Iterator[str] = (variant.name for variant in variants(cookbook_index, None))
    assert list(names) == [
        *(WHOLE, "words", "sound", "synonyms", "removal of the shell", "names in a sentence"),
        *("pinyin and English", "other purposes", "grouping by dish", "wishes by structure"),
        *("wishes in a sentence", "calibration, refusal", "rules for follow-ups"),
    ]
