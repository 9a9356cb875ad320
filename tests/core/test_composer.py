"""The words of the composer: every aspect of a question, answered from the recipe alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.answering import (
    SURE_SCORE,
    Adjusted,
    Advice,
    AmountOf,
    AnotherDish,
    AnswerRequest,
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
from core.composer import WITHOUT_INDEX, Composer, lead_of
from core.composer_wording import duration
from core.conversation import Preferences
from core.messages import TextDelta
from core.ports import Hit
from core.recipe import Recipe
from core.understanding import understand
from tests.core.recipes import BARE, BRAISED_PORK, SPICY_CHICKEN, cookbook, turn_about

CAUTION = "这是按食材名推断的，买来的酱料和半成品请再看一眼包装上的标签。"
SEVERE = "过敏严重的话，请不要只凭我的话做决定。"
JUDGE = "时间、火候和锅的大小不会按倍数变，请看着锅里的样子判断；盐和辣先少放一点，尝过再添。"

WHOLE = f"""红烧肉（也叫红烧五花肉）
4 人份 · 约 1 小时 40 分钟 · 难度：中等（3/5）

食材：
· 五花肉  800克
· 冰糖  30克
· 生抽  30毫升
· 老抽  10毫升
· 料酒  50毫升
· 姜  6片
· 盐  2克
· 葱花  适量

步骤：
1. 五花肉切块，冷水下锅煮5分钟，捞出。
2. 小火把冰糖炒到枣红色，倒入肉块翻匀。
3. 加姜、料酒、生抽和老抽，炒2分钟。
4. 加热水没过肉，小火焖60分钟。
5. 加盐，大火收汁8到10分钟，撒葱花。

小贴士：
· 中途添水只能加热水。

