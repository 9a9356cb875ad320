"""Which answers a newer message ends, by who says what where."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from bot.broadcast import PREFIX
from bot.unfinished_answers import UnfinishedAnswers
from core.messages import ChatKey, IncomingMessage, UserKey
from tests.bot.inbox_bench import message

ADMINISTRATOR = UserKey("telegram", "root")


def stopped_by(newer: IncomingMessage, *, seen: bool, on_new_message: bool = True) -> bool:
    """Whether `newer` ends Ann's answer, which a model has been at for a moment."""
    answers = UnfinishedAnswers(
        on_new_message=on_new_message, is_administrator=lambda user: user == ADMINISTRATOR
    )
    older = message("红烧肉怎么做")
    answers.begin(older)
    signal = answers.signal_of(older)
    with ExitStack() as writing:
        writing.enter_context(signal.writing())
        if seen:
            signal.note_words()
        answers.begin(newer)
    return signal.is_requested


@pytest.mark.parametrize("text", ["番茄炒蛋怎么做", "/help", "停火以后呢"])
def test_a_newer_question_ends_what_is_seen_to_be_written(text: str) -> None:
    assert stopped_by(message(text), seen=True)
    assert not stopped_by(message(text), seen=False)
    assert not stopped_by(message(text), seen=True, on_new_message=False)


@pytest.mark.parametrize("text", ["/stop", "/clear", "停", "别说了！", "/clear@shishen_bot"])
def test_stop_and_clear_end_it_in_any_case(text: str) -> None:
    assert stopped_by(message(text), seen=False, on_new_message=False)


def test_others_end_nothing_but_an_administrators_clear() -> None:
    for text in ("番茄炒蛋怎么做", "/stop", "/clear"):
        assert not stopped_by(message(text, user_id="bob"), seen=True)
    assert stopped_by(message("/clear", user_id="root"), seen=False)
    assert not stopped_by(message("番茄炒蛋怎么做", user_id="root"), seen=True)


def test_another_chat_or_topic_is_another_conversation() -> None:
    assert not stopped_by(message("/stop", chat_id="2"), seen=True)
    elsewhere = replace(message("/stop"), chat=ChatKey("telegram", "1", "topic"))
    assert not stopped_by(elsewhere, seen=True)


def test_what_the_bot_says_of_its_own_accord_ends_nothing() -> None:
    assert not stopped_by(message("/clear", message_id=f"{PREFIX}1"), seen=True)


def test_stop_ends_what_waits_and_leaves_what_comes_after() -> None:
    answers = UnfinishedAnswers()
    messages = [message(text) for text in ("一", "二", "/stop", "三")]
    for asked in messages:
        answers.begin(asked)
    assert [answers.signal_of(asked).is_requested for asked in messages] == [True, True, False, False]


def test_the_same_message_again_does_not_end_itself() -> None:
    answers = UnfinishedAnswers()
    answers.begin(message("/clear"))
    answers.begin(message("/clear"))
    assert not answers.signal_of(message("/clear")).is_requested


def test_nothing_is_kept_of_what_is_finished() -> None:
    answers = UnfinishedAnswers()
    asked = message("一")
    answers.begin(asked)
    assert answers.stop(asked.chat, asked.user) == 1
    answers.end(asked)
    answers.end(asked)
    assert answers.stop(asked.chat, asked.user) == 0
    assert not answers.signal_of(asked).is_requested
