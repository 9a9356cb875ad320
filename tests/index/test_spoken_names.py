"""`index.spoken_names`: the dish that a misheard sentence names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RetrievalError
from core.voice_ports import (
    Correction,
    DishCorrector,
)
from index.phonetics import syllabary
from index.spoken_confidence import ASK, SURE
from index.spoken_index import IndexDishCorrector, names_in
from index.spoken_names import SpokenNames

_NAMES = (
    "宫保鸡丁 葱油拌面 地三鲜 红烧肉 番茄炒蛋 酸辣土豆丝 梅菜扣肉 水煮鱼 麻婆豆腐 红烧排骨 鱼香肉丝 清蒸鲈鱼 "
    "戚风蛋糕 家常烧带鱼 蛤蜊蒸蛋 土豆炖牛肉 担担面 麻婆豆腐 蒜蓉粉丝蒸扇贝"
)
NAMES = _NAMES.split()


@pytest.fixture(scope="module")
def names() -> SpokenNames:
    return SpokenNames.of(NAMES)


@pytest.mark.parametrize(
    ("heard", "text", "dish"),
    [
        ("公寶基丁怎麼做", "宫保鸡丁怎么做", "宫保鸡丁"),
        ("聪佑班面怎么做", "葱油拌面怎么做", "葱油拌面"),
        ("第三线", "地三鲜", "地三鲜"),
        ("聪佑班面怎么坐", "葱油拌面怎么做", "葱油拌面"),
        ("算容粉丝，蒸善杯的做法", "蒜蓉粉丝蒸扇贝的做法", "蒜蓉粉丝蒸扇贝"),
        ("没采口肉要怎么弄", "梅菜扣肉要怎么弄", "梅菜扣肉"),
        ("宏烧玉要放多少糖", "红烧肉要放多少糖", "红烧肉"),
        ("向学酸那土豆丝", "想学酸辣土豆丝", "酸辣土豆丝"),
        ("各里蒸蛋", "蛤蜊蒸蛋", "蛤蜊蒸蛋"),
    ],
)
def test_misheard_name(names: SpokenNames, heard: str, text: str, dish: str) -> None:
    correction = names.correct_now(heard)
    assert (correction.text, correction.dish) == (text, dish)
    assert correction.confidence >= SURE
    assert dish not in correction.alternatives
    assert len(correction.alternatives) <= 4


@pytest.mark.parametrize(
    "said",
    [
        *(
            "那少辣一点呢",
            "改成四人份",
            "冰箱里只有土豆和牛肉",
            "清淡的下饭菜",
            "十分钟早餐",
            "换一批",
            "不要牛肉的",
            "第二道",
            "要多少盐",
            "下一步",
            "换一道",
            "没有料酒怎么办",
        ),
        *(
            "你好",
            "谢谢你",
            "今天天气怎么样",
            "帮我订一张机票",
            "第三步怎么做",
            "再说一遍",
            "",
            "。。。",
            "🍅",
        ),
    ],
)
def test_no_dish_is_left_untouched(names: SpokenNames, said: str) -> None:
    assert names.correct_now(said) == Correction(said)


@pytest.mark.parametrize(
    ("said", "dish"),
    [
        ("红烧肉怎么做？", "红烧肉"),
        ("番茄炒蛋", "番茄炒蛋"),
        ("烧带鱼怎么做", "烧带鱼"),  # 家常 is left out
    ],
)
def test_what_the_index_has_stays_as_it_is(names: SpokenNames, said: str, dish: str) -> None:
    assert names.correct_now(said) == Correction(said, dish)


@pytest.mark.parametrize("said", ["清蒸排骨怎么做", "红烧豆腐怎么做"])
def test_a_dish_that_is_not_there_is_not_made_another_for_sure(names: SpokenNames, said: str) -> None:
    correction = names.correct_now(said)
    assert correction.text == said or correction.confidence < SURE


def test_the_written_one_of_two_that_sound_alike() -> None:
    names = SpokenNames.of(["鱼丸汤", "雨丸汤"])
    assert names.correct_now("雨玩汤怎么做").dish == "雨丸汤"
    assert names.correct_now("鱼玩汤怎么做").dish == "鱼丸汤"


def test_a_stranger_sound_is_less_sure(names: SpokenNames) -> None:
    near, far = names.correct_now("聪佑班面怎么做"), names.correct_now("冲要半年怎么做")
    assert near.confidence > far.confidence or far.dish == ""
    assert ASK < SURE < near.confidence


def test_hotwords_are_the_most_common_names(names: SpokenNames) -> None:
    assert names.hotwords(3) == ("麻婆豆腐", "宫保鸡丁", "葱油拌面")
    assert names.hotwords(0) == names.hotwords(-1) == ()
    assert len(names.hotwords(99)) == len(names) == len(set(NAMES))


def test_without_names() -> None:
    assert SpokenNames.of([]).correct_now("红烧肉怎么做") == Correction("红烧肉怎么做")


@settings(max_examples=50)
@given(
    st.text(alphabet=st.characters(), max_size=120)
    | st.text(alphabet="红烧肉怎么做的想学吃地三鲜1q，", max_size=60)
)
def test_takes_anything(heard: str) -> None:
    correction = SpokenNames.of(NAMES[:3]).correct_now(heard)
    assert 0 <= correction.confidence <= 1
    assert correction.dish or correction.text == heard


def test_recall_finds_a_name_among_many() -> None:
    characters = "红烧炒蒸煮鸡鱼肉虾豆腐面饭汤粥菜椒葱姜蒜茄瓜笋菇蛋饼糕酥丝片丁块卷包饺"
    many = [a + b + c for a in characters for b in characters[:20] for c in characters[:20]]
    names = SpokenNames.of([*many, "葱油拌面"])
    assert len(names) > 10_000
    assert names.correct_now("聪佑班面怎么做").dish == "葱油拌面"


async def test_an_index_corrects(cookbook_index: Path) -> None:
    corrector: DishCorrector = IndexDishCorrector(cookbook_index)
    assert corrector.hotwords(5) == ()
    correction = await corrector.correct("公寶基丁怎麼做")
    assert (correction.text, correction.dish) == ("宫保鸡丁怎么做", "宫保鸡丁")
    assert len(corrector.hotwords(5)) == 5
    assert set(corrector.hotwords(5)) <= set(names_in(cookbook_index))


async def test_a_missing_index_is_a_retrieval_error(tmp_path: Path) -> None:
    with pytest.raises(RetrievalError):
        await IndexDishCorrector(tmp_path).correct("红烧肉")


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (("zhi", "zi"), ("zhi", "ba")),
        (("niu", "liu"), ("niu", "sha")),
        (("fan", "huan"), ("fan", "dong")),
        (("lang", "lan"), ("lang", "li")),
        (("bing", "ping"), ("bing", "shu")),
    ],
)
def test_what_is_confused_costs_little(near: tuple[str, str], far: tuple[str, str]) -> None:
    costs, code = syllabary().costs, syllabary().code
    assert costs[code(near[0]), code(near[1])] < 0.3 < costs[code(far[0]), code(far[1])]


def test_characters_are_read_in_their_words() -> None:
    sounds = syllabary()
    assert sounds.codes("蛤蜊").tolist() == [sounds.code("ge"), sounds.code("li")]
    assert sounds.codes("2").tolist() == [sounds.code("er")]
    assert sounds.heard("炸")[0, sounds.code("zha")] == 0
    assert sounds.heard("🍅").min() == 1
