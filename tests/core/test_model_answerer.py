"""Answers by a model, and what is said when the model fails."""

from __future__ import annotations

import asyncio

import pytest

from core.answering import Advice, AmountOf, AnswerRequest, ForServings, Turn, Understanding, WholeRecipe
from core.composer import Composer
from core.conversation import Preferences
from core.errors import ModelError, ModelRejectedError, ModelResponseError, ModelUnavailableError
from core.messages import TextDelta
from core.model_answerer import FollowUpRewriter, ModelAnswerer
from core.ports import Sampling
from core.recipe import Recipe
from core.understanding import understand
from tests.core.recipes import BARE, BRAISED_PORK, conversation_about, turn_about
from tests.fakes.scripted_language_model import ScriptedAnswer, ScriptedLanguageModel

DOWN = ModelUnavailableError("the model server cannot be reached")
SOURCE_LINE = "\n\n（根据菜谱「红烧肉」，来源：食神菜谱）"


def request_for(question: str, *, recipe: Recipe | None = BRAISED_PORK, rag: bool = True) -> AnswerRequest:
    turn = turn_about(BRAISED_PORK, question, preferences=Preferences(rag=rag))
    return AnswerRequest(turn, understand(turn), recipe)


async def read(answerer: ModelAnswerer, request: AnswerRequest) -> tuple[str, list[TextDelta]]:
    """The text that stands at the end, and every piece."""
    text, deltas = "", []
    async for delta in answerer.stream(request):
        text = delta.text if delta.restart else text + delta.text
        deltas.append(delta)
    return text, deltas


def answerer_with(*answers: str | ModelError | ScriptedAnswer) -> tuple[ModelAnswerer, ScriptedLanguageModel]:
    model = ScriptedLanguageModel(answers)
    return ModelAnswerer(model, Composer()), model


async def test_the_models_words_are_streamed_and_its_stream_is_closed() -> None:
    answerer, model = answerer_with(ScriptedAnswer(("根据菜谱", "（食神菜谱）放 2 克盐。")))
    text, deltas = await read(answerer, request_for("要多少盐"))
    assert text == "根据菜谱（食神菜谱）放 2 克盐。"
    assert [delta.text for delta in deltas] == ["根据菜谱", "（食神菜谱）放 2 克盐。"]
    assert model.open_streams == 0


async def test_a_source_that_the_model_forgot_is_named() -> None:
    answerer, _ = answerer_with("放 2 克盐。")
    text, _ = await read(answerer, request_for("要多少盐"))
    assert text == f"放 2 克盐。{SOURCE_LINE}"


async def test_the_prompt_holds_recipe_question_and_history() -> None:
    answerer, model = answerer_with("好（食神菜谱）")
    await read(answerer, request_for("要多少盐"))
    messages = model.prompts[0].messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[1].content == "红烧肉怎么做"
    assert "五花肉：800克" in messages[-1].content
    assert messages[-1].content.endswith("我的问题：要多少盐")


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        ("改成8人份", "（菜谱的用量已经换算成 8 人份，照写即可。）"),
        ("换一道", "（换成这道：红烧肉，请讲它的做法。）"),
    ],
)
async def test_the_model_is_told_what_was_done_for_it(question: str, hint: str) -> None:
    answerer, model = answerer_with("好（食神菜谱）")
    await read(answerer, request_for(question, recipe=BRAISED_PORK.scaled(8)))
    assert model.prompts[0].messages[-1].content.endswith(f"我的问题：{question}\n{hint}")


async def test_the_prompt_keeps_to_its_budget() -> None:
    model = ScriptedLanguageModel(["好（食神菜谱）"])
    answerer = ModelAnswerer(model, Composer(), context_tokens=512)
    await read(answerer, request_for("要多少盐"))
    assert "五花肉：800克" not in model.prompts[0].messages[-1].content


async def test_a_user_may_have_sampling_of_their_own() -> None:
    model = ScriptedLanguageModel(["好"] * 2)
    defaults = Sampling(0.7, 0.9, max_output_tokens=300, top_k=50)
    answerer = ModelAnswerer(model, Composer(), sampling=defaults)
    own = Preferences(top_p=0.5, top_k=40, repetition_penalty=1.1, max_output_tokens=200)
    for preferences in (Preferences(temperature=0.0), own):
        turn = turn_about(BRAISED_PORK, "要多少盐", preferences=preferences)
        await read(answerer, AnswerRequest(turn, understand(turn), BRAISED_PORK))
    assert [prompt.sampling for prompt in model.prompts] == [
        Sampling(0.0, 0.9, max_output_tokens=300, top_k=50),
        Sampling(0.7, 0.5, max_output_tokens=200, top_k=40, repetition_penalty=1.1),
    ]


async def test_nobody_gets_longer_answers_than_the_operator_allows() -> None:
    model = ScriptedLanguageModel(["好"])
    answerer = ModelAnswerer(model, Composer(), sampling=Sampling(max_output_tokens=300))
    turn = turn_about(BRAISED_PORK, "要多少盐", preferences=Preferences(max_output_tokens=4000))
    await read(answerer, AnswerRequest(turn, understand(turn), BRAISED_PORK))
    assert model.prompts[0].sampling.max_output_tokens == 300


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (DOWN, "现在连不上语言模型，"),
        (ModelRejectedError("no such model"), "语言模型拒绝了这次请求（模型名、密钥或参数可能不对），"),
        (ModelResponseError("rubbish"), "语言模型的回答断掉了，"),
        (ScriptedAnswer(("放十斤",), ModelResponseError("broke off")), "语言模型的回答断掉了，"),
        (ScriptedAnswer(("放十斤",), DOWN), "现在连不上语言模型，"),
        ("", "语言模型的回答断掉了，"),
        ("  \n", "语言模型的回答断掉了，"),
        (ScriptedAnswer(("加盐。",) * 20), "语言模型的回答断掉了，"),
    ],
)
async def test_when_the_model_fails_the_composer_answers(
    answer: str | ModelError | ScriptedAnswer, sentence: str
) -> None:
    answerer, _ = answerer_with(answer)
    request = request_for("要多少盐")
    text, deltas = await read(answerer, request)
    assert text == f"{sentence}下面按菜谱原文回答。\n\n{Composer().compose(request)}"
    assert sum(delta.restart for delta in deltas) == 1


