"""A dialogue as the bot leads it without a language model: rules for follow-ups, then the search.

The rules are the bot's own (`core.understanding`); what a turn is about goes into the conversation as its
answer would leave it there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from core.answering import AnotherDish, Turn, Understanding
from core.conversation import Conversation, HistoryMessage
from core.dish_lists import dishes_wanted, list_reply, offers_list
from core.list_follow_ups import lists_shown
from core.ports import Hit, Retrieval
from core.readings import settling
from core.stated_limits import with_stated_limits
from core.understanding import understand

_USER = "user"
_DAY = datetime(2026, 1, 1, tzinfo=UTC)


class Search(Protocol):
    """A search that can be measured."""

    def __call__(self, query: str, limit: int, exclude: frozenset[str] = frozenset()) -> Retrieval:
        """The best hits for `query`, at most `limit`, without the recipes with ids in `exclude`."""


def in_dialogue(search: Search, before: Sequence[str], last: str, limit: int) -> tuple[Retrieval, float]:
    """What the last turn gets after the turns before it, and the seconds that it took."""
    conversation = Conversation()
    for question in before:
        conversation = _answered(search, question, conversation, limit)[1]
    started = time.perf_counter()
    retrieval = _answered(search, last, conversation, limit)[0]
    return retrieval, time.perf_counter() - started


def _answered(
    search: Search, question: str, conversation: Conversation, limit: int
) -> tuple[Retrieval, Conversation]:
    turn = Turn(question, conversation)
    asked = HistoryMessage("user", question, _USER, _DAY)
    wanted, found = _found(search, turn, limit)
    if found is None:
        hits = (Hit(wanted.dish, 1.0, ""),) if wanted.dish is not None else ()
        query = conversation.query_behind(wanted.dish) if wanted.dish is not None else ""
        told = HistoryMessage("assistant", "", _USER, _DAY, wanted.dish, query)
        return Retrieval(question, hits, not hits), Conversation((*conversation.messages, asked, told))
    if offers_list(found):
        skipped = lists_shown(conversation, wanted.query) if isinstance(wanted.aspect, AnotherDish) else 0
        reply = list_reply(turn, wanted, found)
        found = Retrieval(found.query, found.hits[skipped:], found.refused)
        told = HistoryMessage("assistant", reply.text, _USER, _DAY, None, reply.query)
    else:
        recipe = found.hits[0].recipe if found.hits and not found.refused else None
        told = HistoryMessage("assistant", "", _USER, _DAY, recipe, wanted.query if recipe else "")
    return found, Conversation((*conversation.messages, asked, told))


def _found(search: Search, turn: Turn, limit: int) -> tuple[Understanding, Retrieval | None]:
    """What the turn means, and what the search for it found; None when it is about the dish at hand."""
    readings = settling(understand(turn))
    try:
        wanted = next(readings)
        while True:
            query = with_stated_limits(wanted.query, turn.conversation)
            found = search(query, dishes_wanted(turn, wanted, limit), wanted.exclude)
            wanted = readings.send(found)
    except StopIteration as settled:
        meant: Understanding = settled.value[0]
        return meant, settled.value[1]
