"""Answers read aloud: what is said, in what order, with which pauses; bounds and failures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.errors import ModelError, ModelResponseError, ModelUnavailableError
from core.messages import Reply, VoiceClip
from core.narration import (
    MAX_SENTENCE_CHARACTERS,
    MAX_SPEECH_SECONDS,
    THE_REST_IS_WRITTEN,
    Narrator,
    Sentence,
    script_of,
)
from core.recipe import Recipe
from core.voice_ports import Waveform
from tests.fakes.fake_speech_synthesizer import SAMPLE_RATE_HZ, FakeSpeechSynthesizer

EGGS = Recipe.from_dict(
    {
        "name": "番茄炒蛋",
        "ingredients": [
            {"name": "番茄", "amount": "2个（约300克）"},
            {"name": "鸡蛋", "amount": "3个"},
            {"name": "盐", "amount": "1/2茶匙"},
            {"name": "葱花", "amount": ""},
        ],
        "steps": ["鸡蛋加1克盐打散。", "大火炒2-3分钟。"],
        "servings": 2,
        "minutes": 15,
        "tips": ["番茄先烫10秒，好去皮。"],
        "source": "食神小厨",
    }
)
LEAD = "「番茄炒蛋」这样做（2 人份，约 15 分钟）："
WHOLE = Reply(text="番茄炒蛋……", lead=LEAD, recipe=EGGS, shows_recipe=True)
LABELS = "这是按食材名推断的，买来的酱料和半成品请再看一眼包装上的标签。"


class Encoder:
    """Packs nothing, keeps what it was given."""

    def __init__(self) -> None:
        self.waveforms: list[Waveform] = []

    async def __call__(self, waveform: Waveform) -> VoiceClip:
        self.waveforms.append(waveform)
        return VoiceClip(b"OggS", round(waveform.duration_seconds * 1000))


def said(reply: Reply) -> list[str]:
    return [sentence.text for sentence in script_of(reply)]


def pauses_ms(waveform: Waveform) -> list[int]:
    """The lengths of the silences in it."""
    edges = np.flatnonzero(np.diff(np.concatenate(([1], waveform.samples, [1])) == 0))
    return [round(int(length) * 1000 / waveform.sample_rate_hz) for length in np.diff(edges)[::2]]


def test_a_recipe_is_read_in_its_parts() -> None:
    assert script_of(WHOLE) == (
        Sentence("番茄炒蛋这样做，两人份，约十五分钟", 0.35),
        Sentence("食材，番茄两个，约三百克；鸡蛋三个；盐半茶匙；葱花。", 0.8),
        Sentence("第一步，鸡蛋加一克盐打散。", 0.8),
        Sentence("第二步，大火炒两到三分钟。", 0.8),
        Sentence("小贴士，番茄先烫十秒，好去皮。", 0.35),
        Sentence(f"过敏原提示，含鸡蛋。{LABELS}", 0.35),
    )


def test_a_lead_without_them_is_followed_by_servings_and_time() -> None:
    lead = "没有找到同名的菜谱，最接近的是「番茄炒蛋」，看看是不是你要的："
    assert said(dataclasses.replace(WHOLE, lead=lead))[:2] == [
        "没有找到同名的菜谱，最接近的是番茄炒蛋，看看是不是你要的",
        "两人份，约十五分钟",
    ]


def test_a_bare_recipe_has_nothing_made_up() -> None:
    bare = dataclasses.replace(EGGS, ingredients=(), steps=(), tips=(), servings=None, minutes=None)
    assert said(dataclasses.replace(WHOLE, recipe=bare, lead="番茄炒蛋：")) == [
        "番茄炒蛋",
        f"过敏原提示，没有看到常见的过敏原。{LABELS}",
    ]


def test_a_models_answer_is_read_as_it_is_written() -> None:
    text = """## 番茄炒蛋
**用料**：番茄2个、鸡蛋3个

