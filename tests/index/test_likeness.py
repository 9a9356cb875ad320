"""How alike a subject and a form are."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.likeness import Likeness, likeness, spellings_of
from index.text import key_of, plain_key_of

KEYS = st.text(max_size=20).map(plain_key_of)


def alike(subject: str, form: str, cosine: float = 0.0) -> Likeness:
    return likeness(spellings_of(plain_key_of(subject)), spellings_of(plain_key_of(form)), cosine)


def test_the_same_name_is_alike_in_every_measure() -> None:
    assert alike("红烧肉", "红烧肉", 1.0) == Likeness(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3)


def test_a_synonym_is_the_same_name() -> None:
    assert astuple(alike("番茄炒蛋", "西红柿炒鸡蛋"))[:6] == (1.0,) * 6


def test_what_sounds_alike_sounds_alike() -> None:
    heard = alike("公宝鸡丁", "宫保鸡丁")
    assert (heard.spelling, heard.sound, heard.subject_covered) == (0.5, 1.0, 1.0)


def test_two_swapped_are_one_edit_and_all_there() -> None:
    swapped = alike("清多蒸宝鱼", "清蒸多宝鱼")
    assert (swapped.spelling, swapped.subject_covered, swapped.form_covered) == (0.8, 1.0, 1.0)


def test_coverage_has_two_sides() -> None:
    partly = alike("减肥药", "减肥汤")
    assert (partly.subject_covered, partly.form_covered) == pytest.approx((2 / 3, 2 / 3))
    longer = alike("红烧肉", "简易红烧肉饭")
    assert (longer.subject_covered, longer.form_covered) == (1.0, 0.5)


def test_a_perfect_homophone_beats_an_accent() -> None:
    assert (
        alike("宫保鸡丁", "公保鸡丁").sound
        > alike("牛肉丝", "流肉丝").sound
        > alike("牛肉丝", "羊肉丝").sound
    )


@pytest.mark.parametrize(
    ("subject", "near", "far"),
    [
        ("西红柿炒鸡蛋", "番茄炒蛋", "番茄蛋汤"),
        ("酸辣土豆私", "酸辣土豆丝", "酸辣粉"),
        ("麻婆豆付", "麻婆豆腐", "家常豆腐"),
        ("公鸡爆丁", "宫保鸡丁", "辣子鸡"),
    ],
)
def test_rank_prefers_the_dish_that_was_meant(subject: str, near: str, far: str) -> None:
    assert alike(subject, near).rank > alike(subject, far).rank


@given(KEYS, KEYS, st.floats(0, 1))
def test_measures_stay_within_their_range(subject: str, form: str, cosine: float) -> None:
    found = likeness(spellings_of(subject), spellings_of(form), cosine)
    assert all(0 <= measure <= 1 for measure in astuple(found)[:6])
    assert 0 <= found.rank <= 1
    assert found.subject_length >= 1


def test_spellings_are_one_object_when_no_synonym_applies() -> None:
    plain, canonical = spellings_of("红烧肉")
    assert plain is canonical
    plain, canonical = spellings_of("番茄")
    assert (plain.characters, canonical.characters) == ("番茄", key_of("番茄"))
