"""What the kinds of conversations share while they are made: one scene for each split."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from finetune.data.choice import Choice
from finetune.data.conversation import TrainingConversation
from finetune.data.dish import Dish
from finetune.data.shelf import Shelf
from finetune.data.voice import Voice


@dataclass(slots=True)
class Scene:
    """The surroundings of one split.

    Attributes:
        voice: prompts and answers.
        refused: questions of this split that are not about food.
        shelf: dishes of this split that came by.
    """

    voice: Voice
    refused: tuple[str, ...]
    shelf: Shelf = field(default_factory=Shelf)


class Make(Protocol):
    """One kind of conversation."""

    def __call__(self, dish: Dish, scene: Scene, choice: Choice) -> TrainingConversation | None:
        """Make a conversation about a dish; None when this dish gives none of this kind."""
