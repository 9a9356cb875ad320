"""Deleting finished work of the inbox, and with it people's words. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from bot.inbox_codec import digest
from bot.inbox_limits import InboxLimits
from core.messages import UserKey
from storage.accepted_events import AcceptedEvents, StoredEvent

DeleteWork = Callable[[Sequence[StoredEvent]], None]
"""Deletes the inputs and results of work; a `StorageError` ends the deletion between two batches."""


def key_of(user: UserKey) -> str:
    """What the inbox keeps of who wrote, once the work is finished."""
    return digest(user.channel, user.user_id)


def forget_user(user: UserKey, events: AcceptedEvents, delete_work: DeleteWork) -> int:
    """Delete all finished work of a user; returns how much.

    Raises:
        StorageError: some of it may be left.
    """
    gone = _delete(events, delete_work, user_key=key_of(user))
    events.drop_traces()
    return gone


def delete_old(limits: InboxLimits, events: AcceptedEvents, delete_work: DeleteWork) -> int:
    """Delete finished work and known events that are past their age; returns how much work.

    Raises:
        StorageError: some of it may be left.
    """
    gone = _delete(events, delete_work, older_than=limits.keep_finished)
    events.purge(limits.keep_events)
    return gone


def _delete(
    events: AcceptedEvents,
    delete_work: DeleteWork,
    *,
    user_key: str | None = None,
    older_than: timedelta = timedelta(0),
) -> int:
    gone = 0
    while batch := events.done(user_key=user_key, older_than=older_than):
        delete_work(batch)
        events.disown([event.sequence for event in batch])
        gone += len(batch)
    return gone