async def test_without_index_the_model_answers_freely() -> None:
    answerer, model = answerer_with("我的建议（没有查菜谱）：小火慢炖。")
    text, _ = await read(answerer, request_for("红烧牛尾怎么做", recipe=None, rag=False))
    assert text == "我的建议（没有查菜谱）：小火慢炖。"
    assert model.prompts[0].messages[-1].content == "红烧牛尾怎么做"


async def test_without_index_a_failing_model_leaves_one_sentence() -> None:
    answerer, _ = answerer_with(DOWN)
    text, deltas = await read(answerer, request_for("红烧牛尾怎么做", recipe=None, rag=False))
    assert (
        text
        == "现在连不上语言模型，菜谱库是关着的，没有别的可查。过一会儿再试，或者发送 /rag on 打开菜谱库。"
    )
    assert [delta.restart for delta in deltas] == [True]


async def test_without_a_dish_the_composer_asks_which_and_no_model_is_called() -> None:
    answerer, model = answerer_with()
    turn = Turn("要多少盐")
    text, _ = await read(answerer, AnswerRequest(turn, understand(turn), None))
    assert text == "你问的是哪道菜？带上菜名再问一次就好，例如「红烧肉要多少盐」。"
    assert model.prompts == []


async def test_a_recipe_without_source_is_named_all_the_same() -> None:
    answerer, _ = answerer_with("蒸熟。")
    turn = turn_about(BARE, "要多久")
    text, _ = await read(answerer, AnswerRequest(turn, understand(turn), BARE))
    assert text == "蒸熟。\n\n（根据菜谱「蒸蛋糕」，来源：没有写明）"


async def test_a_reader_who_leaves_closes_the_models_stream() -> None:
    gate = asyncio.Event()
    model = ScriptedLanguageModel([ScriptedAnswer(("一", "二"), gate=gate)])
    stream = ModelAnswerer(model, Composer()).stream(request_for("要多少盐"))
    assert (await anext(stream)).text == "一"
    assert model.open_streams == 1
    await stream.aclose()
    assert model.open_streams == 0


# ── Rewriting a follow-up ────────────────────────────────────────────────────────────────────────


async def test_what_the_rules_are_sure_of_needs_no_model() -> None:
    model = ScriptedLanguageModel()
    for question in ("要多少盐", "糖醋排骨怎么做", "换一道", "谢谢"):
        turn = turn_about(BRAISED_PORK, question)
        assert await FollowUpRewriter(model).rewrite(turn) == understand(turn)
    assert model.prompts == []


async def test_without_a_model_the_rules_decide() -> None:
    turn = turn_about(BRAISED_PORK, "那凉拌黄瓜呢")
    assert await FollowUpRewriter().rewrite(turn) == understand(turn)


@pytest.mark.parametrize(
    ("question", "rewritten", "expected"),
    [
        ("那凉拌黄瓜呢", "凉拌黄瓜怎么做", Understanding(WholeRecipe(), query="凉拌黄瓜怎么做")),
        ("咸淡呢它", "红烧肉要放多少盐", Understanding(AmountOf("盐"), dish=BRAISED_PORK)),
        ("它要够五个人才行", "红烧肉五人份怎么做", Understanding(ForServings(5), dish=BRAISED_PORK)),
    ],
)
async def test_what_the_model_rewrote_is_read_by_the_rules(
    question: str, rewritten: str, expected: Understanding
) -> None:
    model = ScriptedLanguageModel([rewritten])
    turn = turn_about(BRAISED_PORK, question)
    assert not understand(turn).certain
    assert await FollowUpRewriter(model).rewrite(turn) == expected
    assert model.prompts[0].sampling == Sampling(temperature=0, max_output_tokens=100)
    assert "红烧肉" in model.prompts[0].messages[-1].content


@pytest.mark.parametrize(
    "answer",
    [
        DOWN,
        ModelResponseError("rubbish"),
        "",
        "两\n行",
        "<菜谱>",
        "字" * 5000,
        ScriptedAnswer(("凉拌",), DOWN),
    ],
)
async def test_a_rewrite_that_fails_leaves_the_rules_result(
    answer: str | ModelError | ScriptedAnswer,
) -> None:
    model = ScriptedLanguageModel([answer])
    turn = turn_about(BRAISED_PORK, "它的口感怎么样")
    expected = Understanding(Advice("other"), dish=BRAISED_PORK, certain=False)
    assert await FollowUpRewriter(model).rewrite(turn) == expected
    assert model.open_streams == 0


async def test_a_model_that_does_not_stop_is_stopped() -> None:
    model = ScriptedLanguageModel([ScriptedAnswer(("字",) * 10_000)])
    turn = Turn("它呢", conversation_about(BRAISED_PORK))
    assert await FollowUpRewriter(model).rewrite(turn) == understand(turn)
    assert model.open_streams == 0
