"""Several dishes to choose from: what the list says, and what is said about it next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.answering import Advice, AnotherDish, Turn, Understanding, WholeRecipe
from core.composer_advice import LABEL_CAUTION
from core.conversation import Conversation, HistoryMessage
from core.dish_lists import list_reply, offers_list
from core.list_follow_ups import about_list, of_list
from core.messages import Button, Reply
from core.ports import Hit, Retrieval
from core.recipe import Recipe
from core.understanding import understand
from tests.core.pipeline_kitchen import Kitchen, after, cookbook, shape
from tests.fakes.dishes import BRAISED_PORK, EGG_SOUP, TOMATO_EGGS

QUERY = "清淡的下饭菜"
GO_ON = (
    "说「第一道」或点一下看做法；不合意就说「换一批」，也可以加条件，例如「不要牛肉的」「二十分钟以内的」。"
)


def found(*recipes: Recipe, **more: Any) -> Retrieval:
    hits = tuple(Hit(recipe, 1.0, f"{recipe.name}怎么做") for recipe in recipes)
    return replace(Retrieval(QUERY, hits, refused=False, is_choice=True, wanted=("清淡", "下饭")), **more)


def said(retrieval: Retrieval, conversation: Conversation | None = None, *, more: bool = False) -> Reply:
    understanding = Understanding(AnotherDish() if more else WholeRecipe(), query=QUERY)
    return list_reply(Turn(QUERY, conversation or Conversation()), understanding, retrieval)


def listed(*names: str, query: str = QUERY) -> Conversation:
    """A conversation whose latest answer is a list of `names`."""
    text = "\n".join(f"{number}. 「{name}」约 10 分钟" for number, name in enumerate(names, 1))
    now = datetime(2024, 5, 1, tzinfo=UTC)
    answer = HistoryMessage("assistant", text, "anna", now, query=query)
    return Conversation((HistoryMessage("user", query, "anna", now), answer))


class TestTheList:
    def test_has_a_line_and_a_button_for_each_dish(self) -> None:
        reply = said(found(TOMATO_EGGS, EGG_SOUP))
        assert reply.text.splitlines() == [
            "符合「清淡、下饭」的，可以做这几道：",
            f"1. 「番茄炒蛋」约 {TOMATO_EGGS.minutes} 分钟 · 番茄、鸡蛋",
            "2. 「番茄蛋汤」约 30 分钟 · 番茄、鸡蛋",
            "",
            GO_ON,
        ]
        assert reply.buttons == (
            Button("番茄炒蛋", "番茄炒蛋怎么做"),
            Button("番茄蛋汤", "番茄蛋汤怎么做"),
            Button("换一批", "换一批"),
        )
        assert (reply.query, reply.refused, reply.recipe) == (QUERY, False, None)

    def test_says_what_was_given_up(self) -> None:
        reply = said(found(EGG_SOUP, refused=True, wanted=("早餐", "10 分钟以内"), relaxed=("10 分钟以内",)))
        assert reply.text.startswith(
            "没有找到完全符合「早餐、10 分钟以内」的菜。放宽「10 分钟以内」，这几道最接近：\n"
        )
        assert (reply.refused, reply.query) == (True, QUERY)

    def test_warns_of_labels_when_something_must_not_be_in_it(self) -> None:
        assert said(found(EGG_SOUP, wanted=("不含花生",))).text.endswith(LABEL_CAUTION)

    def test_says_that_nothing_meets_the_wishes(self) -> None:
        reply = said(found(refused=True, wanted=("不辣",)))
        assert reply.text == (
            "没有找到符合「不辣」的菜谱。忌口的条件我不会替你放宽；换一道菜，或者换个说法再问我吧。"
        )
        assert (reply.buttons, reply.query) == ((), "")

    def test_goes_on_where_the_last_one_ended(self) -> None:
        reply = said(found(TOMATO_EGGS, EGG_SOUP), listed("番茄炒蛋"), more=True)
        assert reply.text.splitlines()[:2] == [
            "再来几道符合「清淡、下饭」的：",
            "1. 「番茄蛋汤」约 30 分钟 · 番茄、鸡蛋",
        ]
        assert said(found(EGG_SOUP), listed("番茄蛋汤"), more=True).refused

    def test_repeats_no_signs_of_a_name_that_would_end_a_line(self) -> None:
        odd = replace(EGG_SOUP, name="蛋」\n2. 「汤\u202e")
        assert "1. 「蛋 2. 汤」" in said(found(odd, TOMATO_EGGS)).text

    @pytest.mark.parametrize(
        ("retrieval", "is_list"),
        [
            (found(TOMATO_EGGS, EGG_SOUP), True),
            (found(TOMATO_EGGS), False),
            (found(TOMATO_EGGS, EGG_SOUP, count=1), False),
            (found(TOMATO_EGGS, EGG_SOUP, is_choice=False), False),
            (found(refused=True), True),
            (found(TOMATO_EGGS, refused=True, is_choice=False), True),
            (found(TOMATO_EGGS, refused=True, is_choice=False, wanted=()), False),
            (None, False),
        ],
    )
    def test_is_offered_for_a_choice_and_for_wishes_that_failed(
        self, retrieval: Retrieval | None, is_list: bool
    ) -> None:
        assert offers_list(retrieval) == is_list


class TestWhatIsSaidNext:
    @pytest.mark.parametrize(
        ("question", "query"),
        [
            ("不要牛肉的", f"{QUERY}，不要牛肉的"),
            ("再清淡一点", f"{QUERY}，再清淡一点"),
            ("二十分钟以内的", f"{QUERY}，二十分钟以内的"),
            ("我对花生过敏", f"{QUERY}，我对花生过敏"),
            ("第二道", of_list(QUERY, "番茄蛋汤")),
            ("就做第2个吧", of_list(QUERY, "番茄蛋汤")),
            ("番茄蛋汤怎么做", of_list(QUERY, "番茄蛋汤")),
            ("番茄炒蛋", of_list(QUERY, "番茄炒蛋")),
        ],
    )
    def test_goes_on_from_the_list(self, question: str, query: str) -> None:
        turn = Turn(question, listed("番茄炒蛋", "番茄蛋汤"))
        assert understand(turn) == Understanding(WholeRecipe(), query=query)

    @pytest.mark.parametrize("question", ["换一批", "换一道", "还有别的吗", "再来几道", "换几个", "下一批"])
    def test_another_list(self, question: str) -> None:
        assert understand(Turn(question, listed("番茄炒蛋"))) == Understanding(AnotherDish(), query=QUERY)

    @pytest.mark.parametrize(
        "question", ["红烧肉怎么做", "来个川菜", "谢谢", "第九道", "今天天气怎么样", "早餐吃什么"]
    )
    def test_other_questions_are_their_own(self, question: str) -> None:
        assert about_list(Turn(question, listed("番茄炒蛋"))) is None

    def test_a_dish_named_with_a_condition_is_a_question_of_its_own(self) -> None:
        assert about_list(Turn("不含花生的宫保鸡丁", listed("番茄炒蛋"))) is None

    def test_what_was_named_can_be_picked_when_there_is_nothing_more(self) -> None:
        shown = listed("番茄炒蛋", "蒸蛋")
        now = datetime(2024, 5, 1, tzinfo=UTC)
        nothing_left = HistoryMessage("assistant", "没有别的了。", "anna", now, query=QUERY)
        conversation = Conversation((*shown.messages, nothing_left))
        assert about_list(Turn("第二道", conversation)) == Understanding(
            WholeRecipe(), query=of_list(QUERY, "蒸蛋")
        )

    def test_a_dish_that_was_shown_since_is_what_follow_ups_are_about(self) -> None:
        shown = after(("番茄炒蛋怎么做", TOMATO_EGGS, "番茄炒蛋怎么做"))
        conversation = Conversation((*listed("番茄炒蛋").messages, *shown.messages))
        assert understand(Turn("换一道", conversation)).query == "番茄炒蛋怎么做"
        assert understand(Turn("换一批", conversation)) == Understanding(AnotherDish(), query=QUERY)
        assert about_list(Turn("不要牛肉的", conversation)) is None

    def test_a_question_does_not_grow_for_ever(self) -> None:
        assert about_list(Turn("不要牛肉的", listed("番茄炒蛋", query="菜" * 90))) is None

    @pytest.mark.parametrize("question", ["不要香菜", "我对花生过敏", "对海鲜过敏吃什么"])
    def test_what_must_not_be_in_it_is_searched_while_there_is_no_dish(self, question: str) -> None:
        assert understand(Turn(question)) == Understanding(WholeRecipe(), query=question)

    def test_and_is_about_the_dish_at_hand_once_there_is_one(self) -> None:
        turn = Turn("我对花生过敏", after(("红烧肉怎么做", BRAISED_PORK, "红烧肉怎么做")))
        assert understand(turn) == Understanding(Advice("allergens"), dish=BRAISED_PORK)


async def test_a_kind_of_dish_is_answered_with_a_list_and_no_picture() -> None:
    kitchen = Kitchen(retriever=cookbook())
    kitchen.retriever.answers[QUERY] = (TOMATO_EGGS, EGG_SOUP)
    kitchen.retriever.choices[QUERY] = ("清淡", "下饭")
    events = await kitchen.events(QUERY)
    assert shape(events) == ["rewrite>", "rewrite<", "retrieve>", "retrieve<", "…", "text!", "done"]
    assert (await kitchen.reply(QUERY)).text.startswith(
        "符合「清淡、下饭」的，可以做这几道：\n1. 「番茄炒蛋」"
    )


async def test_another_list_is_searched_far_enough() -> None:
    kitchen = Kitchen(retriever=cookbook())
    kitchen.retriever.answers[QUERY] = (TOMATO_EGGS, EGG_SOUP)
    kitchen.retriever.choices[QUERY] = ("清淡", "下饭")
    reply = await kitchen.reply(Turn("换一批", listed("番茄炒蛋")))
    assert kitchen.retriever.searches[0].limit == kitchen.limits.search_limit + 1
    assert reply.text.splitlines()[1] == "1. 「番茄蛋汤」约 30 分钟 · 番茄、鸡蛋"
