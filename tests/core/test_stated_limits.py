"""What was said not to be eaten counts in the searches after it, until it is taken back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.answering import Turn
from core.conversation import Conversation, HistoryMessage
from core.stated_limits import with_stated_limits
from tests.core.pipeline_kitchen import Kitchen

QUERY = "推荐几个川菜"


def said(*texts: str) -> Conversation:
    now = datetime(2024, 5, 1, tzinfo=UTC)
    return Conversation(tuple(HistoryMessage("user", text, "anna", now) for text in texts))


@pytest.mark.parametrize(
    ("texts", "added"),
    [
        (("我对花生过敏",), "，对花生过敏"),
        (("我對花生過敏",), "，对花生过敏"),
        (("孩子鸡蛋过敏，推荐几个菜",), "，对鸡蛋过敏"),
        (("我不吃香菜",), "，不吃香菜"),
        (("我们家不能吃辣。",), "，不吃辣"),
        (("我对花生过敏", "我不吃香菜"), "，对花生过敏，不吃香菜"),
        (("我对花生过敏", "我对花生不过敏了"), ""),
        (("我不吃香菜", "我能吃香菜了"), ""),
        (("我半点辣都不能碰",), "，不吃辣"),
        (("家里老人一点儿辣都不吃",), "，不吃辣"),
        (("我家小孩鸡蛋过敏",), "，对鸡蛋过敏"),
        (("辣的一点都不吃",), ""),
        (("红烧肉怎么做", "过敏原有哪些", "这个会不会过敏", "什么东西容易过敏"), ""),
        (("我对花生过敏" + "，" * 200,), ""),
    ],
)
def test_what_is_added_to_a_search(texts: tuple[str, ...], added: str) -> None:
    assert with_stated_limits(QUERY, said(*texts)) == QUERY + added


def test_what_the_question_says_itself_is_not_repeated() -> None:
    assert with_stated_limits("对花生过敏吃什么", said("我对花生过敏")) == "对花生过敏吃什么"


def test_no_query_is_too_long_for_what_is_added_to_be_seen() -> None:
    query = with_stated_limits("菜" * 2000, said("我对花生过敏"))
    assert query == f"{'菜' * 100}，对花生过敏"


def test_what_the_assistant_said_does_not_count() -> None:
    answer = HistoryMessage("assistant", "对花生过敏的人不要吃", "anna", datetime(2024, 5, 1, tzinfo=UTC))
    assert with_stated_limits(QUERY, Conversation((answer,))) == QUERY


async def test_the_pipeline_searches_with_it_and_remembers_the_question_alone() -> None:
    kitchen = Kitchen()
    kitchen.retriever.answers["番茄炒蛋怎么做，对花生过敏"] = kitchen.retriever.answers["番茄炒蛋怎么做"]
    reply = await kitchen.reply(Turn("番茄炒蛋怎么做", said("我对花生过敏")))
    assert [search.query for search in kitchen.retriever.searches] == ["番茄炒蛋怎么做，对花生过敏"]
    assert reply.query == "番茄炒蛋怎么做"
