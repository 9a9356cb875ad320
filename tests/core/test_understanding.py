"""What the rules read out of a question: follow-ups, questions that name a dish, and look-alikes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.answering import (
    Adjusted,
    Advice,
    AmountOf,
    AnotherDish,
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
from core.question_text import MAX_RULE_CHARACTERS, prepared
from core.recipe import Recipe
from core.understanding import understand
from tests.core.recipes import (
    BRAISED_PORK,
    SPICY_CHICKEN,
    answered,
    conversation_about,
    cookbook,
    said,
    turn_about,
)

OTHER = Advice("other")

# Asked after 红烧肉 was shown: every one of them is about it.
FOLLOW_UPS: dict[str, Aspect] = {
    # amounts
    "要多少盐": AmountOf("盐"),
    "盐放多少": AmountOf("盐"),
    "盐要放多少克？": AmountOf("盐"),
    "多少克盐": AmountOf("盐"),
    "放几勺酱油": AmountOf("酱油"),
    "酱油要放多少呢？": AmountOf("酱油"),
    "要用几片姜": AmountOf("姜"),
    "姜要几片": AmountOf("姜"),
    "五花肉要买多少斤": AmountOf("五花肉"),
    "糖呢": AmountOf("糖"),
    "那盐呢？": AmountOf("盐"),
    "盐": AmountOf("盐"),
    "五花肉呢": AmountOf("五花肉"),
    "盐的用量": AmountOf("盐"),
    "料酒的量是多少": AmountOf("料酒"),
    "加多少水合适": AmountOf("水"),
    "要放糖吗": AmountOf("糖"),
    "需不需要放料酒": AmountOf("料酒"),
    "里面有花生吗": AmountOf("花生"),
    "有没有花生": AmountOf("花生"),
    "葱姜蒜放多少": AmountOf("葱姜蒜"),
    "請問要放多少鹽": AmountOf("盐"),
    "红烧肉要放多少糖": AmountOf("糖"),
    "做三人份要多少肉": AmountOf("肉"),
    # steps
    "第三步再说一遍": StepNumber(3),
    "再说一遍第三步": StepNumber(3),
    "第3步是什么": StepNumber(3),
    "第三步": StepNumber(3),
    "第十二步怎么做": StepNumber(12),
    "第３步": StepNumber(3),
    "第三步沒聽清": StepNumber(3),
    "红烧肉的第二步": StepNumber(2),
    "红烧五花肉第二步": StepNumber(2),
    "最后一步": StepNumber(-1),
    "最后一步是什么来着": StepNumber(-1),
    "步骤再说一遍": StepNumber(0),
    "再说一遍": StepNumber(0),
    "有几步": StepNumber(0),
    "下一步": StepNumber(1),
    "上一步": StepNumber(1),
    "然后呢": StepNumber(1),
    "第三步之后呢": StepNumber(4),
    "我想听第一步": StepNumber(1),
    "从头再说一遍": StepNumber(0),
    # servings
    "改成四人份": ForServings(4),
    "换成六人的量": ForServings(6),
    "5个人吃呢": ForServings(5),
    "三个人呢": ForServings(3),
    "我们一家三口吃": ForServings(3),
    "四个人的份量": ForServings(4),
    "做10人份": ForServings(10),
    "十二人份": ForServings(12),
    "两倍的量": ForServings(8),
    "人多，要做6人份": ForServings(6),
    "给八个人做": ForServings(8),
    "翻倍": ForServings(8),
    "减半": ForServings(2),
    "一半的量": ForServings(2),
    "改成9999人份": ForServings(100),
    # time
    "需要多长时间": TimeNeeded(),
    "要多久": TimeNeeded(),
    "多久能好": TimeNeeded(),
    "做好要多久": TimeNeeded(),
    "炖多久": TimeNeeded("炖"),
    "要炖几个小时": TimeNeeded("炖"),
    "腌多长时间": TimeNeeded("腌"),
    "肉要腌多久": TimeNeeded("腌"),
    "焯水焯几分钟": TimeNeeded("焯"),
    "水开后煮多久": TimeNeeded("煮"),
    "收汁收几分钟": TimeNeeded("收"),
    "转小火焖多久": TimeNeeded("焖"),
    "红烧肉炖多久": TimeNeeded("炖"),
    "肉块炒几分钟": TimeNeeded("炒"),
    # without, instead
    "没有料酒怎么办": Without("料酒"),
    "家里没有料酒": Without("料酒"),
    "料酒用完了怎么办": Without("料酒"),
    "没料酒可以做吗": Without("料酒"),
    "不放糖可以吗": Without("糖"),
    "可以不放葱吗": Without("葱"),
    "能不能不放姜": Without("姜"),
    "葱可以不放吗": Without("葱"),
    "不吃香菜": Without("香菜"),
    "一定要放料酒吗": Without("料酒"),
    "没有高压锅怎么办": Without("高压锅"),
    "能用蜂蜜代替白糖吗": Without("白糖", "蜂蜜"),
    "白糖能用蜂蜜代替吗": Without("白糖", "蜂蜜"),
    "冰糖换成白糖可以吗": Without("冰糖", "白糖"),
    "蜂蜜能代替白糖吗": Without("白糖", "蜂蜜"),
    "料酒可以用什么代替": Without("料酒"),
    "冰糖可以用白糖吗": Without("冰糖", "白糖"),
    "五花肉可以用别的肉吗": Without("五花肉"),
    "换成鸡肉可以吗": Without("", "鸡肉"),
    "不要放香叶": Without("香叶"),
    "什么可以代替料酒": Without("料酒"),
    "能用蜂蜜代替吗": Without("", "蜂蜜"),
    # less, more
    "那少辣一点呢": Adjusted("less", "辣"),
    "不要太辣": Adjusted("less", "辣"),
    "我不吃辣": Adjusted("less", "辣"),
    "孩子不能吃辣": Adjusted("less", "辣"),
    "辣一点": Adjusted("more", "辣"),
    "多点辣": Adjusted("more", "辣"),
    "怎么做更辣": Adjusted("more", "辣"),
    "淡一点": Adjusted("less", "盐"),
    "清淡一点": Adjusted("less", "油、盐"),
    "太咸了怎么办": Adjusted("less", "盐"),
    "太油了": Adjusted("less", "油"),
    "能不能做成辣的": Adjusted("more", "辣"),
    "太淡了": Adjusted("more", "盐"),
    "甜一点": Adjusted("more", "糖"),
    "少油少盐": Adjusted("less", "油、盐"),
    "少放点盐": Adjusted("less", "盐"),
    "盐少放点": Adjusted("less", "盐"),
    "盐减半": Adjusted("less", "盐"),
    "糖减少一点": Adjusted("less", "糖"),
    "多放点蒜": Adjusted("more", "蒜"),
    "再加点辣椒": Adjusted("more", "辣椒"),
    "姜多一点": Adjusted("more", "姜"),
    # ingredients
    "需要哪些食材": IngredientList(),
    "要准备什么": IngredientList(),
    "要买些什么": IngredientList(),
    "需要什么": IngredientList(),
    "食材有哪些": IngredientList(),
    "用料": IngredientList(),
    "食材清单发我": IngredientList(),
    "红烧肉的配料": IngredientList(),
    # advice
    "有什么窍门": Advice("tips"),
    "要注意什么": Advice("tips"),
    "怎么做才好吃": Advice("tips"),
    "难不难": Advice("difficulty"),
    "红烧肉难吗": Advice("difficulty"),
    "会不会很难": Advice("difficulty"),
    "新手能做吗": Advice("difficulty"),
    "花生过敏能吃吗": Advice("allergens"),
    "我对花生过敏": Advice("allergens"),
    "会不会过敏": Advice("allergens"),
    "哪来的菜谱": Advice("source"),
    "菜谱来源是哪里": Advice("source"),
    "够几个人吃": Advice("servings"),
    "这是几人份": Advice("servings"),
    "够5个人吃吗": Advice("servings"),
    "用什么锅": OTHER,
    "大火还是小火": OTHER,
    "油温多少度": OTHER,
    "可以放冰箱吗": OTHER,
    "能放几天": OTHER,
    "热量高吗": OTHER,
    "孕妇可以吃吗": OTHER,
    "为什么要冷水下锅": OTHER,
    "配什么主食好": OTHER,
    "用高压锅行吗": OTHER,
    "可以用电饭煲做吗": OTHER,
    "肉切多大": OTHER,
    "要不要焯水": OTHER,
    # the whole of it
    "怎么做": WholeRecipe(),
    "做法再说一遍": WholeRecipe(),
    "这道菜怎么做": WholeRecipe(),
    "完整做法": WholeRecipe(),
}

# Asked out of the blue: the aspect, of a dish to be searched for.
NAMED: dict[str, tuple[Aspect, str]] = {
    "糖醋排骨要放多少糖": (AmountOf("糖"), "糖醋排骨"),
    "糖醋排骨的糖放多少": (AmountOf("糖"), "糖醋排骨"),
    "红烧茄子酱油放多少": (AmountOf("酱油"), "红烧茄子"),
    "做馒头要多少酵母": (AmountOf("酵母"), "馒头"),
    "鱼香肉丝炒多久": (TimeNeeded("炒"), "鱼香肉丝"),
    "清蒸鲈鱼要蒸几分钟": (TimeNeeded("蒸"), "清蒸鲈鱼"),
    "请问北京烤鸭要多长时间？": (TimeNeeded(), "北京烤鸭"),
    "宫保鸡丁四人份怎么做": (ForServings(4), "宫保鸡丁"),
    "四人份的宫保鸡丁怎么做": (ForServings(4), "宫保鸡丁"),
    "糖醋排骨第三步": (StepNumber(3), "糖醋排骨"),
    "糖醋排骨最后一步怎么做": (StepNumber(-1), "糖醋排骨"),
    "宫保鸡丁不放花生可以吗": (Without("花生"), "宫保鸡丁"),
    "宫保鸡丁不放辣椒怎么做": (Without("辣椒"), "宫保鸡丁"),
    "蛋糕没有烤箱怎么办": (Without("烤箱"), "蛋糕"),
    "水煮鱼少放点辣椒": (Adjusted("less", "辣椒"), "水煮鱼"),
    "麻婆豆腐不要太辣": (Adjusted("less", "辣"), "麻婆豆腐"),
    "佛跳墙需要哪些食材": (IngredientList(), "佛跳墙"),
    "戚风蛋糕有什么窍门": (Advice("tips"), "戚风蛋糕"),
    "佛跳墙难不难": (Advice("difficulty"), "佛跳墙"),
    "宫保鸡丁花生过敏能吃吗": (Advice("allergens"), "宫保鸡丁"),
    "麻婆豆腐怎样做好吃": (WholeRecipe(), "麻婆豆腐"),
    "那就做红烧鱼吧": (WholeRecipe(), "红烧鱼"),
    "糖醋排骨的步骤": (WholeRecipe(), "糖醋排骨"),
}

# Names and questions that contain the words of the rules; they are searched with as they are.
TRAPS = (
    "盐焗鸡怎么做",
    "无糖饼干怎么做",
    "少油版红烧肉",
    "三步蛋糕",
    "半小时快手菜",
    "没有烤箱怎么做蛋糕",
    "不辣的水煮鱼怎么做",
    "一人份焖饭",
    "多春鱼怎么做",
    "换汤面",
    "老醋花生",
    "不用烤箱的蛋糕",
    "免揉面包",
    "三杯鸡",
    "八宝粥",
    "千层饼怎么做",
    "一口酥",
    "两面黄",
    "推荐甜点",
    "想吃辣的",
    "清淡的菜",
    "十分钟早餐",
    "不加水红烧鸡",
    "金不换炒蛤蜊",
    "第一次做蛋糕",
    "少女心奶茶",
    "多宝鱼",
    "半鸡半鱼",
    "加州卷",
    "四喜丸子",
    "五香豆腐",
    "百叶结烧肉",
    "隔夜燕麦杯",
    "无盐肉松",
    "冰箱里有鸡蛋和番茄能做什么",
    "今天吃什么",
    "有红烧肉吗",
    "酸一点的汤",
    "土豆",
    "糖醋排骨",
    "红烧肉怎么做",
    "简单又好吃的红烧肉",
    "电饭锅蛋糕超简单",
    "过敏宝宝饼干",
    "双倍芝士披萨",
    "加倍快乐拌面",
    "加油",
    "改良版粽子",
    "就地锅鸡",
    "蛋糕可以用电饭煲做吗",
    "下一碗面",
    "微辣小龙虾",
    "两个人的火锅店",
    "基金多少钱",
    "今天星期几",
    "几点了",
    "糖醋排骨多少钱一斤",
)


@pytest.mark.parametrize(("question", "aspect"), list(FOLLOW_UPS.items()))
def test_a_follow_up_is_about_the_dish_at_hand(question: str, aspect: Aspect) -> None:
    assert understand(turn_about(BRAISED_PORK, question)) == Understanding(aspect, dish=BRAISED_PORK)


@pytest.mark.parametrize(("question", "expected"), list(NAMED.items()))
@pytest.mark.parametrize("conversation", [Conversation(), conversation_about(BRAISED_PORK)])
def test_a_dish_that_is_named_is_searched_for(
    question: str, expected: tuple[Aspect, str], conversation: Conversation
) -> None:
    aspect, name = expected
    assert understand(Turn(question, conversation)) == Understanding(aspect, query=f"{name}怎么做")


@pytest.mark.parametrize("question", TRAPS)
@pytest.mark.parametrize("conversation", [Conversation(), conversation_about(SPICY_CHICKEN)])
def test_a_name_with_the_words_of_a_rule_stays_whole(question: str, conversation: Conversation) -> None:
    found = understand(Turn(question, conversation))
    assert (found.aspect, found.query, found.dish) == (WholeRecipe(), question, None)


@pytest.mark.parametrize(
    ("question", "aspect"),
    [
        ("要多少盐", AmountOf("盐")),
        ("第三步再说一遍", StepNumber(3)),
        ("改成四人份", ForServings(4)),
        ("炖多久", TimeNeeded("炖")),
        ("没有料酒怎么办", Without("料酒")),
        ("少辣一点", Adjusted("less", "辣")),
        ("换一道", AnotherDish()),
    ],
)
def test_without_any_dish_the_aspect_is_kept(question: str, aspect: Aspect) -> None:
    assert understand(Turn(question)) == Understanding(aspect)


@pytest.mark.parametrize("recipe", list(cookbook()), ids=lambda recipe: recipe.name)
def test_every_name_in_the_cookbook_is_a_question_of_its_own(recipe: Recipe) -> None:
    conversation = conversation_about(BRAISED_PORK)
    for name in (recipe.name, *recipe.aliases):
        for question in (name, f"{name}怎么做", f"{name}的做法", f"我想吃{name}", f"{name}怎么做呢？"):
            for turn in (Turn(question), Turn(question, conversation)):
                found = understand(turn)
                assert (found.aspect, found.query, found.dish) == (WholeRecipe(), question, None)


@pytest.mark.parametrize(
    "question",
    [
        "换一道",
        "换一个",
        "这个不会做，换一个",
        "换个做法",
        "还有别的做法吗",
        "有没有其他的做法",
        "再来一个",
        "不想吃这个",
        "红烧肉换个做法",
    ],
)
def test_another_dish_goes_on_from_the_last_search(question: str) -> None:
    found = understand(turn_about(BRAISED_PORK, question))
    assert found == Understanding(AnotherDish(), query="红烧肉怎么做", exclude=frozenset({"braised-pork"}))


def test_another_dish_leaves_out_all_that_were_shown_for_the_question() -> None:
    conversation = Conversation(
        (
            answered("一", BRAISED_PORK, "肉怎么做"),
            answered("二", SPICY_CHICKEN, "肉怎么做"),
            said("要多少盐"),
            answered("三", SPICY_CHICKEN),
        )
    )
    found = understand(Turn("换一道", conversation))
    assert (found.query, found.exclude) == ("肉怎么做", frozenset({"braised-pork", "spicy-chicken"}))


@pytest.mark.parametrize(
    ("shown", "question", "number"),
    [
        ("第2步（共 5 步）：……", "下一步", 3),
        ("第2步（共 5 步）：……", "上一步", 1),
        ("第2步（共 5 步）：……", "再说一遍", 2),
        ("第2步（共 5 步）：……", "没听清", 2),
        ("第1步（共 5 步）：……", "上一步", 1),
        ("第2步（共 5 步）：……", "接下来呢", 3),
        ("盐的用量：……", "下一步", 1),
    ],
)
def test_the_next_step_goes_on_from_the_one_shown_last(shown: str, question: str, number: int) -> None:
    found = understand(turn_about(BRAISED_PORK, question, answered(shown, BRAISED_PORK)))
    assert found == Understanding(StepNumber(number), dish=BRAISED_PORK)


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("那凉拌黄瓜呢", "凉拌黄瓜怎么做"),
        ("糖醋里脊呢？", "糖醋里脊怎么做"),
        ("可乐鸡翅呢", "可乐鸡翅怎么做"),
    ],
)
def test_another_dish_that_is_asked_on_is_searched_but_not_certain(question: str, query: str) -> None:
    found = understand(turn_about(SPICY_CHICKEN, question))
    assert found == Understanding(WholeRecipe(), query=query, certain=False)


@pytest.mark.parametrize(
    ("question", "certain"),
    [
        ("可以吗", False),
        ("为什么", False),
        ("那个也行", False),
        ("糖醋排骨", True),
        ("鸡蛋和番茄能做什么", True),
        ("谢谢", True),
    ],
)
def test_only_a_question_that_leans_on_the_talk_is_uncertain(question: str, certain: bool) -> None:
    assert understand(turn_about(BRAISED_PORK, question)).certain is certain
    assert understand(Turn(question)).certain


def test_an_unknown_question_about_it_is_about_the_dish_at_hand() -> None:
    found = understand(turn_about(BRAISED_PORK, "它的口感怎么样"))
    assert found == Understanding(OTHER, dish=BRAISED_PORK, certain=False)


@pytest.mark.parametrize(
    "question",
    [
        "",
        " \n\t",
        "？？？",
        "\x00\x07",
        "\ud83d 多少盐",
        "😀😀",
        "要" * 20_000,
        "多少" * 10_000,
        "第" * 20_000,
        "没有" * 10_000,
        " " * 20_000,
        "ﷺ" * 200,
    ],
)
def test_hostile_text_is_just_a_question(question: str) -> None:
    found = understand(turn_about(BRAISED_PORK, question))
    assert found.query == question.strip() or found.dish is BRAISED_PORK


@given(
    st.text(alphabet="要多少盐没有放的一点步第人份半倍代替用不吃能可以吗呢换成个再说怎么炖久0９", max_size=80)
)
@settings(max_examples=300, deadline=None)
def test_no_text_is_too_much(question: str) -> None:
    for turn in (Turn(question), turn_about(BRAISED_PORK, question)):
        found = understand(turn)
        assert not (found.query and found.dish)
        if isinstance(found.aspect, ForServings):
            assert 1 <= found.aspect.servings <= 100


def test_the_rules_only_ever_see_short_text() -> None:
    # The patterns backtrack; what keeps them fast is that nothing long reaches them.
    assert prepared("要" * 20_000) == ""
    assert prepared("盐" * (MAX_RULE_CHARACTERS + 1)) == ""
    assert len(prepared("盐" * MAX_RULE_CHARACTERS)) == MAX_RULE_CHARACTERS
