"""The file formats of training data, each written record by record.

- `messages`: JSONL, `{"messages": [{"role", "content"}], "kind", …}`; what `python -m finetune train`, trl
  and most other trainers read. An answer that is not to be learned says `"loss": false`, as XTuner's
  `openai_map_fn` has it.
- `xtuner`: one JSON list, `[{"conversation": [{"system", "input", "output"}]}]`; `system` stands in the
  first turn only (https://github.com/InternLM/xtuner, docs/zh_cn/user_guides/dataset_format.md).
- `paddlenlp`: JSONL, `{"src": [questions], "tgt": [answers], "context": {"system"}}`
  (https://github.com/PaddlePaddle/PaddleNLP, llm/docs/chat_template.md).

The latter two learn every answer; conversations with answers that are not to be learned are not for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.data.conversation import TrainingConversation


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is written.

    Attributes:
        file_name: after the name of the split.
        record: a conversation as JSON data.
        head: what the file begins with.
        separator: what stands between records.
        tail: what the file ends with.
        skips_unlearned: it cannot say that an answer is not to be learned.
    """

    file_name: str
    record: Callable[[TrainingConversation], dict[str, Any]]
    head: str = ""
    separator: str = "\n"
    tail: str = "\n"
    skips_unlearned: bool = True

    def takes(self, conversation: TrainingConversation) -> bool:
        """Whether the conversation can be written in this format."""
        return not self.skips_unlearned or conversation.all_learned


def as_messages(conversation: TrainingConversation) -> dict[str, Any]:
    """The conversation as chat messages, with what is known about it."""
    messages: list[dict[str, Any]] = [
        {"role": message.role, "content": message.content}
        if message.learned or message.role != "assistant"
        else {"role": message.role, "content": message.content, "loss": False}
        for message in conversation.messages
    ]
    record: dict[str, Any] = {"messages": messages}
    for key in ("kind", "variant", "dish", "recipe_id"):
        if value := getattr(conversation, key):
            record[key] = value
    return record


def as_xtuner(conversation: TrainingConversation) -> dict[str, Any]:
    """The conversation as XTuner reads it."""
    turns = [{"input": question, "output": answer.content} for question, answer in conversation.turns]
    if conversation.system:
        turns[0] = {"system": conversation.system, **turns[0]}
    return {"conversation": turns}


def as_paddlenlp(conversation: TrainingConversation) -> dict[str, Any]:
    """The conversation as PaddleNLP reads it."""
    record: dict[str, Any] = {
        "src": [question for question, _ in conversation.turns],
        "tgt": [answer.content for _, answer in conversation.turns],
    }
    if conversation.system:
        record["context"] = {"system": conversation.system}
    return record


FORMATS = {
    "messages": Format("messages.jsonl", as_messages, skips_unlearned=False),
    "xtuner": Format("xtuner.json", as_xtuner, head="[\n", separator=",\n", tail="\n]\n"),
    "paddlenlp": Format("paddlenlp.jsonl", as_paddlenlp),
}


class ConversationFile:
    """A file of conversations that is being written: `PATH.partial` until `close`.

    Raises:
        OSError: it cannot be opened, written or renamed.
    """

    def __init__(self, path: Path, written_as: Format) -> None:
        self.path = path
        self.count = 0
        self.left_out = 0
        self._format = written_as
        self._partial = path.with_name(f"{path.name}.partial")
        self._file = self._partial.open("w", encoding="utf-8", newline="\n")
        self._file.write(written_as.head)

    def write(self, conversation: TrainingConversation) -> None:
        """Append one conversation, or count it as left out when the format cannot hold it."""
        if not self._format.takes(conversation):
            self.left_out += 1
            return
        if self.count:
            self._file.write(self._format.separator)
        self._file.write(json_line(self._format.record(conversation)))
        self.count += 1

    def close(self) -> None:
        """Finish the file and give it its name."""
        if self.count or self._format.head:
            self._file.write(self._format.tail)
        self._file.close()
        self._partial.replace(self.path)

    def abandon(self) -> None:
        """Remove what was written."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def json_line(record: dict[str, Any]) -> str:
    """One line of JSON, Chinese as it is."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
