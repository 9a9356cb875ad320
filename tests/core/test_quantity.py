from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.quantity import Quantity

HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("text", "minimum", "maximum", "unit"),
    [
        ("500克", 500, 500, "克"),
        ("1kg", 1, 1, "kg"),
        ("100 ml", 100, 100, "ml"),
        ("半斤", HALF, HALF, "斤"),
        ("一斤半", Fraction(3, 2), Fraction(3, 2), "斤"),
        ("一两", 1, 1, "两"),
        ("二两", 2, 2, "两"),
        ("1/2个", HALF, HALF, "个"),
        ("½茶匙", HALF, HALF, "茶匙"),
        ("1½杯", Fraction(3, 2), Fraction(3, 2), "杯"),
        ("1又1/2杯", Fraction(3, 2), Fraction(3, 2), "杯"),
        ("1 1/2 tsp", Fraction(3, 2), Fraction(3, 2), "tsp"),
        ("1+1/4杯", Fraction(5, 4), Fraction(5, 4), "杯"),
        ("三分之一个", Fraction(1, 3), Fraction(1, 3), "个"),
        ("1个半", Fraction(3, 2), Fraction(3, 2), "个"),
        ("1勺半盐", Fraction(3, 2), Fraction(3, 2), "勺"),
        ("1个半熟鸡蛋", 1, 1, "个"),
        ("2-3勺", 2, 3, "勺"),
        ("2~3片", 2, 3, "片"),
        ("２～３片", 2, 3, "片"),
        ("3至5粒", 3, 5, "粒"),
        ("10～30克", 10, 30, "克"),
        ("15颗～16颗", 15, 16, "颗"),
        ("60克+-10克", 50, 70, "克"),
        ("60±10克", 50, 70, "克"),
        ("两三根", 2, 3, "根"),
        ("三五个", 3, 5, "个"),
        ("2、3片", 2, 3, "片"),
        ("一两个", 1, 2, "个"),
        ("二三十克", 20, 30, "克"),
        ("一百五十克", 150, 150, "克"),
        ("两百五十毫升", 250, 250, "毫升"),
        ("１．５勺", Fraction(3, 2), Fraction(3, 2), "勺"),
        ("1,000克", 1000, 1000, "克"),
        ("一小把", 1, 1, "小把"),
        ("2大片", 2, 2, "大片"),
        ("整只", 1, 1, "只"),
        ("俩", 2, 2, ""),
        ("3", 3, 3, ""),
        ("约2cm", 2, 2, "cm"),
        ("各10克", 10, 10, "克"),
        ("适量（约5克）", 5, 5, "克"),
        ("A4纸1张", 1, 1, "张"),
    ],
)
def test_reads_number_and_unit(text: str, minimum: Fraction, maximum: Fraction, unit: str) -> None:
    quantity = Quantity.parse(text)

    assert (quantity.minimum, quantity.maximum, quantity.unit) == (minimum, maximum, unit)
    assert str(quantity) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "适量",
        "少许",
        "十几粒",
        "几滴",
        "第2个",
        "1/0个",
        "每人100克",
        "2个/份",
        "1个小时",
        "12345678克",
        "八角",
    ],
)
def test_keeps_what_it_cannot_read(text: str) -> None:
    assert Quantity.parse(text) == Quantity(text)
    assert Quantity.parse(text).scaled(Fraction(3)) == Quantity(text)


@pytest.mark.parametrize(
    ("text", "note", "approximate"),
    [
        ("2个（约300克）", "约300克", False),
        ("约2cm", "", True),
        ("2勺左右", "", True),
        ("2斤多", "", True),
        ("10多个", "", True),
        ("大半杯", "", True),
        ("250克，去皮", "去皮", False),
        ("去皮后约100克", "去皮后", True),
        ("适量（约5克）", "适量", True),
        ("1条（约600克，宰净）", "约600克，宰净", False),
    ],
)
def test_reads_note_and_hedging(text: str, note: str, approximate: bool) -> None:
    quantity = Quantity.parse(text)

    assert (quantity.note, quantity.approximate) == (note, approximate)


