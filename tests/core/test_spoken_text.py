"""How text is read aloud: numbers, measures, signs; what is never said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.recipe import Recipe
from core.spoken_numbers import counted
from core.spoken_text import spoken
from index.build import COOKBOOK_DIR
from index.readers import read_corpus

EXAMPLES = """
5克 五克
2个 两个
2 个 两个
1/2 茶匙 半茶匙
½个 半个
1/2的水 二分之一的水
1/3杯 三分之一杯
⅓杯 三分之一杯
1½杯 一又二分之一杯
1又1/2杯 一又二分之一杯
1 1/2杯 一又二分之一杯
100-150ml 一百到一百五十毫升
100g-150g 一百克到一百五十克
10分钟-15分钟 十分钟到十五分钟
180℃ 一百八十摄氏度
160℃-180℃ 一百六十摄氏度到一百八十摄氏度
350°F 三百五十华氏度
-18℃冷冻 零下十八摄氏度冷冻
3~5分钟 三到五分钟
2-3 勺 两到三勺
2、3个 两三个
2,3个 两三个
1、3个 一、三个
~100g 约一百克
1.5 一点五
1.50L 一点五零升
0.5 零点五
50% 百分之五十
10-20% 百分之十到二十
50%-60% 百分之五十到百分之六十
3‰ 千分之三
2023年 二零二三年
2年 两年
2023-05-01 二零二三年五月一日
10:30 十点三十分
10:05 十点零五分
2:00 两点
米和水1:2 米和水一比二
比例1:10 比例一比十
糖醋比1:1.5 糖醋比一比一点五
1,000 一千
200克 两百克
2000g 两千克
250ml 两百五十毫升
2两 二两
2斤 两斤
2两-3两 二两到三两
2kg 两公斤
2℃ 二摄氏度
2分钟 两分钟
2h 两小时
2月2日 二月二日
第2步 第二步
第2-3步 第二到三步
鸡蛋2 鸡蛋二
12个 十二个
22个 二十二个
2万 两万
007 零零七
12345678 一二三四五六七八
3.14159 三点一四一五九
1.2.3 一点二点三
20x30cm 二十乘三十厘米
20cm×30cm 二十厘米乘三十厘米
2T酱油 两汤匙酱油
1tsp盐 一茶匙盐
500W 五百瓦
１００ｇ 一百克
٣个 三个
①洗菜②切菜 一、洗菜，二、切菜
B12 B十二
A4纸 A四纸
VC VC
￥12.5 十二点五元
¥3 三元
盐/糖 盐或糖
"""

SIGNS = [
    ("🍅番茄2个（约300克）", "番茄两个，约三百克"),
    ("**加粗** `代码` ~~划掉~~", "加粗代码，划掉"),
    ("[菜谱](https://a.example/1?b=2)看这里", "菜谱看这里"),
    ("见 https://a.example/1?b=2 。", "见。"),
    ("· 盐  适量", "盐适量"),
    ("「红烧肉」这样做：", "红烧肉这样做"),
    ("等等……好了！！", "等等。好了！"),
    ("Le Creuset 锅", "Le Creuset锅"),
    ("", ""),
    ("🍳🔥 —— …", ""),
    ("\ud83c 坏字符 \x00", "坏字符"),
]


@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines())
def test_numbers_and_measures(line: str) -> None:
    written, said = line.rsplit(" ", 1)
    assert spoken(written) == said


@pytest.mark.parametrize(("written", "said"), SIGNS)
def test_signs_are_pauses_or_nothing(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (112, "一百一十二"),
        (202, "两百零二"),
        (1005, "一千零五"),
        (1250, "一千二百五十"),
        (10_000, "一万"),
        (10_010, "一万零一十"),
        (10_500, "一万零五百"),
        (25_000, "两万五千"),
        (120_015, "十二万零一十五"),
        (99_999_999, "九千九百九十九万九千九百九十九"),
    ],
)
def test_counting(number: int, said: str) -> None:
    assert counted(number) == said


KITCHEN = st.sampled_from("0123456789 .,/-~:x×%°℃gkmlLTthWs两二个克杯又半第约½⅓①年月日分钟（）*+=\n…")
WRITTEN = st.text(st.one_of(KITCHEN, st.characters()), max_size=40)


@settings(max_examples=200)
@given(WRITTEN)
def test_no_digit_is_left_and_once_is_enough(written: str) -> None:
    said = spoken(written)
    assert re.fullmatch(r"[^\d\n]*", said)
    assert spoken(said) == said


NUMBERS = st.one_of(
    st.integers(0, 20_000).map(str),
    st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda pair: f"{pair[0]}.{pair[1]}"),
    st.tuples(st.integers(1, 9), st.integers(1, 9)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    st.tuples(st.integers(1, 99), st.integers(1, 99)).map(lambda pair: f"{pair[0]}-{pair[1]}"),
)
UNIT_NAMES = "kg g mg ml mL L cc cm mm m min h s W kW tbsp tsp T t cup oz lb kcal ℃ °C ℉ %"
UNITS = st.sampled_from(UNIT_NAMES.split())


@given(NUMBERS, st.sampled_from(["", " "]), UNITS, st.sampled_from(["", "盐", "，", "。", " "]))
def test_no_unit_is_left_behind_a_number(number: str, gap: str, unit: str, after: str) -> None:
    assert re.search("[A-Za-z°℃℉%]", spoken(f"{number}{gap}{unit}{after}")) is None


def test_the_shipped_recipes_are_all_words() -> None:
    recipes = [row for row in read_corpus(COOKBOOK_DIR) if isinstance(row, Recipe)]
    texts = [text for recipe in recipes for text in _texts(recipe)]
    assert len(texts) > 3000
    assert [text for text in texts if re.search(r"[\dA-Za-z]", spoken(text).replace("C形", "形"))] == []


def _texts(recipe: Recipe) -> list[str]:
    return [*recipe.steps, *recipe.tips, *(f"{i.name} {i.amount}" for i in recipe.ingredients)]


@pytest.mark.parametrize("row", ["1", " ", "，", "[", "1-", "1/", "（", "～1", "1:", "x1", "|"])
def test_a_long_row_of_signs_is_no_trouble(row: str) -> None:
    assert len(spoken(row * 5000)) <= 15_000
