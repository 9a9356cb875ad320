"""What is asked: the held-out conversations of `python -m finetune data`, each with the recipe behind it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import CorpusError
from core.ports import ChatMessage
from core.recipe import Recipe
from finetune.data.conversation import TrainingConversation
from finetune.data.reading import read_conversations
from index.journal import Journal
from index.readers import read_corpus

CONVERSATIONS, RECIPES = "dev.messages.jsonl", "dev.recipes.jsonl"


@dataclass(frozen=True, slots=True)
class Sample:
    """One question to a model.

    Attributes:
        prompt: everything up to the question.
        reference: the answer that was held out.
        recipe: what the conversation was made from, if that is known.
    """

    prompt: tuple[ChatMessage, ...]
    reference: str
    kind: str = ""
    variant: str = ""
    recipe: Recipe | None = None

    @property
    def question(self) -> str:
        """The last message of the user, without a context before it."""
        return self.prompt[-1].content.rsplit("我的问题：", 1)[-1]

    @property
    def key(self) -> str:
        """Tells the prompt from all others: answers are kept by it."""
        text = "\x1e".join(f"{message.role}\x1f{message.content}" for message in self.prompt)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def dev_file(data: Path) -> Path:
    """The held-out conversations of a folder of training data; a file is itself."""
    return data / CONVERSATIONS if data.is_dir() else data


def read_samples(data: Path, limit: int = 0) -> list[Sample]:
    """The samples of a folder of training data, or of a file of conversations.

    Args:
        data: what `python -m finetune data` wrote, or one file in any of its formats.
        limit: at most so many, spread over all; 0 for all.

    Raises:
        CorpusError: nothing held out is there, or a record is bad; the message names file and line.
    """
    path = dev_file(data)
    if not path.is_file():
        raise CorpusError(f"{path}: no such file; `python -m finetune data` writes it")
    recipes = _recipes(path.with_name(RECIPES))
    samples = [_sample(conversation, recipes) for conversation in read_conversations(path)]
    if 0 < limit < len(samples):
        samples = [samples[number * len(samples) // limit] for number in range(limit)]
    return samples


def _sample(conversation: TrainingConversation, recipes: dict[str, Recipe]) -> Sample:
    *before, answer = conversation.messages
    return Sample(
        tuple(ChatMessage(message.role, message.content) for message in before),
        answer.content,
        conversation.kind,
        conversation.variant,
        recipes.get(conversation.recipe_id),
    )


def _recipes(path: Path) -> dict[str, Recipe]:
    if not path.is_file():
        return {}
    rows = list(read_corpus(path))  # held-out recipes: some per cent of all
    return {row.recipe_id: row for row in rows if isinstance(row, Recipe)}


class AnswerJournal:
    """The answers of one model, kept as they come: an evaluation that was interrupted goes on.

    Args:
        path: of the `Journal`; its records are `{"key", "answer"}`.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._answers: dict[str, str] = {}
        for record in self._journal.records():
            with suppress(KeyError):
                self._answers[str(record["key"])] = str(record["answer"])

    def get(self, sample: Sample) -> str | None:
        """The answer to `sample`, if it was given."""
        return self._answers.get(sample.key)

    def put(self, sample: Sample, answer: str) -> None:
        """Keep an answer."""
        self._journal.append({"key": sample.key, "answer": answer})
        self._answers[sample.key] = answer
