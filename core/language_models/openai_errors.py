"""The `openai` package's errors in our words, and whether trying again is of use.

Bodies of error responses may quote the key or the prompt: their words never go into a message, and
`strip_words` takes them out of the chained exception as well. Imported by `openai_client` only, since
importing `openai` is slow. Statuses and codes: OpenAI, "Error codes" guide; RFC 9110.
"""

from __future__ import annotations

import email.utils
import math
import random
import time

import httpx2
import openai

from core.errors import ModelError, ModelRejectedError, ModelResponseError, ModelUnavailableError

_FIRST_BACKOFF_SECONDS = 0.5
_MAX_BACKOFF_SECONDS = 8.0
"""Both as in the SDK (`openai._constants`)."""
_MAX_RETRY_AFTER_SECONDS = 20.0
"""A cook does not wait longer for a busy server; the composer answers instead."""
_BUSY_STATUSES = frozenset({408, 409, 425, 429})
_NO_CREDIT = "the account of LLM_API_KEY has no credit"
_ADVICE = {
    400: "check LLM_MODEL, LLM_TEMPERATURE and LLM_TOP_P, and that LLM_CONTEXT_TOKENS fits the model",
    401: "the key is wrong or missing: check LLM_API_KEY",
    402: _NO_CREDIT,
    403: "the key may not use this model: check LLM_API_KEY and LLM_MODEL",
    404: "no such model or address: check LLM_MODEL and LLM_BASE_URL",
    405: "check LLM_BASE_URL",
    413: "the prompt is too long: lower LLM_CONTEXT_TOKENS",
    429: _NO_CREDIT,
}


def strip_words(exc: Exception) -> None:
    """Take the server's words out of `exc`, so that it is fit to be the cause of an error that is logged."""
    if isinstance(exc, openai.APIError):
        exc.message = type(exc).__name__
        exc.body = None
        exc.args = (exc.message,)


def retry_delay(exc: openai.APIError, attempt: int) -> float | None:
    """Seconds to wait before trying again, or None when that is of no use."""
    asked = None
    if isinstance(exc, openai.APIStatusError):
        if not _is_busy(exc):
            return None
        asked = _retry_after(exc.response.headers)
    elif isinstance(exc, openai.APITimeoutError) or not isinstance(exc, openai.APIConnectionError):
        return None
    if asked is not None:
        return asked if asked <= _MAX_RETRY_AFTER_SECONDS else None
    backoff = min(_FIRST_BACKOFF_SECONDS * 2.0**attempt, _MAX_BACKOFF_SECONDS)
    return backoff * random.uniform(0.5, 1)  # noqa: S311 - spreads retries, guards nothing


def _is_busy(exc: openai.APIStatusError) -> bool:
    if exc.status_code == 429 and "insufficient_quota" in (exc.code, exc.type):
        return False  # no money left: waiting does not help (OpenAI, "Error codes")
    return exc.status_code in _BUSY_STATUSES or exc.status_code >= 500


def _retry_after(headers: httpx2.Headers) -> float | None:
    """What the server asks for, in seconds: a number or an HTTP date (RFC 9110, 10.2.3)."""
    value = str(headers.get("retry-after", ""))
    try:
        seconds = float(value)
    except ValueError:
        parsed = email.utils.parsedate_tz(value)
        if parsed is None:
            return None
        seconds = email.utils.mktime_tz(parsed) - time.time()
    return None if math.isnan(seconds) else max(0.0, seconds)


def opening_error(exc: Exception, host: str) -> ModelError:
    """What went wrong before the answer began."""
    if isinstance(exc, openai.APIStatusError):
        return _status_error(exc, host)
    if isinstance(exc, openai.APITimeoutError):
        return ModelUnavailableError(f"{host} takes no connections; is the server of LLM_BASE_URL up?")
    if isinstance(exc, openai.APIConnectionError):
        return ModelUnavailableError(f"cannot connect to {host}; is the server of LLM_BASE_URL up?")
    return ModelResponseError(f"{host} answered with something that is not HTTP as an API speaks it")


def _status_error(exc: openai.APIStatusError, host: str) -> ModelError:
    status = exc.status_code
    if _is_busy(exc):
        return ModelUnavailableError(f"{host} is overloaded or failing (HTTP {status})")
    default = "check LLM_BASE_URL" if status < 400 else "check LLM_MODEL and LLM_BASE_URL"
    advice = _ADVICE.get(status, default)
    if status == 404 and (exc.code == "model_not_found" or "model" in exc.message.lower()):
        advice = "the server has no such model: check LLM_MODEL"
    return ModelRejectedError(f"{host} refuses the request (HTTP {status}); {advice}")


def reading_error(exc: Exception, host: str) -> ModelError:
    """What went wrong after the server had begun to answer."""
    if isinstance(exc, openai.APITimeoutError):
        return ModelUnavailableError(f"{host} was silent for too long")
    if isinstance(exc, openai.APIConnectionError):
        return ModelResponseError(f"{host} broke off in the middle of its answer")
    if isinstance(exc, openai.APIError):
        return ModelResponseError(f"{host} reported a failure in the middle of its answer")
    return ModelResponseError(f"{host} sent an event that is not a chat completion chunk")
