"""One training conversation, whatever file format it is written in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.errors import CorpusError
from core.ports import ChatMessage

MAX_MESSAGES = 200
MAX_CHARACTERS = 1_000_000
"""Bounds of one conversation: far above what is trained on, so that a broken file cannot fill memory."""


@dataclass(frozen=True, slots=True)
class TrainingMessage:
    """One message; `learned` answers count for the loss, the others are only read."""

    role: Literal["system", "user", "assistant"]
    content: str
    learned: bool = True


@dataclass(frozen=True, slots=True)
class TrainingConversation:
    """Messages: one of the system or none, then user and assistant in turns, the last one an answer.

    Attributes:
        kind: what sort of conversation, a name of `finetune.data.kinds.KINDS`; "" when not known.
        variant: a finer distinction within the kind.
        dish: the comparable name of its dish (`finetune.data.dishes`); "" for none.
        recipe_id: of the recipe that it was made from; "" for none.
    """

    messages: tuple[TrainingMessage, ...]
    kind: str = ""
    variant: str = ""
    dish: str = ""
    recipe_id: str = ""

    @property
    def system(self) -> str:
        """The message of the system, or ""."""
        first = self.messages[0]
        return first.content if first.role == "system" else ""

    @property
    def turns(self) -> list[tuple[str, TrainingMessage]]:
        """Questions and the answers to them."""
        spoken = [message for message in self.messages if message.role != "system"]
        return [(asked.content, answer) for asked, answer in zip(spoken[::2], spoken[1::2], strict=True)]

    @property
    def question(self) -> str:
        """What is asked first."""
        return self.turns[0][0]

    @property
    def all_learned(self) -> bool:
        """Whether every answer counts for the loss."""
        return all(answer.learned for _, answer in self.turns)

    @property
    def characters(self) -> int:
        """Characters of all messages."""
        return sum(len(message.content) for message in self.messages)


def conversation_of(
    prompt: Iterable[ChatMessage],
    answer: str,
    *,
    kind: str,
    variant: str = "",
    dish: str = "",
    recipe_id: str = "",
    only_last: bool = False,
) -> TrainingConversation:
    """A conversation from a prompt of `core.prompts` and the answer to it.

    Args:
        prompt: messages up to the question that is answered.
        answer: the last message.
        kind: see `TrainingConversation`.
        variant: see `TrainingConversation`.
        dish: see `TrainingConversation`.
        recipe_id: see `TrainingConversation`.
        only_last: earlier answers of the prompt are not learned.
    """
    earlier = (TrainingMessage(m.role, m.content, learned=not only_last) for m in prompt)
    messages = (*earlier, TrainingMessage("assistant", answer))
    return TrainingConversation(messages, kind=kind, variant=variant, dish=dish, recipe_id=recipe_id)


def checked(conversation: TrainingConversation) -> TrainingConversation:
    """The conversation itself, when it is one that can be trained on.

    Raises:
        CorpusError: it is empty, too long, its roles do not take turns, or a message is blank.
    """
    messages = conversation.messages
    spoken = messages[1:] if messages and messages[0].role == "system" else messages
    if not spoken:
        raise CorpusError("has no messages")
    if len(messages) > MAX_MESSAGES or conversation.characters > MAX_CHARACTERS:
        raise CorpusError(f"has more than {MAX_MESSAGES} messages or {MAX_CHARACTERS} characters")
    for position, message in enumerate(spoken):
        expected = "assistant" if position % 2 else "user"
        if message.role != expected:
            raise CorpusError(f"message {position + 1} must be of the {expected}, got {message.role}")
        if not message.content.strip():
            raise CorpusError(f"message {position + 1} ({message.role}) is empty")
    if spoken[-1].role != "assistant":
        raise CorpusError("ends with a question that nobody answers")
    if not any(message.learned for message in spoken[1::2]):
        raise CorpusError("has no answer to learn")
    return conversation
