"""How long and how often a call to a model server may try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Bounds of one call.

    Attributes:
        total_seconds: from the call to the last piece, retries included.
        connect_seconds: until the server accepts the connection.
        first_token_seconds: from sending a request to the first text (or thought) of its answer.
        stall_seconds: between two pieces of text (or thought); keep-alive comments do not count.
        max_retries: how many more times a request is sent when it fails before the answer begins.
    """

    total_seconds: float
    connect_seconds: float
    first_token_seconds: float
    stall_seconds: float
    max_retries: int