过敏原提示：含麸质、大豆。{CAUTION}
来源：食神菜谱"""

# Question → the answer, all but its last line, after 红烧肉 was shown.
PORK_ANSWERS = {
    "要多少盐": (
        "盐的用量（4 人份）：\n· 盐  2克\n步骤里提到盐的地方：\n第5步：加盐，大火收汁8到10分钟，撒葱花。"
    ),
    "酱油呢": (
        "酱油的用量（4 人份）：\n· 生抽  30毫升\n· 老抽  10毫升\n"
        "步骤里提到酱油的地方：\n第3步：加姜、料酒、生抽和老抽，炒2分钟。"
    ),
    "糖放多少": (
        "糖的用量（4 人份）：\n· 冰糖  30克\n"
        "步骤里提到糖的地方：\n第2步：小火把冰糖炒到枣红色，倒入肉块翻匀。"
    ),
    "有没有花生": "菜谱的食材里没有用到花生。",
    "姜和蒜放多少": (
        "姜的用量（4 人份）：\n· 姜  6片\n步骤里提到姜的地方：\n第3步：加姜、料酒、生抽和老抽，炒2分钟。\n"
        "菜谱的食材里没有用到蒜。"
    ),
    "加多少水": "菜谱的食材里没有用到水。\n步骤里提到水的地方：\n第4步：加热水没过肉，小火焖60分钟。",
    "第三步再说一遍": "第3步（共 5 步）：加姜、料酒、生抽和老抽，炒2分钟。",
    "最后一步": "第5步（共 5 步，这是最后一步）：加盐，大火收汁8到10分钟，撒葱花。",
    "第六步": "一共只有 5 步，第5步就是最后一步，做完就可以上桌了。",
    "第99步": "一共只有 5 步，没有第 99 步。最后一步是：\n第5步：加盐，大火收汁8到10分钟，撒葱花。",
    "要多久": (
        "从开始到上桌约 1 小时 40 分钟。\n其中：\n第1步：冷水下锅煮5分钟\n第3步：炒2分钟\n"
        "第4步：小火焖60分钟\n第5步：大火收汁8到10分钟"
    ),
    "收汁要多久": (
        "「收汁」的时间看这里：\n第5步：加盐，大火收汁8到10分钟，撒葱花。\n从开始到上桌约 1 小时 40 分钟。"
    ),
    "炖多久": (
        "「炖」的时间看这里，菜谱写的是「焖」：\n第4步：加热水没过肉，小火焖60分钟。\n"
        "从开始到上桌约 1 小时 40 分钟。"
    ),
    "腌多久": "菜谱里没有写「腌」这一步。从开始到上桌约 1 小时 40 分钟。",
    "没有料酒怎么办": (
        "菜谱里的料酒：\n· 料酒  50毫升\n用在这几步：\n第3步：加姜、料酒、生抽和老抽，炒2分钟。\n"
        "没有料酒行不行，菜谱没有写。\n"
        "我的建议：料酒——用等量的啤酒；或者白酒加一倍的水，用量减半。只为去腥时，多放两片姜、滴几滴米醋也行。"
    ),
    "没有香菜怎么办": "「红烧肉」的菜谱本来就没有用到香菜，照着做就行。",
    "没有五花肉怎么办": (
        "菜谱里的五花肉：\n· 五花肉  800克\n用在这几步：\n第1步：五花肉切块，冷水下锅煮5分钟，捞出。\n"
        "没有五花肉行不行，菜谱没有写。\n"
        "我的建议：五花肉是主料，换成别的就不算同一道菜了；同类的可以试，时间看着熟度调。"
    ),
    "葱花可以不放吗": (
        "菜谱里的葱花：\n· 葱花  适量\n用在这几步：\n第5步：加盐，大火收汁8到10分钟，撒葱花。\n"
        "菜谱里葱花没有写死，放多少可以自己定。\n不放葱花行不行，菜谱没有写。\n"
        "我的建议：不放葱花也能做，味道会有差别。\n"
        "我的建议：葱花——用大葱切细，或者用蒜苗叶；只做点缀的可以不放。"
    ),
    "能用蜂蜜代替冰糖吗": (
        "菜谱里的冰糖：\n· 冰糖  30克\n用在这几步：\n第2步：小火把冰糖炒到枣红色，倒入肉块翻匀。\n"
        "能不能用蜂蜜代替，菜谱没有写。\n"
        "我的建议：可以试。冰糖——用白糖，量减到八成左右；用蜂蜜量减到七成，收汁时再放。成品没有那么亮。"
    ),
    "能用酸奶代替老抽吗": (
        "菜谱里的老抽：\n· 老抽  10毫升\n用在这几步：\n第3步：加姜、料酒、生抽和老抽，炒2分钟。\n"
        "能不能用酸奶代替，菜谱没有写。\n"
        "我的建议：用酸奶代替老抽我没有把握，先少放一点，尝过再加。"
        "更常见的办法：老抽——用生抽代替上色会浅，盐要跟着减一点；想要颜色可以炒一点糖色。"
    ),
    "能用蜂蜜代替吗": "想用蜂蜜代替哪一样？说全一点，例如「能用蜂蜜代替白糖吗」。",
    "少辣一点": "菜谱没有写怎么调整口味。\n菜谱里没有用到带辣味的食材，照原样做就可以。",
    "多点辣": (
        "菜谱没有写怎么调整口味。\n菜谱里没有用到带辣味的食材。\n"
        "我的建议：可以加一两个小米椒或一小勺辣椒油，先少放，尝过再添。"
    ),
    "少油少盐": (
        "菜谱没有写怎么调整口味。\n菜谱里没有用到油，照原样做就可以。\n"
        "我的建议：想少一点盐，可以把这些先减半，尝过再调：\n"
        "· 生抽  30毫升 → 15毫升\n· 老抽  10毫升 → 5毫升\n· 盐  2克 → 1克"
    ),
    "甜一点": (
        "菜谱没有写怎么调整口味。\n我的建议：想多一点糖，可以把这些先加半倍，尝过再调：\n· 冰糖  30克 → 45克"
    ),
    "葱花多一点": (
        "菜谱没有写怎么调整口味。\n我的建议：想多一点葱花，可以把这些先加半倍，尝过再调：\n"
        "· 葱花  适量，多放一些"
    ),
    "有什么窍门": "「红烧肉」的小贴士：\n· 中途添水只能加热水。",
    "花生过敏能吃吗": f"食材名里没有看到花生。\n{CAUTION}{SEVERE}",
    "大豆过敏能吃吗": (
        f"食材里有生抽、老抽，含大豆，对大豆过敏的人不要吃，或者去掉、换掉之后再做。\n{CAUTION}{SEVERE}"
    ),
    "芒果过敏能吃吗": f"食材名里没有看到芒果。\n{CAUTION}{SEVERE}",
    "我对姜过敏": f"食材里有姜，对姜过敏的人不要吃，或者去掉、换掉之后再做。\n{CAUTION}{SEVERE}",
    "会不会过敏": f"过敏原提示：含麸质、大豆。{CAUTION}\n{SEVERE}",
    "难不难": (
        "难度中等（3/5）。\n一共 5 步，约 1 小时 40 分钟。\n不想失手的话，留意这些：\n· 中途添水只能加热水。"
    ),
    "哪来的菜谱": "这份菜谱来自：食神菜谱。",
    "够几个人吃": "菜谱写的是 4 人份。人数不一样就告诉我，例如「改成8人份」。",
    "热量多少": "这一点菜谱没有提到，我不想乱说。",
    "用什么锅": "这一点菜谱没有提到，我不想乱说。",
    "为什么要冷水下锅": ("菜谱没有专门说这一点，相关的地方是：\n第1步：五花肉切块，冷水下锅煮5分钟，捞出。"),
}


@pytest.mark.parametrize(
    ("question", "steps", "tips"),
    [
        ("容易煳锅，火候总是拿不准", (2, 4, 5), False),
        ("肉块要先用冷水煮吗", (1, 2, 4), False),
        ("放凉了还能回锅吗", (), True),
        ("热量多少", (), False),
    ],
)
def test_what_no_rule_reads_is_answered_with_what_comes_nearest(
    question: str, steps: tuple[int, ...], tips: bool
) -> None:
    turn = turn_about(BRAISED_PORK, question)
    request = AnswerRequest(turn, Understanding(Advice("other"), dish=BRAISED_PORK), BRAISED_PORK)
    text = Composer().compose(request)
    assert tuple(n for n in range(1, 6) if f"第{n}步：" in text) == steps
    assert ("小贴士也许用得上" in text) == tips
    assert text.startswith("菜谱没有专门说这一点" if steps else "这一点菜谱没有提到，我不想乱说。")


def request_for(recipe: Recipe, question: str) -> AnswerRequest:
    """What the pipeline makes of a question after `recipe` was shown."""
    turn = turn_about(recipe, question)
    understanding = understand(turn)
    aspect = understanding.aspect
    shown = recipe.scaled(aspect.servings) if isinstance(aspect, ForServings) else recipe
    return AnswerRequest(turn, understanding, shown)


def answer(recipe: Recipe, question: str) -> str:
    return Composer().compose(request_for(recipe, question))


async def streamed(request: AnswerRequest) -> list[TextDelta]:
    return [delta async for delta in Composer().stream(request)]


@pytest.mark.parametrize("question", PORK_ANSWERS)
def test_a_follow_up_is_answered_from_the_recipe(question: str) -> None:
    expected = f"{PORK_ANSWERS[question]}\n\n（根据菜谱「红烧肉」，来源：食神菜谱）"
    assert answer(BRAISED_PORK, question) == expected


def test_the_whole_recipe_is_told_with_its_source() -> None:
    assert answer(BRAISED_PORK, "红烧肉怎么做") == WHOLE


async def test_the_answer_is_streamed_line_by_line() -> None:
    deltas = await streamed(request_for(BRAISED_PORK, "红烧肉怎么做"))
    assert "".join(delta.text for delta in deltas) == WHOLE
    assert len(deltas) == len(WHOLE.split("\n"))
    assert not any(delta.restart for delta in deltas)


def test_scaling_says_from_how_many_and_what_it_does_not_scale() -> None:
    lines = answer(BRAISED_PORK, "改成8人份").split("\n")
    assert lines[:5] == [
        "用量已从 4 人份换算成 8 人份。",
        JUDGE,
        "",
        "红烧肉（也叫红烧五花肉）",
        "8 人份 · 约 1 小时 40 分钟 · 难度：中等（3/5）",
    ]
    assert lines[7:15] == [
        "· 五花肉  1600克",
        "· 冰糖  60克",
        "· 生抽  60毫升",
        "· 老抽  20毫升",
        "· 料酒  100毫升",
        "· 姜  12片",
        "· 盐  4克",
        "· 葱花  适量",
    ]


def test_amounts_in_the_steps_are_said_to_be_the_old_ones() -> None:
    recipe = replace(BRAISED_PORK, steps=("五花肉加料酒20毫升腌一下。",))
    expected = "步骤里写的用量还是菜谱原来的，请以食材表里换算过的为准，按比例增减。"
    assert answer(recipe, "改成8人份").split("\n")[2] == expected


def test_scaling_to_what_it_is_already_changes_nothing() -> None:
    assert answer(BRAISED_PORK, "改成四人份") == f"菜谱本来就是 4 人份，用量照写：\n\n{WHOLE}"


def test_scaling_a_recipe_that_does_not_say_for_how_many_says_so() -> None:
    first = answer(BARE, "改成四人份").split("\n")[0]
    assert first == "菜谱没有写是几人份，我当作 2 人份，换算成了 4 人份。"


def test_scaling_has_an_end() -> None:
    assert "我最多换算到 100 人份。" in answer(BRAISED_PORK, "改成9999人份").split("\n")


def test_a_recipe_found_and_scaled_knows_its_servings_from_the_hits() -> None:
    turn = Turn("红烧肉八人份怎么做")
    hit = Hit(BRAISED_PORK, 1.0, "红烧肉怎么做")
    request = AnswerRequest(turn, understand(turn), BRAISED_PORK.scaled(8), alternatives=(hit,))
    assert Composer().compose(request).startswith("用量已从 4 人份换算成 8 人份。")
    unknown = replace(request, alternatives=())
    assert Composer().compose(unknown).startswith("用量已换算成 8 人份。")


def test_less_of_what_makes_it_hot() -> None:
    assert answer(SPICY_CHICKEN, "少辣一点").split("\n")[:-2] == [
        "菜谱没有写怎么调整口味。",
        "我的建议：想少一点辣，可以把这些先减半，尝过再调：",
        "· 干辣椒  20个 → 10个",
        "· 花椒  4克 → 2克",
        "· 辣椒油  少许，少放一些",
        "完全不吃辣的话，这几样可以不放，菜的风味会淡一些。",
    ]


def test_what_a_tip_says_of_the_taste_comes_first() -> None:
    recipe = replace(BRAISED_PORK, tips=("口味重的最后多加一撮盐。",))
    assert answer(recipe, "咸一点").split("\n")[:2] == ["小贴士里提到：", "· 口味重的最后多加一撮盐。"]


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("花生过敏能吃吗", "食材里有熟花生米，含花生，对花生过敏的人不要吃，或者去掉、换掉之后再做。"),
        ("腌多久", "「腌」的时间看这里，菜谱写的是「静置」："),
        ("有什么窍门", "菜谱没有写窍门。"),
    ],
)
def test_the_first_line_about_the_chicken(question: str, line: str) -> None:
    assert answer(SPICY_CHICKEN, question).split("\n")[0] == line


def test_an_allergen_that_only_the_steps_name_is_pointed_out() -> None:
    recipe = replace(BRAISED_PORK, steps=("撒上花生碎。",))
    first = answer(recipe, "花生过敏能吃吗").split("\n")[0]
    assert first == "食材名里没有看到花生，但第1步里像是提到了，请先看清楚再决定。"


def test_an_allergen_that_only_the_author_names_counts() -> None:
    recipe = replace(BRAISED_PORK, allergens=("花生",))
    assert answer(recipe, "花生过敏能吃吗").split("\n")[0] == "菜谱标明含花生，对花生过敏的人不要吃。"


@pytest.mark.parametrize(
    ("question", "body"),
    [
        ("要多久", "菜谱没有写总共要多久。"),
        ("难不难", "菜谱没有写难度。\n一共 2 步。"),
        ("哪来的菜谱", "这份菜谱没有写明来源。"),
        ("蒸多久", "菜谱提到了「蒸」，但没有写要多久：\n第2步：上锅蒸熟。\n菜谱没有写总共要多久。"),
        (
            "要多少面粉",
            "面粉的用量：\n· 低筋面粉  用量没有写\n步骤里提到面粉的地方：\n第1步：鸡蛋打发，筛入低筋面粉。",
        ),
        ("需要哪些食材", "做「蒸蛋糕」要准备：\n· 低筋面粉  用量没有写\n· 鸡蛋  3个"),
        (
            "不放面粉可以吗",
            (
                "菜谱里的面粉：\n· 低筋面粉  用量没有写\n用在这几步：\n第1步：鸡蛋打发，筛入低筋面粉。\n"
                "不放面粉行不行，菜谱没有写。\n我的建议：面粉管着成形和口感，不放多半做不成。\n"
                "我的建议：低筋面粉——用中筋面粉和玉米淀粉按 4 比 1 混合。"
            ),
        ),
    ],
)
def test_a_recipe_that_leaves_things_out_is_said_to(question: str, body: str) -> None:
    assert answer(BARE, question) == f"{body}\n\n（根据菜谱「蒸蛋糕」，来源：没有写明）"


def test_a_recipe_without_steps_is_answered_too() -> None:
    recipe = replace(BRAISED_PORK, steps=())
    assert answer(recipe, "第一步").split("\n")[0] == "菜谱没有写步骤。"
    assert answer(recipe, "步骤再说一遍").split("\n")[0] == "菜谱没有写步骤。"


def test_without_index_and_model_it_says_that_it_knows_nothing() -> None:
    turn = Turn("红烧肉怎么做", preferences=Preferences(rag=False))
    text = Composer().compose(AnswerRequest(turn, understand(turn), None))
    assert text == WITHOUT_INDEX
    for hint in ("/rag on", "LLM_BACKEND=openai", "LLM_BASE_URL", "LLM_MODEL"):
        assert hint in text


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("要多少盐？", "你问的是哪道菜？带上菜名再问一次就好，例如「红烧肉要多少盐」。"),
        ("第三步", "你问的是哪道菜？带上菜名再问一次就好，例如「红烧肉第三步」。"),
        (
            "麻烦您告诉我到底要放多少盐才好呢",
            "你问的是哪道菜？带上菜名再问一次就好，例如「红烧肉要放多少盐」。",
        ),
        ("换一道", "还没有说到哪道菜呢。先告诉我想吃什么，例如「红烧肉怎么做」，之后再说「换一道」。"),
    ],
)
def test_without_a_dish_it_asks_which(question: str, text: str) -> None:
    turn = Turn(question)
    assert Composer().compose(AnswerRequest(turn, understand(turn), None)) == text


ASPECTS: tuple[Aspect, ...] = (
    WholeRecipe(),
    AnotherDish(),
    IngredientList(),
    *(AmountOf(word) for word in ("盐", "糖", "油", "肉", "葱姜蒜", "番茄", "")),
    *(StepNumber(number) for number in (-1, 0, 1, 3, 40)),
    *(TimeNeeded(action) for action in ("", "炖", "腌", "烤")),
    *(Without(word) for word in ("盐", "料酒", "鸡蛋", "烤箱", "")),
    Without("白糖", "蜂蜜"),
    *(Adjusted(way, quality) for way in ("less", "more") for quality in ("辣", "盐", "油、糖", "酸", "蒜")),
    *(Advice(topic) for topic in ("tips", "allergens", "difficulty", "source", "servings", "other")),
)


@pytest.mark.parametrize("recipe", list(cookbook()), ids=lambda recipe: recipe.name)
def test_every_aspect_of_every_recipe_is_answered_with_its_source(recipe: Recipe) -> None:
    turn = turn_about(recipe, "虾过敏能吃吗")
    for aspect in (*ASPECTS, ForServings(7)):
        shown = recipe.scaled(7) if isinstance(aspect, ForServings) else recipe
        text = Composer().compose(AnswerRequest(turn, Understanding(aspect, dish=recipe), shown))
        assert recipe.source in text
        assert recipe.name in text
        assert "None" not in text


@pytest.mark.parametrize("recipe", list(cookbook()), ids=lambda recipe: recipe.name)
def test_the_whole_recipe_leaves_nothing_out(recipe: Recipe) -> None:
    text = Composer().compose(
        AnswerRequest(Turn(recipe.name), Understanding(WholeRecipe(), recipe.name), recipe)
    )
    for part in (*(i.name for i in recipe.ingredients), *(i.amount for i in recipe.ingredients)):
        assert part in text
    for part in (*recipe.steps, *recipe.tips, *recipe.allergens):
        assert part in text


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 分钟"),
        (45, "45 分钟"),
        (60, "1 小时"),
        (100, "1 小时 40 分钟"),
        (1440, "1 天"),
        (30240, "21 天"),
        (1650, "1 天 3 小时 30 分钟"),
    ],
)
def test_durations_are_said_as_a_cook_says_them(minutes: int, words: str) -> None:
    assert duration(minutes) == words


@pytest.mark.parametrize(("score", "says_so"), [(SURE_SCORE, False), (SURE_SCORE - 0.01, True)])
def test_a_recipe_that_is_merely_the_nearest_is_called_so(score: float, says_so: bool) -> None:
    request = AnswerRequest(
        Turn("红烧牛肉面怎么做"),
        Understanding(WholeRecipe(), query="红烧牛肉面怎么做"),
        BRAISED_PORK,
        alternatives=(Hit(BRAISED_PORK, score, "红烧肉怎么做"),),
    )
    line = "没有找到同名的菜谱，最接近的是「红烧肉」，看看是不是你要的："
    assert Composer().compose(request).startswith(line) is says_so
    assert (lead_of(request) == line) is says_so
