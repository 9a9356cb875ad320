"""Reads training conversations of every format back, checked, one record at a time.

A bad record is named by file and line (XTuner's JSON list: by its position); it stops the reading unless
the caller takes the complaint and goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.errors import CorpusError
from finetune.data.conversation import TrainingConversation, TrainingMessage, checked
from finetune.data.records import Record, records_of

OnBad = Callable[[CorpusError], None]
"""Takes the complaint about a bad record, which is then skipped; or raises it."""


def stop(complaint: CorpusError) -> None:
    """The strict way to take a complaint.

    Raises:
        CorpusError: always.
    """
    raise complaint


def read_conversations(path: Path, *, on_bad: OnBad = stop) -> Iterator[TrainingConversation]:
    """Read the conversations of a file in the messages, XTuner or PaddleNLP format, told by each record.

    Args:
        path: a file of JSON lines, or of one JSON list; UTF-8, with or without a byte order mark.
        on_bad: what to do about a record that cannot be read; by default it stops the reading.

    Raises:
        CorpusError: there is no such file, it holds nothing, or (by default) a record is bad; the message
            names file and line.
    """
    if not path.is_file():
        raise CorpusError(f"{path}: no such file")
    read = 0
    for record in records_of(path):
        try:
            conversation = _conversation(record)
        except CorpusError as exc:
            on_bad(CorpusError(f"{path}:{record.place}: {exc.message}"))
            continue
        read += 1
        yield conversation
    if not read:
        raise CorpusError(f"{path}: holds no conversation that can be read")


def _conversation(record: Record) -> TrainingConversation:
    data = record.data
    if isinstance(data, CorpusError):
        raise data
    if not isinstance(data, dict):
        raise CorpusError("must be a JSON object")
    if "messages" in data:
        return checked(conversation_of_record(data))
    if "conversation" in data:
        return checked(_from_xtuner(data))
    if "src" in data:
        return checked(_from_paddlenlp(data))
    raise CorpusError("has none of the fields messages, conversation, src")


def conversation_of_record(data: dict[str, Any]) -> TrainingConversation:
    """A conversation from a record of the messages format; `finetune.data.conversation.checked` is not run.

    Raises:
        CorpusError: a field is missing or of the wrong type.
    """
    messages = []
    for position, item in enumerate(_list(data["messages"], "messages")):
        where = f"messages[{position}]"
        message = _mapping(item, where)
        role = message.get("role")
        if role not in {"system", "user", "assistant"} or (role == "system" and position):
            raise CorpusError(f"{where}.role must be system (first), user or assistant, got {_shown(role)}")
        learned = message.get("loss", True)
        if not isinstance(learned, bool):
            raise CorpusError(f"{where}.loss must be true or false")
        content = _text(message.get("content"), f"{where}.content")
        messages.append(TrainingMessage(role, content, learned=learned))
    known = {key: _text(data.get(key, ""), key) for key in ("kind", "variant", "dish", "recipe_id")}
    return TrainingConversation(tuple(messages), **known)


def _from_xtuner(data: dict[str, Any]) -> TrainingConversation:
    messages = []
    for position, item in enumerate(_list(data["conversation"], "conversation")):
        where = f"conversation[{position}]"
        turn = _mapping(item, where)
        system = _text(turn.get("system") or "", f"{where}.system")
        if system and position:
            raise CorpusError(f"{where}.system: only the first turn has one")
        learned = turn.get("output_with_loss", True)
        if not isinstance(learned, bool):
            raise CorpusError(f"{where}.output_with_loss must be true or false")
        if system:
            messages.append(TrainingMessage("system", system))
        messages.append(TrainingMessage("user", _text(turn.get("input"), f"{where}.input")))
        output = _text(turn.get("output"), f"{where}.output")
        messages.append(TrainingMessage("assistant", output, learned=learned))
    return TrainingConversation(tuple(messages))


def _from_paddlenlp(data: dict[str, Any]) -> TrainingConversation:
    questions, answers = _texts(data["src"], "src"), _texts(data.get("tgt"), "tgt")
    if len(questions) != len(answers):
        raise CorpusError(f"src has {len(questions)} items, tgt has {len(answers)}")
    system = _text(_mapping(data.get("context") or {}, "context").get("system", ""), "context.system")
    messages = [TrainingMessage("system", system)] if system else []
    for question, answer in zip(questions, answers, strict=True):
        messages += [TrainingMessage("user", question), TrainingMessage("assistant", answer)]
    return TrainingConversation(tuple(messages))


def _texts(value: Any, where: str) -> list[str]:
    """One text or a list of them: PaddleNLP takes both."""
    if isinstance(value, str):
        return [value]
    return [_text(item, f"{where}[{position}]") for position, item in enumerate(_list(value, where))]


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise CorpusError(f"{where} must be a list, got {_shown(value)}")
    return value


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CorpusError(f"{where} must be an object, got {_shown(value)}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise CorpusError(f"{where} must be a string, got {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    return json.dumps(value[:40], ensure_ascii=False) if isinstance(value, str) else type(value).__name__
