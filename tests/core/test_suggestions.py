"""What stands around an answer: the line above a card, the buttons, and friendly refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.answering import AnotherDish, AnswerRequest, Turn, Understanding, WholeRecipe
from core.composer import lead_of, refusal_buttons, refusal_text, shows_recipe, suggestions_of
from core.messages import Button
from core.ports import Hit
from core.recipe import Recipe
from core.understanding import understand
from tests.core.recipes import BARE, BRAISED_PORK, SPICY_CHICKEN, cookbook, turn_about


def hits(*recipes: Recipe) -> tuple[Hit, ...]:
    return tuple(Hit(recipe, 0.5, recipe.name) for recipe in recipes)


def request_for(recipe: Recipe, question: str) -> AnswerRequest:
    turn = turn_about(recipe, question)
    return AnswerRequest(turn, understand(turn), recipe)


@pytest.mark.parametrize(
    ("request_", "lead"),
    [
        (request_for(BRAISED_PORK, "红烧肉怎么做"), "「红烧肉」这样做（4 人份，约 1 小时 40 分钟）："),
        (request_for(BARE, "蒸蛋糕"), "「蒸蛋糕」这样做："),
        (
            request_for(BRAISED_PORK, "改成4人份"),
            "「红烧肉」的用量已换算成 4 人份，时间和火候请看着锅判断。",
        ),
        (request_for(BRAISED_PORK, "换一道"), "换成「红烧肉」怎么样？"),
        (request_for(BRAISED_PORK, "要多少盐"), ""),
        (AnswerRequest(Turn("要多少盐"), Understanding(WholeRecipe()), None), ""),
    ],
)
def test_the_line_above_a_card(request_: AnswerRequest, lead: str) -> None:
    assert lead_of(request_) == lead
    assert shows_recipe(request_) is bool(lead)


@pytest.mark.parametrize(
    ("question", "labels"),
    [
        ("红烧肉怎么做", ["换一道", "改成8人份", "一步一步来", "没有料酒怎么办"]),
        ("换一道", ["换一道", "改成8人份", "一步一步来", "没有料酒怎么办"]),
        ("要多少盐", ["完整做法", "有什么窍门", "要多长时间"]),
        ("有什么窍门", ["完整做法", "需要哪些食材", "要多长时间"]),
        ("要多久", ["完整做法", "需要哪些食材", "有什么窍门"]),
        ("需要哪些食材", ["完整做法", "有什么窍门", "要多长时间"]),
        ("第一步", ["下一步", "需要哪些食材", "完整做法"]),
        ("第三步", ["下一步", "上一步", "需要哪些食材", "完整做法"]),
        ("最后一步", ["上一步", "需要哪些食材", "完整做法"]),
    ],
)
def test_the_buttons_below(question: str, labels: list[str]) -> None:
    assert [button.label for button in suggestions_of(request_for(BRAISED_PORK, question))] == labels


def test_the_buttons_of_a_step_say_which_step() -> None:
    buttons = suggestions_of(request_for(BRAISED_PORK, "第三步"))
    assert buttons[:2] == (Button("下一步", "第4步"), Button("上一步", "第2步"))


def test_a_question_about_ingredients_offers_the_other_dishes() -> None:
    turn = Turn("鸡肉和花生能做什么")
    found = hits(SPICY_CHICKEN, BRAISED_PORK, BARE)
    request = AnswerRequest(turn, understand(turn), SPICY_CHICKEN, alternatives=found)
    labels = [button.label for button in suggestions_of(request)]
    assert labels == ["红烧肉", "蒸蛋糕", "换一道", "改成4人份"]
    assert suggestions_of(request)[0].message == "红烧肉怎么做"


def test_a_question_that_names_the_dish_offers_no_other() -> None:
    turn = Turn("红烧五花肉怎么做")
    found = hits(BRAISED_PORK, SPICY_CHICKEN)
    request = AnswerRequest(turn, understand(turn), BRAISED_PORK, alternatives=found)
    assert suggestions_of(request)[0] == Button("换一道", "换一道")


def test_many_people_are_offered_half() -> None:
    request = request_for(replace(BRAISED_PORK, servings=10), "红烧肉怎么做")
    assert suggestions_of(request)[1] == Button("改成5人份", "改成5人份")


def test_without_a_recipe_there_is_nothing_to_suggest() -> None:
    assert suggestions_of(AnswerRequest(Turn("要多少盐"), Understanding(AnotherDish()), None)) == ()


@pytest.mark.parametrize("recipe", list(cookbook()), ids=lambda recipe: recipe.name)
def test_every_button_says_something_that_is_understood(recipe: Recipe) -> None:
    for question in (f"{recipe.name}怎么做", "第一步", "要多久", "需要哪些食材", "有什么窍门"):
        buttons = suggestions_of(request_for(recipe, question))
        assert 2 <= len(buttons) <= 4
        assert len({button.message for button in buttons}) == len(buttons)
        for button in buttons:
            understood = understand(turn_about(recipe, button.message))
            assert understood.dish is recipe or isinstance(understood.aspect, AnotherDish)


@pytest.mark.parametrize(
    ("query", "nearest", "text"),
    [
        (
            "红烧牛尾怎么做",
            hits(BRAISED_PORK, SPICY_CHICKEN),
            "没有找到「红烧牛尾」的菜谱，不想随便拿一份凑数。你是不是想问：「红烧肉」「辣子鸡」？",
        ),
        (
            "今天天气如何",
            hits(BRAISED_PORK),
            (
                "这个我答不上来：我只懂做菜，菜谱里也没有相近的。可以问我一道菜，例如「番茄炒蛋怎么做」「红烧肉要炖多久」。\n"
                "要不要看看「红烧肉」？"
            ),
        ),
        (
            "今天天气如何",
            (),
            "这个我答不上来：我只懂做菜，菜谱里也没有相近的。可以问我一道菜，例如「番茄炒蛋怎么做」「红烧肉要炖多久」。",
        ),
        ("谢谢！", hits(BRAISED_PORK), "不客气，做得好吃记得告诉我。还想做什么，直接说菜名就行。"),
        ("再见", (), "再见，想做菜的时候随时来问我。"),
        ("好的", (), "好的。做的时候哪一步不清楚，随时问我。"),
        (
            "你好",
            hits(BRAISED_PORK),
            "你好，我是食神，专门教人做菜。告诉我想吃什么，例如「番茄炒蛋怎么做」「红烧肉要炖多久」。",
        ),
        (
            "红" * 50,
            hits(BRAISED_PORK),
            f"没有找到「{'红' * 20}…」的菜谱，不想随便拿一份凑数。你是不是想问：「红烧肉」？",
        ),
    ],
)
def test_a_refusal_is_friendly_and_offers_the_nearest(
    query: str, nearest: tuple[Hit, ...], text: str
) -> None:
    assert refusal_text(query, nearest) == text


def test_when_all_were_shown_it_says_so() -> None:
    assert refusal_text("红烧肉怎么做", exhausted=True) == (
        "没有别的了，合适的菜谱都给你看过了。换个说法或换个食材再问我吧。"
    )
    assert refusal_text("红烧肉怎么做", hits(SPICY_CHICKEN), exhausted=True) == (
        "没有别的了，合适的菜谱都给你看过了。要不要看看「辣子鸡」？"
    )


@pytest.mark.parametrize("query", ["", "\x00", "\ud83d红", "红\u202e烧", "<b>红烧</b>", "红\n烧"])
def test_a_refusal_repeats_no_control_characters(query: str) -> None:
    text = refusal_text(query, hits(BRAISED_PORK))
    assert all(character.isprintable() or character == "\n" for character in text)
    text.encode()


def test_the_nearest_dishes_are_buttons() -> None:
    nearest = hits(BRAISED_PORK, BRAISED_PORK, SPICY_CHICKEN, BARE)
    assert refusal_buttons(nearest) == (
        Button("红烧肉", "红烧肉怎么做"),
        Button("辣子鸡", "辣子鸡怎么做"),
        Button("蒸蛋糕", "蒸蛋糕怎么做"),
    )
