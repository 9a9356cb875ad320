"""Files of a model's folder, read with care: whoever made the folder is a stranger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError

_MAX_JSON_BYTES = 64_000_000


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a model's folder.

    Raises:
        ModelRejectedError: it is missing, too large, or none.
    """
    label = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ModelRejectedError(f"{label} is larger than any such file")
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise ModelRejectedError(f"{label} is missing or cannot be read ({type(exc).__name__})") from exc
    if not isinstance(data, dict):
        raise ModelRejectedError(f"{label} is no JSON object")
    return data


def has_content(path: Path) -> bool:
    """Whether it is a file with something in it."""
    return path.is_file() and path.stat().st_size > 0
