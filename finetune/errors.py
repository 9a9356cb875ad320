"""What goes wrong while a model is taught; the rest of the tree is in `core.errors`."""

from __future__ import annotations

from core.errors import BotError


class TrainingError(BotError):
    """Training cannot begin, or cannot go on; what was saved is still there."""

    code = "training"
