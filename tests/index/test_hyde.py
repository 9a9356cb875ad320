"""HyDE: the model imagines only after a refusal, and only what the index has is answered with."""

from __future__ import annotations

import pytest

from core.errors import ModelUnavailableError
from core.ports import Retriever
from index.hyde import HydeRetriever, names_in
from tests.fakes.dishes import BRAISED_PORK, EGG_SOUP, TOMATO_EGGS
from tests.fakes.fake_retriever import FakeRetriever
from tests.fakes.scripted_language_model import ScriptedLanguageModel

WISH = "像妈妈做的那种拌饭的蛋"


def cookbook() -> FakeRetriever:
    return FakeRetriever(
        {"番茄炒蛋怎么做": (TOMATO_EGGS,), "红烧肉怎么做": (BRAISED_PORK,), "蛋花汤怎么做": (EGG_SOUP,)}
    )


def hyde(model: ScriptedLanguageModel) -> tuple[Retriever, FakeRetriever]:
    inner = cookbook()
    return HydeRetriever(inner, model.stream), inner


async def test_what_is_found_needs_no_model() -> None:
    retriever, _ = hyde(ScriptedLanguageModel())
    found = await retriever.search("番茄炒蛋怎么做")
    assert [hit.recipe for hit in found.hits] == [TOMATO_EGGS]


async def test_imagined_dishes_are_looked_up_in_their_order() -> None:
    model = ScriptedLanguageModel(['["糖醋里脊", "番茄炒蛋", "红烧肉"]'])
    retriever, inner = hyde(model)
    found = await retriever.search(WISH, limit=5)
    assert not found.refused
    assert found.query == WISH
    assert [hit.recipe for hit in found.hits] == [TOMATO_EGGS, BRAISED_PORK]
    assert [search.query for search in inner.searches] == [
        *(WISH, "糖醋里脊怎么做", "番茄炒蛋怎么做", "红烧肉怎么做")
    ]


async def test_what_was_shown_stays_left_out() -> None:
    retriever, inner = hyde(ScriptedLanguageModel(['["番茄炒蛋"]']))
    await retriever.search(WISH, exclude=frozenset({TOMATO_EGGS.recipe_id}))
    assert all(search.exclude == {TOMATO_EGGS.recipe_id} for search in inner.searches)


@pytest.mark.parametrize(
    "wish", ["不含花生的宫保鸡丁", "十分钟早餐", "表姐花生过敏，弄个凉菜", "kung pao chicken without peanuts"]
)
async def test_nothing_is_imagined_against_a_condition(wish: str) -> None:
    retriever, inner = hyde(ScriptedLanguageModel())
    assert (await retriever.search(wish)).refused
    assert [search.query for search in inner.searches] == [wish]


@pytest.mark.parametrize("answer", ["[]", "我不知道", '["糖醋里脊"]', '[["番茄炒蛋"]'])
async def test_without_an_imagined_dish_it_stays_refused(answer: str) -> None:
    retriever, _ = hyde(ScriptedLanguageModel([answer]))
    found = await retriever.search(WISH)
    assert found.refused == (answer != '[["番茄炒蛋"]')


async def test_a_model_that_is_down_costs_nothing() -> None:
    retriever, _ = hyde(ScriptedLanguageModel([ModelUnavailableError("down")]))
    assert (await retriever.search(WISH)).refused


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ('好的：["番茄炒蛋", "番茄炒蛋", "鱼"]', ("番茄炒蛋",)),
        ('["一二", "三四", "五六", "七八"]', ("一二", "三四", "五六")),
        (f'["{"长" * 30}", "换\\n行", 3]', ()),
        ("[" * 1000, ()),
        ("", ()),
    ],
)
def test_names_in_an_answer(answer: str, names: tuple[str, ...]) -> None:
    assert names_in(answer) == names


def test_it_says_that_it_imagines() -> None:
    retriever, inner = hyde(ScriptedLanguageModel())
    assert retriever.describe() == f"{inner.describe()}, HyDE for what it refuses"
