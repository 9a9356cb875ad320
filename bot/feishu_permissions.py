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
    probes: tuple[Callable[[], Awaitable[str]], ...] = (
        lambda: api.reply(_PROBED_MESSAGE, "text", {"text": ""}, uuid="permission-check"),
        lambda: api.upload_image(b"", "image/png"),
        lambda: api.card_of(_PROBED_MESSAGE),
        lambda: api.create_card({"schema": "2.0", "body": {"elements": []}}),
    )
    missing = []
    for probe in probes:
        try:
            await probe()
        except FeishuPermissionError as exc:
            missing.append(" or ".join(exc.scopes) or exc.message)
        except FeishuRefusedError:
            continue
    return missing
