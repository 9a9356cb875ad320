"""The list of accepted messages: numbered, known again, empty of words once done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import SettingsError
from storage.accepted_events import AcceptedEvents, StoredEvent
from tests.storage.conftest import POSTGRES


@pytest.fixture(params=["sqlite", POSTGRES])
def events(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AcceptedEvents]:
    url = f"sqlite:///{tmp_path / 'new' / 'inbox.sqlite3'}"
    if request.param == "postgres":
        url = os.environ.get("TEST_DATABASE_URL", "")
        if not url:
            pytest.skip("TEST_DATABASE_URL is not set")
    opened = AcceptedEvents(url)
    with opened.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM accepted_events"))
    yield opened
    with opened.engine.begin() as connection:  # a server's database is shared with the other tests
        connection.execute(sa.text("DROP TABLE accepted_events"))
    opened.close()


def recorded(events: AcceptedEvents, key: str, *, user: str = "ann", chat: str = "c") -> StoredEvent:
    event = events.record(key, user, chat, f"words of {key}")
    assert event is not None
    return event


def test_numbers_grow_and_repeats_are_known(events: AcceptedEvents) -> None:
    first, second = recorded(events, "a"), recorded(events, "b")
    assert first.sequence < second.sequence
    assert events.record("a", "ann", "c", "again") is None
    assert events.unfinished() == [first, second]


def test_what_is_done_keeps_no_words_and_is_still_known(events: AcceptedEvents) -> None:
    event = recorded(events, "a")
    events.finish([event.sequence])
    assert events.unfinished() == []
    assert events.done() == [StoredEvent(event.sequence, "c", "")]
    assert events.record("a", "ann", "c", "again") is None


def test_done_events_by_user_and_age(events: AcceptedEvents) -> None:
    ann, bob, waiting = recorded(events, "a"), recorded(events, "b", user="bob"), recorded(events, "c")
    events.finish([ann.sequence, bob.sequence])
    assert [event.sequence for event in events.done(user_key="ann")] == [ann.sequence]
    assert [event.sequence for event in events.done()] == [ann.sequence, bob.sequence]
    assert events.done(older_than=timedelta(hours=1)) == []
    events.disown([ann.sequence])
    assert [event.sequence for event in events.done()] == [bob.sequence]
    assert events.unfinished() == [waiting]


def test_purge_leaves_what_is_not_done(events: AcceptedEvents) -> None:
    done, waiting = recorded(events, "a"), recorded(events, "b")
    events.finish([done.sequence])
    assert events.purge(timedelta(hours=1)) == 0
    assert events.purge(timedelta(0)) == 1
    assert events.unfinished() == [waiting]
    assert recorded(events, "a").sequence > waiting.sequence


@pytest.mark.parametrize("url", ["mysql://host/name", "not an address"])
def test_refuses_other_addresses(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        AcceptedEvents(url)