| 料 | 量 |
|---|---|
| 盐 | 2g |
```
1. 打蛋，加 1/2 茶匙盐。
2) 炒 3-5分钟（来源：食神小厨）。
- 关火
我的建议：少放盐 😀，见 https://a.example/b
（根据菜谱「番茄炒蛋」，来源：食神小厨）
来源：食神小厨"""
    assert script_of(Reply(text=text, recipe=EGGS, shows_recipe=True)) == (
        Sentence("番茄炒蛋", 0.35),
        Sentence("用料，番茄两个、鸡蛋三个", 0.35),
        Sentence("料，量", 0.35),
        Sentence("盐，两克", 0.35),
        Sentence("第一，打蛋，加半茶匙盐。", 0.8),
        Sentence("第二，炒三到五分钟。", 0.8),
        Sentence("关火", 0.35),
        Sentence("我的建议，少放盐，见", 0.35),
    )


def test_an_amount_is_not_taken_for_a_number_of_a_list() -> None:
    assert said(Reply(text="1.5克盐\n2、3个鸡蛋\n3. 拌匀")) == ["一点五克盐", "两三个鸡蛋", "第三，拌匀"]


def test_lines_without_chinese_are_left_out() -> None:
    assert said(Reply(text="Bon appétit!\n盐 1g\nOK")) == ["盐一克"]


def test_long_answers_are_cut_where_one_breathes() -> None:
    short, clause = "炒匀。", "先把锅烧热再放油"
    text = short * 30 + f"{'，'.join([clause] * 12)}。" + "长" * 130
    pieces = said(Reply(text=text))
    assert all(0 < len(piece) <= MAX_SENTENCE_CHARACTERS for piece in pieces)
    assert pieces[:2] == [short * 20, short * 10]
    assert pieces[2] == "，".join([clause] * 6)
    assert [len(piece) for piece in pieces[-3:]] == [60, 60, 10]
    assert "".join(pieces).replace("，", "") == text.replace("，", "")


def test_an_endless_answer_ends_with_a_hint() -> None:
    script = script_of(Reply(text="炒一炒。" * 5000))
    assert script[-1] == Sentence(THE_REST_IS_WRITTEN, 0)
    assert 2900 < sum(len(sentence.text) for sentence in script[:-1]) <= 3000


async def test_sentences_are_joined_with_silence_between_them() -> None:
    voice, encoder = FakeSpeechSynthesizer(), Encoder()
    clip = await Narrator(voice, encoder).narrate(WHOLE)
    [waveform] = encoder.waveforms
    assert voice.said == said(WHOLE)
    assert pauses_ms(waveform) == [350, 800, 800, 800, 350, 350]
    spoken_ms = sum(len(text) for text in voice.said) * 10
    assert clip == VoiceClip(b"OggS", spoken_ms + 3450)
    assert (str(waveform.samples.dtype), waveform.sample_rate_hz) == ("int16", SAMPLE_RATE_HZ)


async def test_speech_ends_in_time_with_a_hint() -> None:
    voice, encoder = FakeSpeechSynthesizer(seconds_a_character=0.25), Encoder()
    await Narrator(voice, encoder).narrate(Reply(text="大火烧开转小火慢炖。\n" * 200))
    [waveform] = encoder.waveforms
    assert MAX_SPEECH_SECONDS - 10 < waveform.duration_seconds <= MAX_SPEECH_SECONDS
    assert voice.said[-1] == THE_REST_IS_WRITTEN


async def test_even_a_voice_that_drawls_is_bounded() -> None:
    encoder = Encoder()
    await Narrator(FakeSpeechSynthesizer(seconds_a_character=40), encoder).narrate(WHOLE)
    assert encoder.waveforms[0].duration_seconds == MAX_SPEECH_SECONDS


@pytest.mark.parametrize("failing_from", [0, 3])
async def test_one_failing_sentence_fails_the_narration(failing_from: int) -> None:
    voice, encoder = FakeSpeechSynthesizer(failure=ModelUnavailableError("down")), Encoder()
    voice.failing_from = failing_from
    with pytest.raises(ModelUnavailableError, match="down"):
        await Narrator(voice, encoder).narrate(WHOLE)
    assert (len(voice.said), encoder.waveforms) == (failing_from + 1, [])


async def test_a_voice_that_changes_its_rate_is_refused() -> None:
    voice = FakeSpeechSynthesizer()
    voice.sample_rates_hz = [8000, 16_000]
    with pytest.raises(ModelResponseError, match="from 8000 to 16000 Hz"):
        await Narrator(voice, Encoder()).narrate(WHOLE)


@pytest.mark.parametrize("text", ["", "👍", "https://a.example", "（来源：食神小厨）"])
async def test_nothing_to_say_is_an_error_and_no_silence(text: str) -> None:
    voice = FakeSpeechSynthesizer()
    with pytest.raises(ModelError, match="nothing in the answer"):
        await Narrator(voice, Encoder()).narrate(Reply(text=text))
    assert voice.said == []
