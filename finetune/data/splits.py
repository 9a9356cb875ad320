"""Refuses to evaluate on what was taught: training and held-out data must not share a dish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import CorpusError
from finetune.data.choice import hash64
from finetune.data.conversation import TrainingConversation
from finetune.data.dishes import dish_named
from finetune.data.reading import OnBad, read_conversations, stop
from index.text import simplify, strip_shell

_ASKS_FOR_RECIPE = re.compile("怎么做|怎样做|如何做|做法|菜谱|步骤")
_MOST_NAMED = 5


def require_apart(train: Path, dev: Path, *, on_bad: OnBad = stop) -> None:
    """Compare two files of conversations; memory grows with the held-out one only.

    Conversations meet in their dish: the one that `python -m finetune data` notes, else the one whose recipe
    is asked for. Those of no known dish meet when they are equal.

    Args:
        train: conversations to learn, in any format.
        dev: held-out conversations, in any format.
        on_bad: what to do about a record that cannot be read.

    Raises:
        CorpusError: they share dishes or conversations; names some of them.
    """
    held_out = {mark: name for c in read_conversations(dev, on_bad=on_bad) for mark, name in _marks(c)}
    shared: dict[str, str] = {}
    for conversation in read_conversations(train, on_bad=on_bad):
        shared.update({mark: held_out[mark] for mark, _ in _marks(conversation) if mark in held_out})
    if shared:
        named = "、".join(sorted(set(shared.values()))[:_MOST_NAMED])
        raise CorpusError(f"{train} teaches {len(shared)} dishes or questions that {dev} holds out: {named}")


def _marks(conversation: TrainingConversation) -> Iterator[tuple[str, str]]:
    """What must not be in both splits, and its name for a message."""
    dish = conversation.dish or _asked_dish(conversation)
    if dish:
        yield dish, dish
    else:
        texts = "\x1f".join(message.content for message in conversation.messages)
        yield f"{hash64(0, texts):016x}", conversation.question[-20:]


def _asked_dish(conversation: TrainingConversation) -> str:
    question = conversation.question.rsplit("\n", 1)[-1].removeprefix("我的问题：")
    if not _ASKS_FOR_RECIPE.search(question):
        return ""
    return dish_named(strip_shell(simplify(question)))
