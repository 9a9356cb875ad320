"""The last resort: whatever fails inside, the user reads a sentence and no detail."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator

import pytest

from bot.error_replies import _WORDS, INTERNAL, GuardedHandler, reply_for
from bot.terminal_channel import message_from
from core import errors
from core.errors import BotError
from core.messages import (
    IncomingMessage,
    Reply,
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageStarted,
    TextDelta,
    TextFinished,
)

SECRET = "我的秘密问题"
SAID = Reply(text="好的")


class Scripted:
    """Says the given events, then fails if an error is given."""

    def __init__(self, *events: ReplyEvent, error: BaseException | None = None) -> None:
        self._events = events
        self._error = error
        self.closed = False

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        try:
            for event in self._events:
                yield event
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


async def events_of(handler: Scripted) -> list[ReplyEvent]:
    return [event async for event in GuardedHandler(handler).handle(message_from("me", SECRET))]


def error_classes(root: type[BotError] = BotError) -> Iterator[type[BotError]]:
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


def test_words_are_kept_only_for_codes_that_exist() -> None:
    codes = {error.code for error in error_classes() if error.__module__ == errors.__name__}
    assert sorted(set(_WORDS) - codes) == []


@pytest.mark.parametrize("code", sorted(_WORDS))
def test_every_known_failure_has_words_of_its_own(code: str) -> None:
    error = BotError("detail for the log")
    error.code = code
    assert reply_for(error) == Reply(text=_WORDS[code], error_code=code)


def test_an_unknown_failure_has_the_general_words() -> None:
    assert reply_for(BotError("detail")) == Reply(text=INTERNAL, error_code="internal")


async def test_an_answer_that_succeeds_passes_unchanged() -> None:
    events: list[ReplyEvent] = [TextDelta("好的"), TextFinished(SAID), ReplyFinished(SAID, {"total": 1.0})]
    assert await events_of(Scripted(*events)) == events


async def test_a_failure_takes_the_place_of_what_was_streamed() -> None:
    handler = Scripted(
        StageStarted(Stage.GENERATE), TextDelta("先切"), error=errors.ModelUnavailableError("down")
    )
    reply = Reply(text="语言模型现在连不上，请稍后再试。", error_code="model_unavailable")
    assert await events_of(handler) == [
        StageStarted(Stage.GENERATE),
        TextDelta("先切"),
        TextDelta(reply.text, restart=True),
        TextFinished(reply),
        ReplyFinished(reply),
    ]
    assert handler.closed


async def test_a_failure_after_the_text_says_so_without_a_second_text() -> None:
    handler = Scripted(TextDelta("好的"), TextFinished(SAID), error=errors.DiskFullError("full"))
    assert await events_of(handler) == [
        TextDelta("好的"),
        TextFinished(SAID),
        ReplyFinished(Reply(text=_WORDS["disk_full"], error_code="disk_full")),
    ]


@pytest.mark.parametrize(
    ("error", "code"), [(ValueError(SECRET), "internal"), (errors.StorageError(SECRET), "storage")]
)
async def test_neither_user_nor_log_reads_the_detail(
    error: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    last = (await events_of(Scripted(error=error)))[-1]
    assert isinstance(last, ReplyFinished)
    assert last.reply.error_code == code
    assert SECRET not in last.reply.text
    assert len(caplog.records) == 1
    assert SECRET not in caplog.text
    assert "message_id=" in caplog.text


async def test_the_log_says_where_an_unexpected_failure_arose(caplog: pytest.LogCaptureFixture) -> None:
    await events_of(Scripted(error=ZeroDivisionError()))
    assert f"error=ZeroDivisionError at {__file__}:" in caplog.text


async def test_leaving_early_closes_the_handler() -> None:
    handler = Scripted(TextDelta("好"), TextDelta("的"))
    events = GuardedHandler(handler).handle(message_from("me", "你好"))
    assert await anext(events) == TextDelta("好")
    await events.aclose()
    assert handler.closed
