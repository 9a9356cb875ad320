"""What a question means beside what it says: the dish at hand, an addition to a wish, another dish."""

from __future__ import annotations

import pytest

from core.answering import (
    Adjusted,
    Advice,
    Aspect,
    ForServings,
    IngredientList,
    StepNumber,
    TimeNeeded,
    Turn,
    Understanding,
    WholeRecipe,
    Without,
)
from core.conversation import Conversation
from core.kitchen_talk import is_elsewhere, is_kitchen_talk
from core.list_follow_ups import open_wish, refined
from core.ports import Hit, Retrieval
from core.question_text import prepared
from core.readings import settling
from core.recipe import Recipe
from core.understanding import understand
from tests.core.recipes import BRAISED_PORK, SPICY_CHICKEN, answered, said, turn_about

OTHER = Advice("other")
NOTHING = Retrieval("", (), refused=True)

TALK: dict[str, Aspect] = {
    "我家六口人，量怎么调": ForServings(6),
    "想少咸点怎么改": Adjusted("less", "盐"),
    "第二步没记住，再讲一下": StepNumber(2),
    "配料再念一遍": IngredientList(),
    "给小孩吃的，料酒不放行不行": Without("料酒"),
    "家里没冰糖了，能省吗": Without("冰糖"),
    "两斤的肉焖多久": TimeNeeded("焖"),
    "糖熬到什么程度算好": OTHER,
    "老是发苦，哪儿没弄对": OTHER,
    "先放哪样": OTHER,
    "肉炖出来又柴又硬咋整": OTHER,
    "一次做多了冻起来行吗": OTHER,
    "枣红色是怎么炒出来的": OTHER,
    "好，然后干啥": StepNumber(1),
    "小朋友也吃，冰糖能全拿掉吗": Without("冰糖"),
    "没料酒，用白酒成吗": Without("料酒", "白酒"),
    "太贵了，五花肉用啥顶一下": Without("五花肉"),
}
"""Said after 红烧肉; no dish is found for any of them."""

LOOKALIKES = (
    "水开会溢吗",
    "这种花椒炒多久",
    "有股焦味",
    "有几点拿不准",
    "山药削皮吗",
    "三明治切边吗",
    "问政山笋",
)
"""Words of the kitchen with words of another world in them: 开会, 种花, 股, 几点, 药, 治, 政."""

NO_TALK = (
    "想吃鱼",
    "推荐几个汤",
    "土豆丝怎么炒",
    "佛手瓜怎么做",
    "冰箱里还有土豆",
    "排骨能做什么",
    "明天天气咋样",
    "讲个故事听",
    "冰箱坏了找谁修",
    "羊毛衫缩水怎么办",
    "猪肉多少钱一斤",
    "这会儿几点了",
    "葱油鸡",
    "你真棒呀",
)


def found(*recipes: Recipe, is_choice: bool = False) -> Retrieval:
    return Retrieval("", tuple(Hit(r, 0.99, "") for r in recipes), refused=False, is_choice=is_choice)


def settled(turn: Turn, *finds: Retrieval) -> tuple[Understanding, list[str]]:
    """What counts in the end, and the queries of the searches; those past `finds` find nothing."""
    left, queries = list(finds), []
    readings = settling(understand(turn))
    try:
        wanted = next(readings)
        while True:
            queries.append(wanted.query)
            wanted = readings.send(left.pop(0) if left else NOTHING)
    except StopIteration as done:
        return done.value[0], queries


@pytest.mark.parametrize(("question", "aspect"), list(TALK.items()))
def test_talk_of_the_kitchen_is_about_the_dish_at_hand(question: str, aspect: Aspect) -> None:
    meant, _ = settled(turn_about(BRAISED_PORK, question))
    assert (meant.aspect, meant.dish) == (aspect, BRAISED_PORK)


@pytest.mark.parametrize("question", LOOKALIKES)
def test_a_word_of_another_world_may_be_a_lookalike(question: str) -> None:
    assert not is_elsewhere(prepared(question))


@pytest.mark.parametrize("question", NO_TALK)
def test_wishes_and_small_talk_are_not(question: str) -> None:
    assert not is_kitchen_talk(prepared(question), BRAISED_PORK)
    meant, _ = settled(turn_about(BRAISED_PORK, question))
    assert (meant.query, meant.dish) == (question, None)


def test_a_dish_that_is_named_goes_before_the_dish_at_hand() -> None:
    meant, queries = settled(turn_about(BRAISED_PORK, "辣子鸡也要炒糖色吗"), found(SPICY_CHICKEN))
    assert (meant.dish, queries) == (None, ["辣子鸡也要炒糖色吗"])


