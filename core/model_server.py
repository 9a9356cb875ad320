"""When to ask a model server again that was busy or could not be reached.

Statuses and headers: RFC 9110; OpenAI, "Error codes" guide.
"""

from __future__ import annotations

import email.utils
import math
import random
import time
from collections.abc import Mapping

_FIRST_BACKOFF_SECONDS = 0.5
_MAX_BACKOFF_SECONDS = 8.0
"""Both as in the `openai` package (`openai._constants`)."""
_MAX_RETRY_AFTER_SECONDS = 20.0
"""A cook does not wait longer for a busy server; the bot goes on without it."""
_BUSY_STATUSES = frozenset({408, 409, 425, 429})


def is_busy(status: int) -> bool:
    """Whether an HTTP status means that the same request may succeed later."""
    return status in _BUSY_STATUSES or status >= 500


def retry_pause(attempt: int, headers: Mapping[str, str] | None = None) -> float | None:
    """Seconds to wait before trying again; None when the server asks for more than anybody waits.

    Args:
        attempt: how often it was tried again already.
        headers: of the server's refusal, with lower-case names; None when it could not be reached.
    """
    asked = None if headers is None else _retry_after(headers.get("retry-after", ""))
    if asked is not None:
        return asked if asked <= _MAX_RETRY_AFTER_SECONDS else None
    backoff = min(_FIRST_BACKOFF_SECONDS * 2.0**attempt, _MAX_BACKOFF_SECONDS)
    return backoff * random.uniform(0.5, 1)  # noqa: S311 - spreads retries, guards nothing


def _retry_after(value: str) -> float | None:
    """What the server asks for, in seconds: a number or an HTTP date (RFC 9110, 10.2.3)."""
    try:
        seconds = float(value)
    except ValueError:
        parsed = email.utils.parsedate_tz(value)
        if parsed is None:
            return None
        seconds = email.utils.mktime_tz(parsed) - time.time()
    return None if math.isnan(seconds) else max(0.0, seconds)
