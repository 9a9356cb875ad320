"""What the Feishu open platform refuses, in the project's errors.

Codes: https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code and the tables at the
end of each API's page. The platform's own sentences are not repeated: they may quote what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import ChannelError, ChannelGoneError, SettingsError

OK = 0
TOKEN_CODES = frozenset({99991661, 99991663, 99991664, 99991665})
"""The tenant_access_token is missing, expired or revoked; a fresh one may do."""
RATE_LIMIT_CODE = 99991400
PERMISSION_CODE = 99991672
SEQUENCE_CODE = 300317
STREAMING_ENDED_CODES = frozenset({200850, 300309})
"""A card streams for ten minutes at most; afterwards only whole updates work."""
WITHDRAWN_CODES = frozenset({230011, 230110, 231003})
"""The message to reply to was withdrawn or deleted; the chat itself may be there still."""
TOO_LARGE_CODE = 234037
"""A file of more than 100 MB is not given to apps."""
GONE_CODES = frozenset({230002, 230013, 230029, 230045, 230053, 232009})
"""Bot removed from the group, user out of its availability, resigned, chat gone, user stopped the bot,
group dissolved."""
RETRYABLE_CODES = frozenset({RATE_LIMIT_CODE, 230020, 230049, 2200, 1, 1000040343})
"""Limits, "being sent", internal errors."""
APP_ID_CODES = frozenset({10003, 10012, 10013})
APP_SECRET_CODES = frozenset({10014, 10015})
_OTHER_CAUSES: dict[int | None, tuple[str, str]] = {
    1000040350: ("FEISHU_MODE", "the app has 50 long connections already; stop another instance"),
    1000040351: ("FEISHU_DOMAIN", "the app lives on the other of open.feishu.cn and open.larksuite.com"),
}
"""Of the long connection: lark-oapi's ws/const.py, and what users quote from its log."""
_SCOPES = re.compile(r"\[([a-z0-9_.:, ]{3,400})\]")


class FeishuRefusedError(ChannelError):
    """The platform answered with an error code."""

    def __init__(self, operation: str, feishu_code: int, *, retryable: bool, hint: str = "") -> None:
        super().__init__(f"Feishu refused {operation}: code {feishu_code}{hint}", retryable=retryable)
        self.feishu_code = feishu_code


class FeishuGoneError(FeishuRefusedError, ChannelGoneError):
    """The chat cannot be written to any more."""


class FeishuPermissionError(FeishuRefusedError):
    """The app lacks a permission; any one of `scopes` would do."""

    def __init__(self, operation: str, scopes: tuple[str, ...]) -> None:
        names = " or ".join(scopes) or "one that the platform does not name"
        hint = (
            f", the app lacks the permission {names}; add it in the developer console and publish a version"
        )
        super().__init__(operation, PERMISSION_CODE, retryable=False, hint=hint)
        self.scopes = scopes


class FeishuCredentialsError(FeishuRefusedError):
    """FEISHU_APP_ID or FEISHU_APP_SECRET is wrong."""


class FeishuUnreachableError(ChannelError):
    """There was no answer, or none that an open platform gives; the call may have been carried out."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"Feishu did not answer {operation}: {reason}", retryable=True)
        self.reason = reason


def refusal(operation: str, http_status: int, code: int, body: Mapping[str, Any]) -> FeishuRefusedError:
    """The error for an answer whose `code` is not 0."""
    if code == PERMISSION_CODE:
        return FeishuPermissionError(operation, _missing_scopes(body))
    if code in GONE_CODES:
        return FeishuGoneError(operation, code, retryable=False)
    if code in APP_ID_CODES | APP_SECRET_CODES:
        return FeishuCredentialsError(operation, code, retryable=False)
    retryable = code in RETRYABLE_CODES or code in TOKEN_CODES or http_status >= 500 or http_status == 429
    return FeishuRefusedError(operation, code, retryable=retryable)


def as_settings_error(exc: ChannelError, domain: str) -> SettingsError:
    """Which setting to mend when the first calls of a start or check fail."""
    if isinstance(exc, FeishuUnreachableError):
        return SettingsError("FEISHU_DOMAIN", f"{domain} cannot be reached: {exc.reason}")
    code = exc.feishu_code if isinstance(exc, FeishuRefusedError) else None
    if code in APP_SECRET_CODES:
        return SettingsError("FEISHU_APP_SECRET", f"is not the secret of this app (code {code})")
    if code in APP_ID_CODES:
        return SettingsError("FEISHU_APP_ID", f"there is no such app on {domain} (code {code})")
    if code in _OTHER_CAUSES:
        return SettingsError(*_OTHER_CAUSES[code])
    return SettingsError("FEISHU_APP_ID", exc.message)


def _missing_scopes(body: Mapping[str, Any]) -> tuple[str, ...]:
    error = body.get("error")
    violations = error.get("permission_violations") if isinstance(error, Mapping) else None
    named = tuple(
        str(item["subject"])
        for item in (violations if isinstance(violations, list) else [])
        if isinstance(item, Mapping) and item.get("subject")
    )
    if named:
        return named[:10]
    match = _SCOPES.search(str(body.get("msg", "")))
    return tuple(part.strip() for part in match[1].split(","))[:10] if match else ()
