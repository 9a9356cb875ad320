"""The `openai` package's errors in our words, and whether trying again is of use.

Bodies of error responses may quote the key or the prompt: their words never go into a message, and
`strip_words` takes them out of the chained exception as well. Imported on first use only, since importing
`openai` is slow. Codes: OpenAI, "Error codes" guide.
"""

from __future__ import annotations

import openai

from core.errors import ModelError, ModelRejectedError, ModelResponseError, ModelUnavailableError
from core.model_server import is_busy, retry_pause
from core.openai_api.server_settings import ServerSettings


def strip_words(exc: Exception) -> None:
    """Take the server's words out of `exc`, so that it is fit to be the cause of an error that is logged."""
    if isinstance(exc, openai.APIError):
        exc.message = type(exc).__name__
        exc.body = None
        exc.args = (exc.message,)


def retry_delay(exc: openai.APIError, attempt: int) -> float | None:
    """Seconds to wait before trying again, or None when that is of no use."""
    if isinstance(exc, openai.APIStatusError):
        return retry_pause(attempt, exc.response.headers) if _is_busy(exc) else None
    if isinstance(exc, openai.APITimeoutError) or not isinstance(exc, openai.APIConnectionError):
        return None
    return retry_pause(attempt)


def _is_busy(exc: openai.APIStatusError) -> bool:
    if exc.status_code == 429 and "insufficient_quota" in (exc.code, exc.type):
        return False  # no money left: waiting does not help (OpenAI, "Error codes")
    return is_busy(exc.status_code)


def opening_error(exc: Exception, host: str, settings: ServerSettings) -> ModelError:
    """What went wrong before the answer began."""
    if isinstance(exc, openai.APIStatusError):
        return _status_error(exc, host, settings)
    if isinstance(exc, openai.APITimeoutError):
        return ModelUnavailableError(f"{host} takes no connections; is the server of {settings.address} up?")
    if isinstance(exc, openai.APIConnectionError):
        return ModelUnavailableError(f"cannot connect to {host}; is the server of {settings.address} up?")
    return ModelResponseError(f"{host} answered with something that is not HTTP as an API speaks it")


def _status_error(exc: openai.APIStatusError, host: str, settings: ServerSettings) -> ModelError:
    status = exc.status_code
    if _is_busy(exc):
        return ModelUnavailableError(f"{host} is overloaded or failing (HTTP {status})")
    return ModelRejectedError(f"{host} refuses the request (HTTP {status}); {_advice(exc, settings)}")


def _advice(exc: openai.APIStatusError, settings: ServerSettings) -> str:
    status = exc.status_code
    default = settings.address if status < 400 else f"{settings.model} and {settings.address}"
    if status == 404 and (exc.code == "model_not_found" or "model" in exc.message.lower()):
        return f"the server has no such model: check {settings.model}"
    advice = {
        400: settings.bad_request,
        401: f"the key is wrong or missing: check {settings.key}",
        402: f"the account of {settings.key} has no credit",
        403: f"the key may not use this model: check {settings.key} and {settings.model}",
        404: f"no such model or address: check {settings.model} and {settings.address}",
        405: f"check {settings.address}",
        413: settings.too_large,
        429: f"the account of {settings.key} has no credit",
    }
    return advice.get(status, f"check {default}")


def reading_error(exc: Exception, host: str) -> ModelError:
    """What went wrong after the server had begun to answer."""
    if isinstance(exc, openai.APITimeoutError):
        return ModelUnavailableError(f"{host} was silent for too long")
    if isinstance(exc, openai.APIConnectionError):
        return ModelResponseError(f"{host} broke off in the middle of its answer")
    if isinstance(exc, openai.APIError):
        return ModelResponseError(f"{host} reported a failure in the middle of its answer")
    return ModelResponseError(f"{host} sent something that is not an answer of this API")
