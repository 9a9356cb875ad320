"""A pipeline over fakes, and its events in shorthand, for the tests of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.answering import Answerer, Turn
from core.composer import Composer
from core.conversation import Conversation, HistoryMessage
from core.messages import (
    PictureFailed,
    Reply,
    ReplyEvent,
    ReplyFinished,
    StageFinished,
    StageProgress,
    StageStarted,
    TextDelta,
    TextFinished,
)
from core.pipeline import CookingPipeline, PipelineLimits
from core.recipe import Recipe
from core.web_ports import WebSearch
from tests.fakes.dishes import BRAISED_PORK, EGG_SOUP, TOMATO_EGGS
from tests.fakes.fake_image_generator import FakeImageGenerator
from tests.fakes.fake_retriever import FakeRetriever
from tests.fakes.scripted_answering import ScriptedRewriter

WHOLE = ["rewrite>", "rewrite<", "retrieve>", "retrieve<", "generate>", "…", "generate<", "text!"]
ILLUSTRATED = [*WHOLE, "illustrate>", "illustrate<", "done"]
SOON = 0.01
"""A limit, in seconds, for what never happens."""


def cookbook() -> FakeRetriever:
    return FakeRetriever(
        {
            "番茄炒蛋怎么做": (TOMATO_EGGS,),
            "红烧肉怎么做": (BRAISED_PORK,),
            "鸡蛋和番茄能做什么": (TOMATO_EGGS, EGG_SOUP),
        }
    )


@dataclass
class Kitchen:
    """A pipeline and the fakes behind it."""

    answerer: Answerer = field(default_factory=Composer)
    limits: PipelineLimits = field(default_factory=PipelineLimits)
    rewriter: ScriptedRewriter = field(default_factory=ScriptedRewriter)
    retriever: FakeRetriever = field(default_factory=cookbook)
    illustrator: FakeImageGenerator | None = field(default_factory=FakeImageGenerator)
    web_search: WebSearch | None = None

    def pipeline(self) -> CookingPipeline:
        return CookingPipeline(
            self.rewriter, self.retriever, self.answerer, self.illustrator, self.limits, self.web_search
        )

    async def events(self, turn: Turn | str) -> list[ReplyEvent]:
        return [event async for event in self.pipeline().run(Turn(turn) if isinstance(turn, str) else turn)]

    async def reply(self, turn: Turn | str) -> Reply:
        last = (await self.events(turn))[-1]
        assert isinstance(last, ReplyFinished)
        return last.reply

    async def until_failure(self, turn: Turn | str, error: type[Exception]) -> tuple[list[str], Exception]:
        """The events before the failure, in shorthand, and the failure."""
        events: list[ReplyEvent] = []
        try:
            async with aclosing(self.pipeline().run(Turn(turn) if isinstance(turn, str) else turn)) as run:
                async for event in run:
                    events.append(event)  # noqa: PERF401 - kept although an error follows
        except error as exc:
            return shape(events), exc
        raise AssertionError(f"no {error.__name__} was raised")


def shape(events: Iterable[ReplyEvent]) -> list[str]:
    """Events in shorthand: `generate>`, `…` for any number of text pieces, `generate<`, `text!`, `done`."""
    names: list[str] = []
    for event in events:
        match event:
            case StageStarted(stage):
                names.append(f"{stage}>")
            case StageFinished(stage, _):
                names.append(f"{stage}<")
            case StageProgress(stage, done, total):
                names.append(f"{stage} {done}/{total}")
            case TextDelta():
                names += ["…"] if names[-1:] != ["…"] else []
            case TextFinished():
                names.append("text!")
            case PictureFailed(code):
                names.append(f"no picture: {code}")
            case ReplyFinished():
                names.append("done")
    return names


def streamed(events: Iterable[ReplyEvent]) -> str:
    """The text as a channel shows it in the end."""
    text = ""
    for event in events:
        if isinstance(event, TextDelta):
            text = event.text if event.restart else text + event.text
    return text


def after(*turns: tuple[str, Recipe | None, str]) -> Conversation:
    """A conversation: (question, recipe that was shown, query that found it) each."""
    now = datetime(2024, 5, 1, 12, tzinfo=UTC)
    messages: list[HistoryMessage] = []
    for question, recipe, query in turns:
        messages.append(HistoryMessage("user", question, "anna", now))
        text = recipe.name if recipe is not None else "没有"
        messages.append(HistoryMessage("assistant", text, "anna", now, recipe=recipe, query=query))
    return Conversation(tuple(messages))
