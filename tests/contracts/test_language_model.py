"""What every `LanguageModel` does alike: the scripted fake, and the OpenAI client before the fake server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol

import pytest

from core.errors import ModelError, ModelRejectedError, ModelResponseError, ModelUnavailableError
from core.language_models.openai_language_model import OpenAiLanguageModel
from core.ports import (
    ChatMessage,
    LanguageModel,
    Sampling,
)
from tests.fakes import openai_behaviours
from tests.fakes.openai_server import OpenAiServer
from tests.fakes.scripted_language_model import ScriptedAnswer, ScriptedLanguageModel

PROMPT = [ChatMessage("system", "你是食神"), ChatMessage("user", "红烧肉怎么做")]


class Stage(Protocol):
    """A model under test, and how to tell it what to do next."""

    model: LanguageModel

    def will_answer(self, *pieces: str) -> None: ...
    def will_fail(self, error: type[ModelError], *pieces: str) -> None: ...


class ScriptedStage:
    def __init__(self) -> None:
        self.scripted = ScriptedLanguageModel()
        self.model: LanguageModel = self.scripted

    def will_answer(self, *pieces: str) -> None:
        self.scripted.queue(ScriptedAnswer(pieces))

    def will_fail(self, error: type[ModelError], *pieces: str) -> None:
        self.scripted.queue(ScriptedAnswer(pieces, error=error("as told")))


class OpenAiStage:
    def __init__(self, server: OpenAiServer) -> None:
        self.server = server
        self.model: LanguageModel = OpenAiLanguageModel(
            base_url=server.base_url, api_key="", model="m", max_retries=0
        )

    def will_answer(self, *pieces: str) -> None:
        self.server.queue(openai_behaviours.answers(*pieces))

    def will_fail(self, error: type[ModelError], *pieces: str) -> None:
        behaviours = {
            ModelUnavailableError: openai_behaviours.refuses(503),
            ModelRejectedError: openai_behaviours.refuses(401),
            ModelResponseError: openai_behaviours.breaks_off(*pieces),
        }
        self.server.queue(behaviours[error])


@pytest.fixture(params=["scripted", "openai"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "scripted":
        yield ScriptedStage()
        return
    async with OpenAiServer().running() as server:
        stage = OpenAiStage(server)
        yield stage
        await stage.model.close()


async def read(model: LanguageModel, messages: Sequence[ChatMessage] = PROMPT) -> list[str]:
    return [piece async for piece in model.stream(messages, Sampling())]


class TestLanguageModel:
    def test_it_has_a_name(self, stage: Stage) -> None:
        assert stage.model.name

    async def test_pieces_joined_are_the_answer(self, stage: Stage) -> None:
        stage.will_answer("先热锅，", "再下", "油。")
        pieces = await read(stage.model)
        assert "".join(pieces) == "先热锅，再下油。"
        assert all(pieces)

    async def test_answers_come_in_the_order_of_the_questions(self, stage: Stage) -> None:
        stage.will_answer("一")
        stage.will_answer("二")
        assert [await read(stage.model), await read(stage.model)] == [["一"], ["二"]]

    @pytest.mark.parametrize("error", [ModelUnavailableError, ModelRejectedError, ModelResponseError])
    async def test_failures_are_the_projects_own(self, stage: Stage, error: type[ModelError]) -> None:
        stage.will_fail(error)
        with pytest.raises(error):
            await read(stage.model)

    async def test_only_an_unavailable_model_is_worth_another_try(self, stage: Stage) -> None:
        stage.will_fail(ModelUnavailableError)
        stage.will_fail(ModelRejectedError)
        with pytest.raises(ModelUnavailableError) as unavailable:
            await read(stage.model)
        with pytest.raises(ModelRejectedError) as rejected:
            await read(stage.model)
        assert (unavailable.value.retryable, rejected.value.retryable) == (True, False)

    async def test_what_came_before_a_break_is_delivered(self, stage: Stage) -> None:
        stage.will_fail(ModelResponseError, "先热", "锅")
        pieces: list[str] = []
        with pytest.raises(ModelResponseError):
            await consume(stage.model, pieces)
        assert pieces == ["先热", "锅"]

    async def test_it_works_again_after_a_failure(self, stage: Stage) -> None:
        stage.will_fail(ModelUnavailableError)
        stage.will_answer("好")
        with pytest.raises(ModelUnavailableError):
            await read(stage.model)
        assert await read(stage.model) == ["好"]

    async def test_a_stream_can_be_left_early(self, stage: Stage) -> None:
        stage.will_answer("一", "二", "三")
        stage.will_answer("四")
        stream = stage.model.stream(PROMPT, Sampling())
        assert await anext(stream) == "一"
        await stream.aclose()
        assert await read(stage.model) == ["四"]

    async def test_check_says_what_answered(self, stage: Stage) -> None:
        stage.will_answer("好")
        assert "answered" in await stage.model.check()

    async def test_check_raises_when_the_model_is_down(self, stage: Stage) -> None:
        stage.will_fail(ModelUnavailableError)
        with pytest.raises(ModelUnavailableError):
            await stage.model.check()

    async def test_closing_twice_is_harmless(self, stage: Stage) -> None:
        await stage.model.close()
        await stage.model.close()


async def consume(model: LanguageModel, pieces: list[str]) -> None:
    async with aclosing(model.stream(PROMPT, Sampling())) as stream:
        async for piece in stream:
            pieces.append(piece)  # noqa: PERF401 - what came before the error is what is asked for
