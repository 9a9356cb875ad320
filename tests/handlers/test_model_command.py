"""/model: what is told of the model that answers, and a user's own sampling within its bounds."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from core.conversation import Preferences
from core.operator_ports import ModelFacts
from core.ports import Sampling
from core.settings import Settings
from handlers.model_command import CHOICES, HOW_TO_CHANGE, KEPT, NO_MODEL
from tests.handlers.desk import ANNA, SERVED, Desk

LOCAL = ModelFacts(
    "internlm2/internlm2-chat-1_8b",
    is_language_model=True,
    is_local=True,
    where="cpu, bfloat16",
    sampling=Sampling(0.8, 0.8, 1200, 50, 1.17),
    honours=frozenset(field.name for field in fields(Sampling)),
)


async def lines_of(desk: Desk, text: str) -> list[str]:
    return (await desk.say(text)).text.split("\n")


async def test_a_local_model_is_shown_with_all_that_it_minds() -> None:
    assert await lines_of(Desk(facts=LOCAL), "/model") == [
        "现在用的语言模型：internlm2/internlm2-chat-1_8b，在本机运行（cpu, bfloat16）",
        "· temperature（随性）：0.8（默认），0 到 2，越高越随性，越低越稳当",
        "· top_p（选词范围）：0.8（默认），0.01 到 1，越低越只挑最有把握的词",
        "· top_k（选词个数）：50（默认），1 到 1000，每次只在最有把握的这么多个词里挑",
        "· repetition_penalty（重复惩罚）：1.17（默认），0.5 到 2，大于 1 就少说重复的话，1 是不管",
        "· length（长度）：1200（默认），16 到 1200，一次回答最多写多少个词元（一个汉字大约一个）",
        *HOW_TO_CHANGE.split("\n"),
    ]


async def test_a_local_model_that_nobody_used_yet() -> None:
    lines = await lines_of(Desk(facts=replace(LOCAL, where="")), "/model")
    assert lines[0].endswith("，在本机运行（还没有载入，第一次用到时载入）")


async def test_a_servers_model_says_what_it_does_not_mind() -> None:
    lines = await lines_of(Desk(facts=SERVED), "/model")
    assert lines[0] == "现在用的语言模型：openai/qwen3:8b"
    assert lines[3].startswith("· top_k（选词个数）：由模型自己定（默认），1 到 1000，")
    assert lines[6] == (
        "现在这个模型在别的服务上，不认 top_k 和 repetition_penalty："
        "你可以设，换成在本机运行的模型时才起作用。"
    )


async def test_without_a_model_it_says_how_to_get_one() -> None:
    assert (await Desk().say("/model")).text == NO_MODEL


async def test_without_a_model_a_number_is_kept_for_the_next() -> None:
    desk = Desk()
    assert (await desk.say("/model 温度 0.3")).text == f"{KEPT}\n{NO_MODEL}"
    assert await desk.profiles.preferences(ANNA) == Preferences(temperature=0.3)


async def test_the_model_is_looked_at_each_time() -> None:
    desk = Desk(facts=SERVED)
    await desk.say("/model")
    desk.facts = LOCAL
    assert "internlm2-chat-1_8b" in (await desk.say("/model")).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/model temperature 0.3", Preferences(temperature=0.3)),
        ("/model 随性 0.3", Preferences(temperature=0.3)),
        ("/MODEL Temperature ０.３", Preferences(temperature=0.3)),
        ("/model top_p 0.5", Preferences(top_p=0.5)),
        ("/model top_k 40", Preferences(top_k=40)),
        ("/model repetition_penalty 1.1", Preferences(repetition_penalty=1.1)),
        ("/model 重复惩罚 1.1", Preferences(repetition_penalty=1.1)),
        ("/model length 300", Preferences(max_output_tokens=300)),
        ("/model 长度 300", Preferences(max_output_tokens=300)),
    ],
)
async def test_a_number_may_be_called_by_several_names(text: str, expected: Preferences) -> None:
    desk = Desk(facts=LOCAL)
    assert (await desk.say(text)).text.startswith("好的，已经改好。\n现在用的语言模型")
    assert await desk.profiles.preferences(ANNA) == expected


async def test_what_is_ones_own_is_shown_beside_the_default() -> None:
    desk = Desk(facts=LOCAL)
    await desk.say("/model repetition_penalty 1")
    lines = await lines_of(desk, "/model length 300")
    assert "：1（你自己设的，默认 1.17），" in lines[5]
    assert "：300（你自己设的，默认 1200），" in lines[6]


async def test_one_number_or_all_go_back_to_their_defaults() -> None:
    desk = Desk(facts=LOCAL)
    await desk.say("/rag off")
    for text in ("temperature 0.3", "top_p 0.5", "top_k 40", "重复惩罚 1.1", "长度 300"):
        await desk.say(f"/model {text}")
    await desk.say("/model 随性 默认")
    assert await desk.profiles.preferences(ANNA) == Preferences(
        rag=False, top_p=0.5, top_k=40, repetition_penalty=1.1, max_output_tokens=300
    )
    await desk.say("/model 默认")
    assert await desk.profiles.preferences(ANNA) == Preferences(rag=False)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("temperature 2.1", "temperature（随性）要在 0 到 2 之间"),
        ("temperature -1", "0 到 2"),
        ("temperature nan", "0 到 2"),
        ("temperature 1e999", "0 到 2"),
        ("top_p 0", "0.01 到 1"),
        ("top_p 1.5", "0.01 到 1"),
        ("top_k 0", "整数，在 1 到 1000 之间"),
        ("top_k 1.5", "整数"),
        ("repetition_penalty 0.4", "0.5 到 2"),
        ("repetition_penalty 2.01", "0.5 到 2"),
        ("length 15", "整数，在 16 到 1200 之间"),
        ("长度 1201", "16 到 1200"),
        ("长度 99999999999999999999", "16 到 1200"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_with_the_bounds(text: str, bounds: str) -> None:
    desk = Desk(facts=LOCAL)
    assert bounds in (await desk.say(f"/model {text}")).text
    assert await desk.profiles.preferences(ANNA) == Preferences()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("temperature 0", Preferences(temperature=0.0)),
        ("temperature 2", Preferences(temperature=2.0)),
        ("top_k 1000", Preferences(top_k=1000)),
        ("length 16", Preferences(max_output_tokens=16)),
        ("length 1200", Preferences(max_output_tokens=1200)),
    ],
)
async def test_the_bounds_themselves_are_allowed(text: str, expected: Preferences) -> None:
    desk = Desk(facts=LOCAL)
    await desk.say(f"/model {text}")
    assert await desk.profiles.preferences(ANNA) == expected


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.field)
def test_the_bounds_are_those_of_the_settings(choice: object) -> None:
    """What the operator may set, a user may too: but for a top_p of nothing at all."""
    [known] = [known for known in CHOICES if known is choice]
    bounds = bounds_of(f"llm_{known.field}")
    expected = (0.0, 1.0) if known.field == "top_p" else (known.lowest, known.highest)
    assert bounds == expected


def bounds_of(setting: str) -> tuple[float, float]:
    """Lowest and highest value that the setting takes."""
    schema = Settings.model_json_schema()["properties"][setting]
    numbers = next(kind for kind in [schema, *schema.get("anyOf", ())] if "maximum" in kind)
    return numbers.get("minimum", numbers.get("exclusiveMinimum")), numbers["maximum"]
