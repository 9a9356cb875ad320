"""Answers that end early, on both chat platforms: real channel, inbox and handlers, and a slow model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.unfinished_answers import UnfinishedAnswers
from core.composer import Composer
from core.language_models.openai_language_model import OpenAiLanguageModel
from core.messages import ChatKey
from core.model_answerer import ModelAnswerer
from core.stopping import STOPPED
from handlers import commands
from handlers.commands import CommandHandler, CommandServices
from handlers.data_commands import CLEARED
from handlers.router import Router
from handlers.text import TextHandler
from tests.contracts.channels import Life, Side, living, side
from tests.core.pipeline_kitchen import Kitchen
from tests.fakes.memory_storage import MemoryHistory, MemoryPersonalData, MemoryProfiles
from tests.fakes.openai_behaviours import answers, pauses, slow, stalls
from tests.fakes.openai_server import OpenAiServer

PORK, EGGS = "红烧肉怎么做", "番茄炒蛋怎么做"
BEGUN = "先焯水。"
CUT = f"{BEGUN}\n\n{STOPPED}"
WHOLE = "炒两分钟。来源：食神菜谱"


@pytest.fixture(params=["telegram", "feishu"])
async def people(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with side(request.param) as started:
        yield started


@dataclass
class Cook:
    """What answers: a real router whose model is a server of ours, and a history that outlives it."""

    server: OpenAiServer
    history: MemoryHistory = field(default_factory=MemoryHistory)
    all_are_administrators: bool = False

    @asynccontextmanager
    async def at_work(self, people: Side, folder: Path) -> AsyncIterator[Life]:
        model = OpenAiLanguageModel(base_url=self.server.base_url, api_key="", model="cook")
        unfinished = UnfinishedAnswers(is_administrator=lambda _user: self.all_are_administrators)
        profiles = MemoryProfiles()
        pipeline = Kitchen(answerer=ModelAnswerer(model, Composer()), illustrator=None).pipeline()
        text = TextHandler(pipeline, self.history, profiles, stop_of=unfinished.signal_of)
        personal_data = MemoryPersonalData(self.history, profiles)
        router = Router(text, CommandHandler(CommandServices(self.history, profiles, personal_data)))
        try:
            async with living(people, folder, answering=router, unfinished=unfinished) as life:
                yield life
        finally:
            await model.close()

    @property
    def chat(self) -> ChatKey:
        [chat] = self.history.chats
        return chat

    async def remembered(self) -> list[str]:
        """What the answers of the current conversation say."""
        messages = (await self.history.current(self.chat)).messages
        return [message.text for message in messages if message.role == "assistant"]


@pytest.fixture
async def cook() -> AsyncIterator[Cook]:
    async with OpenAiServer(default=answers(WHOLE)).running() as server:
        yield Cook(server)


def assert_said(people: Side, *texts: str, group: bool = False) -> None:
    """The bot said these, each once and in this order, with whatever buttons the platform writes below."""
    said = people.heard(group=group)
    assert len(said) == len(texts)
    assert [text for text, whole in zip(texts, said, strict=True) if not whole.startswith(text)] == []


@pytest.mark.parametrize("group", [False, True], ids=["private", "group"])
async def test_a_new_question_ends_the_answer_to_the_one_before(
    people: Side, cook: Cook, tmp_path: Path, group: bool
) -> None:
    say = people.ask_in_group if group else people.say
    cook.server.queue(stalls(BEGUN))
    async with cook.at_work(people, tmp_path) as life:
        await say(PORK)
        await people.sees(BEGUN, group=group)
        await say(EGGS)
        await life.has_answered(2)
    assert_said(people, CUT, WHOLE, group=group)
    assert await cook.remembered() == [CUT, WHOLE]
    assert cook.server.requests[0].hung_up.is_set()


async def test_in_a_group_others_end_only_their_own(people: Side, cook: Cook, tmp_path: Path) -> None:
    """Also what of theirs has not begun."""
    gate = asyncio.Event()
    cook.server.queue(pauses(gate, BEGUN, WHOLE))
    async with cook.at_work(people, tmp_path) as life:
        await people.ask_in_group(PORK)
        await people.sees(BEGUN, group=True)
        for number, text in enumerate((EGGS, "/stop", "/clear"), start=2):
            await people.another_asks_in_group(text)
            await life.has_taken(number)
        gate.set()
        await life.has_answered(4)
    assert_said(people, f"{BEGUN}{WHOLE}", STOPPED, commands.STOPPED, CLEARED, group=True)


async def test_an_administrators_clear_ends_everybodys(people: Side, cook: Cook, tmp_path: Path) -> None:
    cook.server.queue(stalls(BEGUN))
    cook.all_are_administrators = True
    async with cook.at_work(people, tmp_path) as life:
        await people.ask_in_group(PORK)
        await people.sees(BEGUN, group=True)
        await people.another_asks_in_group("/clear")
        await life.has_answered(2)
    assert_said(people, CUT, CLEARED, group=True)


@pytest.mark.parametrize("text", ["/clear", "/stop", "别说了"])
async def test_clear_and_stop_end_an_answer(people: Side, cook: Cook, tmp_path: Path, text: str) -> None:
    cook.server.queue(stalls(BEGUN))
    async with cook.at_work(people, tmp_path) as life:
        await people.say(PORK)
        await people.sees(BEGUN)
        await people.say(text)
        await life.has_answered(2)
    assert_said(people, CUT, CLEARED if text == "/clear" else commands.STOPPED)
    assert await cook.remembered() == ([] if text == "/clear" else [CUT])


async def test_two_questions_at_once_are_both_answered(people: Side, cook: Cook, tmp_path: Path) -> None:
    gate = asyncio.Event()
    cook.server.queue(slow(gate, answers(BEGUN, WHOLE)))
    async with cook.at_work(people, tmp_path) as life:
        await people.say(PORK)
        await cook.server.arrival(1)
        await people.say(EGGS)
        await life.has_taken(2)
        gate.set()
        await life.has_answered(2)
    assert_said(people, f"{BEGUN}{WHOLE}", WHOLE)