def test_a_list_does_not() -> None:
    found_list = found(SPICY_CHICKEN, is_choice=True)
    meant, _ = settled(turn_about(BRAISED_PORK, "给小孩吃的，料酒不放行不行"), found_list)
    assert meant == Understanding(Without("料酒"), dish=BRAISED_PORK)


@pytest.mark.parametrize(
    "question",
    ["太费时间，换辣子鸡", "没有冰糖，改做辣子鸡得了", "教我辣子鸡吧，这个太难"],
)
def test_the_dish_of_a_clause_is_searched_for_when_the_whole_finds_none(question: str) -> None:
    meant, queries = settled(turn_about(BRAISED_PORK, question), NOTHING, found(SPICY_CHICKEN))
    assert (meant.query, queries) == ("辣子鸡怎么做", [question, "辣子鸡怎么做"])


def test_what_takes_the_place_of_nothing_may_be_a_dish() -> None:
    turn = turn_about(BRAISED_PORK, "换成辣子鸡，怎么弄")
    assert settled(turn, found(SPICY_CHICKEN))[0].query == "辣子鸡怎么做"
    assert settled(turn)[0] == Understanding(Without("", "辣子鸡"), dish=BRAISED_PORK)


def test_another_food_cooked_the_same_way_is_looked_for_first() -> None:
    _, queries = settled(turn_about(BRAISED_PORK, "换成排骨呢"))
    assert queries == ["红烧排骨怎么做", "排骨怎么做"]


def test_a_clause_with_an_exclusion_is_not_cut_off() -> None:
    assert settled(turn_about(SPICY_CHICKEN, "蒸个鸡蛋羹，千万别放葱花和香油"))[1] == [
        "蒸个鸡蛋羹，千万别放葱花和香油"
    ]


@pytest.mark.parametrize(
    ("question", "aspect"),
    [
        ("还是说回刚才那个红烧肉，放几克盐", "AmountOf"),
        ("回到红烧肉，第三步", "StepNumber"),
        ("说回红烧肉", "WholeRecipe"),
    ],
)
def test_an_earlier_dish_is_gone_back_to(question: str, aspect: str) -> None:
    conversation = Conversation(
        (
            said("红烧肉怎么做"),
            answered("红烧肉", BRAISED_PORK, "红烧肉怎么做"),
            said("辣子鸡呢"),
            answered("辣子鸡", SPICY_CHICKEN, "辣子鸡怎么做"),
        )
    )
    meant = understand(Turn(question, conversation))
    assert (type(meant.aspect).__name__, meant.dish) == (aspect, BRAISED_PORK)


class TestAdditionsToAWish:
    @pytest.mark.parametrize(
        ("query", "text", "together"),
        [
            ("来几个汤", "带蘑菇的吧", "来几个汤，要有蘑菇的"),
            ("家里有鸡腿", "还有半个南瓜", "家里有鸡腿，还有南瓜"),
            ("晚上想吃虾", "清淡口的", "晚上想吃虾，清淡的"),
            ("有什么川菜", "别弄辣的", "有什么川菜，不要辣的"),
            ("来几个下饭菜", "半小时搞得定的", "来几个下饭菜，半小时以内的"),
            ("想做条河鱼", "有哪些", "河鱼有哪些"),
        ],
    )
    def test_are_said_in_words_that_a_search_reads(self, query: str, text: str, together: str) -> None:
        assert refined(query, prepared(text)) == together

    def test_go_on_from_a_wish_that_found_nothing(self) -> None:
        conversation = Conversation((said("晚上想吃虾"), answered("没有找到。")))
        meant, queries = settled(
            Turn("清淡口", conversation), NOTHING, found(SPICY_CHICKEN, BRAISED_PORK, is_choice=True)
        )
        assert (meant.aspect, queries) == (WholeRecipe(), ["清淡口", "晚上想吃虾，清淡的"])

    def test_go_on_from_a_wish_that_found_one_dish(self) -> None:
        wish = Conversation((said("想吃肉"), answered("红烧肉……", BRAISED_PORK, "想吃肉")))
        assert open_wish(wish) == "想吃肉"
        named = Conversation((said("红烧肉怎么做"), answered("红烧肉……", BRAISED_PORK, "红烧肉怎么做")))
        assert open_wish(named) == ""

    def test_what_found_nothing_itself_is_forgotten(self) -> None:
        messages = (
            said("想吃肉"),
            answered("红烧肉……", BRAISED_PORK, "想吃肉"),
            said("老人也要吃"),
            answered("没有找到。"),
        )
        assert open_wish(Conversation(messages)) == "想吃肉"

    def test_without_any_success_the_question_itself_counts(self) -> None:
        conversation = Conversation((said("晚上想吃虾"), answered("没有找到。")))
        assert settled(Turn("清淡口", conversation))[0].query == "清淡口"