@pytest.mark.parametrize(
    ("text", "factor", "scaled"),
    [
        ("500克", "2", "1000克"),
        ("5克", "1/2", "2.5克"),
        ("3克", "1/4", "0.8克"),
        ("100克", "1/3", "33克"),
        ("500毫升", "1/3", "165毫升"),
        ("1.2公斤", "3/2", "1.8公斤"),
        ("半斤", "2", "1斤"),
        ("1斤", "3/2", "1斤半"),
        ("一两", "2", "二两"),
        ("1个", "1/2", "半个"),
        ("1个", "3/2", "1个半"),
        ("1个", "1/3", "1/3个"),
        ("半根", "3", "1根半"),
        ("1茶匙", "1/4", "1/4茶匙"),
        ("1茶匙", "5/4", "1又1/4茶匙"),
        ("1 tsp", "3/2", "1.5 tsp"),
        ("1.5勺", "3", "4.5勺"),
        ("3片", "3/2", "5片"),
        ("一小把", "2", "两小把"),
        ("一小把", "1/2", "半小把"),
        ("三根", "5", "15根"),
        ("2 朵", "2", "4 朵"),
        ("2-3勺", "2", "4-6勺"),
        ("2～3个", "3/2", "3～5个"),
        ("1-2勺", "1/2", "1/2-1勺"),
        ("两三根", "2", "4-6根"),
        ("60克+-10克", "2", "100-140克"),
        ("10多个", "2", "约20个"),
        ("约10多个", "2", "约20个"),
        ("2勺左右", "2", "4勺左右"),
        ("约2cm", "2", "约4cm"),
        ("适量（约5克）", "2", "适量（约10克）"),
        ("2个（约300克）", "2", "4个（约600克）"),
        ("1块（约2cm）", "2", "2块（约2cm）"),
        ("2根（切成2cm段）", "2", "4根（切成2cm段）"),
        ("1只（切4块）", "2", "2只（切4块）"),
        ("3克（焯5分钟）", "2", "6克（焯5分钟）"),
        ("260毫升（约35℃）", "2", "520毫升（约35℃）"),
        ("4根（2根切段，2根切丝）", "2", "8根（4根切段，4根切丝）"),
        ("20克（一半切片，一半切末）", "2", "40克（一半切片，一半切末）"),
        ("6个（每个50克，共300克）", "2", "12个（每个50克，共600克）"),
        ("3个（55-60g一个）", "2", "6个（55-60g一个）"),
        ("3个（一个约55克）", "2", "6个（一个约55克）"),
        ("2根（各100克）", "2", "4根（各100克）"),
        ("1罐（400克装）", "2", "2罐（400克装）"),
        ("半只（约800克，斩2厘米小块）", "2", "1只（约1600克，斩2厘米小块）"),
        ("1.5升（炸用，实耗约100毫升）", "2", "3升（炸用，实耗约200毫升）"),
    ],
)
def test_scales_as_a_cook_would_say(text: str, factor: str, scaled: str) -> None:
    assert Quantity.parse(text).scaled(Fraction(factor)).text == scaled


def test_keeps_the_exact_product_beside_the_rounded_text() -> None:
    third = Quantity.parse("100克").scaled(Fraction(1, 3))

    assert (third.text, third.minimum) == ("33克", Fraction(100, 3))
    assert third.scaled(Fraction(3)).text == "100克"


@pytest.mark.parametrize("factor", [Fraction(0), Fraction(-1)])
def test_refuses_a_factor_that_is_not_positive(factor: Fraction) -> None:
    with pytest.raises(ValueError, match="factor must be positive"):
        Quantity.parse("1个").scaled(factor)


FACTORS = st.builds(Fraction, st.integers(1, 12), st.integers(1, 6))
AMOUNTISH = st.text(
    st.sampled_from("0123456789半一两三十百又/½.-~～±+约个勺克两斤（）()，多片每 cmgl整几"), max_size=20
)


@given(st.text() | AMOUNTISH)
def test_any_text_comes_back(text: str) -> None:
    quantity = Quantity.parse(text)

    assert str(quantity) == text
    assert quantity.scaled(Fraction(1)) is quantity


@given(st.text() | AMOUNTISH, FACTORS)
def test_numbers_scale_exactly(text: str, factor: Fraction) -> None:
    quantity = Quantity.parse(text)
    scaled = quantity.scaled(factor)

    if quantity.minimum is None or quantity.maximum is None:
        assert scaled == quantity
    else:
        assert (scaled.minimum, scaled.maximum) == (quantity.minimum * factor, quantity.maximum * factor)
        assert scaled.unit == quantity.unit


NUMBERS = st.integers(1, 400).map(str) | st.sampled_from(
    ["半", "一", "两", "1/2", "1.5", "2-3", "10～30", "三分之一"]
)
UNITS = st.sampled_from(
    ["克", "毫升", "千克", "斤", "两", "个", "勺", "小把", "片", "滴", "茶匙", "tsp", "kg", "升"]
)


@given(NUMBERS, UNITS, FACTORS)
def test_the_words_of_a_scaled_amount_say_nearly_what_is_meant(
    number: str, unit: str, factor: Fraction
) -> None:
    quantity = Quantity.parse(f"{number}{unit}")
    scaled = quantity.scaled(factor)
    read_again = Quantity.parse(scaled.text)

    assert read_again.unit == quantity.unit
    assert scaled.minimum is not None
    assert read_again.minimum is not None
    assert abs(read_again.minimum - scaled.minimum) <= max(scaled.minimum / 3, Fraction(1, 20))


@given(NUMBERS, UNITS, FACTORS)
def test_scaling_there_and_back_says_the_same_number(number: str, unit: str, factor: Fraction) -> None:
    quantity = Quantity.parse(f"{number}{unit}")
    back = quantity.scaled(factor).scaled(1 / factor)

    assert (back.minimum, back.maximum, back.unit) == (quantity.minimum, quantity.maximum, quantity.unit)
