"""What the conversations say, over the whole cookbook."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from core.answering import AnswerRequest, Turn, Understanding, WholeRecipe
from core.composer import Composer
from core.conversation import Conversation, HistoryMessage
from core.model_answerer import ModelAnswerer
from core.ports import ChatMessage
from core.prompts import answer_prompt, free_answer_prompt
from core.recipe import Recipe
from core.understanding import understand
from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation, checked
from finetune.data.dish import Dish
from finetune.data.kinds import KINDS
from finetune.data.kinds.parts import missing_part, part_of
from finetune.data.refused import refused_questions
from finetune.data.scene import Scene
from finetune.data.voice import FREE_FIRST_LINE, Voice
from tests.fakes.scripted_language_model import ScriptedLanguageModel
from tests.finetune.data.recipes import cookbook, recipe

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_BY_ID = {one.recipe_id: one for one in cookbook()}
_BY_TITLE = {dish.title: dish for dish in map(Dish.of, cookbook())}


def _scene(system: str = "bot") -> Scene:
    return Scene(Voice(system, 6000), refused_questions(0, 0.02)[0])


def _made(kind: str, every: int = 4) -> list[TrainingConversation]:
    """What the cookbook gives of a kind."""
    scene, made = _scene(), []
    for one in cookbook()[::every]:
        dish = Dish.of(one)
        conversation = KINDS[kind](dish, scene, Choice(0, kind, one.recipe_id))
        if conversation is not None:
            made.append(conversation)
        scene.shelf.put(dish)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_tidy_conversations(kind: str) -> None:
    made = _made(kind)
    assert len(made) >= len(cookbook()) // 4 * 0.7
    for conversation in made:
        assert checked(conversation) is conversation
        assert conversation.kind == kind
        assert conversation.recipe_id in _BY_ID
        for _, answer in conversation.turns:
            assert not re.search(r"\[['\"]|None|\{|\}", answer.content)
            assert answer.content == answer.content.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_questions_come_in_many_forms(kind: str) -> None:
    made = _made(kind)
    assert len({conversation.question for conversation in made}) > 0.8 * len(made)


def test_the_whole_recipe_is_told() -> None:
    for conversation in _made("how_to_cook"):
        one, answer = _BY_ID[conversation.recipe_id], conversation.turns[0][1].content
        assert answer.startswith(f"{FREE_FIRST_LINE}\n{one.name}")
        for item in one.ingredients:
            assert f"· {item.name}  {item.amount}" in answer
        for number, step in enumerate(one.steps, 1):
            assert f"\n{number}. {step}" in answer
        assert "来源" not in answer


def test_ingredients_are_all_of_them_and_nothing_else() -> None:
    for conversation in _made("ingredients"):
        one, answer = _BY_ID[conversation.recipe_id], conversation.turns[0][1].content
        assert [line for line in answer.splitlines() if line.startswith("· ")] == [
            f"· {item.name}  {item.amount or '用量没有写'}" for item in one.ingredients
        ]


def _suggested(conversation: TrainingConversation) -> list[Dish]:
    lines = conversation.turns[0][1].content.splitlines()
    return [_BY_TITLE[re.sub(r"^\d+\. |[：。].*", "", line)] for line in lines if re.match(r"\d+\. ", line)]


def test_as_many_dishes_are_recommended_as_were_asked_for() -> None:
    for conversation in _made("recommend", 2):
        dishes = _suggested(conversation)
        count = "零一两三四五"[len(dishes)]
        assert f"{count}道" in conversation.question
        assert f"给你推荐{count}道" in conversation.turns[0][1].content
        assert len({dish.key for dish in dishes}) == len(dishes)


def test_a_wish_is_met_by_every_dish() -> None:
    for conversation in _made("wanting", 2):
        for dish in _suggested(conversation):
            words = [label.noun for label in dish.labels] + [label.word for label in dish.labels]
            met = [word for word in (*words, *dish.mains) if word in conversation.question]
            assert met, (conversation.question, dish.title)


def test_dishes_of_two_things_have_both() -> None:
    for conversation in _made("cook_with", 2):
        first, second = re.findall("^用(.+)和(.+)可以做", conversation.turns[0][1].content, re.MULTILINE)[0]
        assert first in conversation.question
        assert second in conversation.question
        for dish in _suggested(conversation):
            assert {first, second} <= set(dish.mains)


def test_a_scaled_recipe_has_the_exact_amounts() -> None:
    scaled = 0
    for conversation in _made("follow_ups", 1):
        for question, answer in conversation.turns:
            people = re.search(r"换算成 (\d+) 人份", answer.content)
            if people is None:
                continue
            scaled += 1
            exact = _BY_ID[conversation.recipe_id].scaled(int(people[1]))
            assert people[1] in question or "零一两三四五六"[int(people[1]) % 7] in question
            for item in exact.ingredients:
                assert f"· {item.name}  {item.amount or '用量没有写'}" in answer.content
    assert scaled > 20


def test_the_bot_understands_the_follow_ups_alike() -> None:
    for one in cookbook()[::3]:
        choice = Choice(5, one.recipe_id)
        part = part_of(one, choice)
        assert part is not None
        for asked in (part, missing_part(one, choice)):
            shown = HistoryMessage("assistant", one.name, "", _NOW, recipe=one)
            understood = understand(Turn(asked.question, Conversation((shown,))))
            assert understood.dish is one, asked
            assert understood.aspect == asked.aspect


def test_prompts_without_recipes_are_the_bots() -> None:
    voice = Voice("bot", 6000)
    earlier = [("红烧肉怎么做", "先焯水。"), ("要多久", "40 分钟。")]
    history = [
        message
        for asked, answered in earlier
        for message in (
            HistoryMessage("user", asked, "", _NOW),
            HistoryMessage("assistant", answered, "", _NOW),
        )
    ]
    expected = free_answer_prompt("要放糖吗", history, budget_tokens=6000)
    assert voice.free_prompt("要放糖吗", earlier) == expected
    assert f"「{FREE_FIRST_LINE}」" in expected[0].content


def test_a_system_message_of_ones_own_needs_no_first_line() -> None:
    voice = Voice("只会做菜。", 6000)
    assert voice.free_prompt("问")[0] == ChatMessage("system", "只会做菜。")
    assert voice.free_answer(["答", "完"]) == "答\n完"
    assert Voice("", 6000).free_prompt("问") == [ChatMessage("user", "问")]


async def _prompt_of_the_bot(
    question: str, one: Recipe, history: Sequence[HistoryMessage]
) -> list[ChatMessage]:
    model = ScriptedLanguageModel(["好"])
    request = AnswerRequest(
        Turn(question, Conversation(tuple(history))), Understanding(WholeRecipe(), dish=one), one
    )
    async for _ in ModelAnswerer(model, Composer()).stream(request):
        pass
    return list(model.prompts[0].messages)


async def test_rag_form_is_the_very_prompt_that_the_bot_sends() -> None:
    variants = set()
    for conversation in _made("grounded", 3):
        variants.add(conversation.variant.partition(":")[0])
        *prompt, _ = [ChatMessage(m.role, m.content) for m in conversation.messages]
        question = prompt[-1].content.rpartition("我的问题：")[2]
        history = [HistoryMessage(m.role, m.content, "", _NOW) for m in prompt[1:-1] if m.role != "system"]
        one = _BY_ID[conversation.recipe_id]
        assert prompt == await _prompt_of_the_bot(question, one, history)
        assert prompt == answer_prompt(question, [one], history, budget_tokens=6000)
    assert variants == {"whole", "part", "missing", "wrong"}


def test_grounded_answers_name_their_recipe_and_earlier_ones_are_not_learned() -> None:
    for conversation in _made("grounded", 2):
        answer = conversation.turns[-1][1]
        assert f"「{_BY_ID[conversation.recipe_id].name}」" in answer.content
        assert answer.learned
        assert not any(earlier.learned for _, earlier in conversation.turns[:-1])


def test_a_wrong_recipe_is_said_to_be_wrong() -> None:
    wrong = [conversation for conversation in _made("grounded", 1) if conversation.variant == "wrong"]
    assert len(wrong) > 20
    for conversation in wrong:
        context, answer = _BY_ID[conversation.recipe_id], conversation.turns[0][1].content
        asked = re.search("^菜谱没有写「(.+?)」：", answer)
        assert asked is not None
        assert asked[1] != context.name
        assert asked[1] in conversation.question.rpartition("我的问题：")[2]
        assert not any(step in answer for step in context.steps)


def test_what_a_recipe_lacks_is_not_made_up() -> None:
    for conversation in _made("grounded", 1):
        if conversation.variant == "missing:amount":
            assert "没有用到" in conversation.turns[-1][1].content


def test_refusals_offer_a_dish_and_no_advice() -> None:
    train, dev = refused_questions(0, 0.02)
    assert len(train) > 500
    assert len(dev) > 30
    assert not set(train) & set(dev)
    assert refused_questions(0, 0)[1] == ()
    for conversation in _made("refusals"):
        question, answer = conversation.turns[-1]
        assert question.rpartition("我的问题：")[2] in train
        assert FREE_FIRST_LINE not in answer.content
        assert Dish.of(_BY_ID[conversation.recipe_id]).title in answer.content


def test_a_recipe_of_which_little_is_known_is_left_alone() -> None:
    bare = Dish.of(recipe("某汤水", steps=("拌匀。",), ingredients=recipe().ingredients[2:]))
    scene = _scene()
    assert KINDS["special"](bare, scene, Choice(0)) is None
    assert KINDS["cook_with"](bare, scene, Choice(0)) is None
    assert KINDS["recommend"](bare, scene, Choice(0)) is None
    assert KINDS["wanting"](bare, scene, Choice(0)) is None
