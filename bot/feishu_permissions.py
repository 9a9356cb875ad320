"""Which permissions the app lacks, found out by calls that change nothing anybody sees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.feishu_api import FeishuApi
from bot.feishu_errors import FeishuPermissionError, FeishuRefusedError

_PROBED_MESSAGE = "om_0"
"""No message has this id: a reply to it fails, but only after the permission was checked."""


async def missing_permissions(api: FeishuApi) -> list[str]:
    """What is missing, in the platform's names; a refusal for any other reason is as good as success.

    Raises:
        ChannelError: the platform cannot be reached.
    """
    probes: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: api.reply(_PROBED_MESSAGE, "text", {"text": ""}, uuid="permission-check"),
        lambda: api.upload_image(b"", "image/png"),
        lambda: api.card_of(_PROBED_MESSAGE),
        lambda: api.create_card({"schema": "2.0", "body": {"elements": []}}),
    )
    return [missing for probe in probes if (missing := await _missing(probe))]


async def missing_for_recordings(api: FeishuApi) -> str:
    """What is missing to fetch voice messages, "" when nothing is: im:resource is for uploads alone.

    It is asked for separately since a bot that only reads does without.

    Raises:
        ChannelError: the platform cannot be reached.
    """
    return await _missing(lambda: api.download(_PROBED_MESSAGE, "file_0", "file", max_bytes=0))


async def _missing(probe: Callable[[], Awaitable[object]]) -> str:
    try:
        await probe()
    except FeishuPermissionError as exc:
        return " or ".join(exc.scopes) or exc.message
    except FeishuRefusedError:
        return ""
    return ""
