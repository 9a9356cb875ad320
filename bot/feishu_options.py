"""Times and limits of the Feishu channel."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.feishu_draft import DraftPace
from bot.feishu_http import Patience
from bot.feishu_long_connection import ConnectionLimits
from bot.feishu_pacing import FeishuLimits


@dataclass(frozen=True, slots=True)
class FeishuOptions:
    """What rarely needs to be changed.

    Attributes:
        connection: times of the long connection.
        draft: when a draft appears, and how often it changes.
        patience: how long a delivery goes on.
        limits: how much may be sent.
        request_timeout_seconds: of one request.
        webhook_freshness_seconds: how far a webhook's timestamp may be from now.
    """

    connection: ConnectionLimits = field(default_factory=ConnectionLimits)
    draft: DraftPace = field(default_factory=DraftPace)
    patience: Patience = field(default_factory=Patience)
    limits: FeishuLimits = field(default_factory=FeishuLimits)
    request_timeout_seconds: float = 10.0
    webhook_freshness_seconds: float = 300.0
