"""A model that may answer: a backend, and which of its models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

Backend = Literal["composer", "internlm2", "openai"]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that may answer.

    Attributes:
        backend: as the setting LLM_BACKEND.
        model: as the setting LLM_MODEL; "" for the composer, which has none.
    """

    backend: Backend
    model: str = ""

    @property
    def name(self) -> str:
        """What people call it: backend and model, of a folder its last part."""
        if self.backend == "composer":
            return self.backend
        return f"{self.backend}/{Path(self.model).name if self.backend == 'internlm2' else self.model}"


def choice_of(text: str) -> ModelChoice:
    """The choice that `text` writes as `backend:model`, or as `composer`.

    Raises:
        ValueError: it is no such text.
    """
    backend, _, model = (part.strip() for part in text.partition(":"))
    if backend.lower() not in get_args(Backend) or bool(model) == (backend.lower() == "composer"):
        raise ValueError(
            "each entry is composer, or like internlm2:models/internlm2-chat-1_8b, openai:qwen3:8b"
        )
    return ModelChoice(cast("Backend", backend.lower()), model)
