"""Training data with something wrong in it: named, and skipped only when asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import CorpusError
from finetune.data.reading import read_conversations

_ASKED = '{"role": "user", "content": "问"}'
_GOOD = {"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]}


def _bad(tmp_path: Path, line: str | bytes) -> Path:
    path = tmp_path / "train.jsonl"
    good = json.dumps(_GOOD, ensure_ascii=False).encode()
    path.write_bytes(b"\n".join([good, line.encode() if isinstance(line, str) else line, good, b""]))
    return path


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"messages": [{"role": "user", "content": "问"}', "not JSON"),
        (b'{"messages": "\xff\xfe"}', "not UTF-8 at byte"),
        ("[1]", "must be a JSON object"),
        ("{}", "none of the fields messages, conversation, src"),
        ('{"messages": "x"}', 'messages must be a list, got "x"'),
        ('{"messages": []}', "has no messages"),
        ('{"messages": ["x"]}', r"messages\[0\] must be an object"),
        ('{"messages": [{"role": "tool", "content": "x"}]}', r'messages\[0\].role .* got "tool"'),
        ('{"messages": [{"role": "user"}]}', r"messages\[0\].content must be a string, got NoneType"),
        ('{"messages": [{"role": "user", "content": "问"}]}', "a question that nobody answers"),
        ('{"messages": [{"role": "assistant", "content": "答"}]}', "message 1 must be of the user"),
        (
            '{"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": " "}]}',
            r"message 2 \(assistant\) is empty",
        ),
        (
            '{"messages": [{"role": "user", "content": "问"}, {"role": "system", "content": "x"}]}',
            r"messages\[1\].role must be system \(first\)",
        ),
        (
            f'{{"messages": [{_ASKED}, {{"role": "assistant", "content": "答", "loss": 0}}]}}',
            r"messages\[1\].loss must be true or false",
        ),
        (
            f'{{"messages": [{_ASKED}, {{"role": "assistant", "content": "答", "loss": false}}]}}',
            "no answer to learn",
        ),
        ('{"messages": [{"role": "user", "content": "问"}], "kind": 1}', "kind must be a string"),
        ('{"conversation": [{"input": "问"}]}', r"conversation\[0\].output must be a string"),
        (
            '{"conversation": [{"input": "问", "output": "答"}, {"system": "s", "input": "问"}]}',
            r"conversation\[1\].system: only the first turn has one",
        ),
        ('{"src": ["问", "问"], "tgt": ["答"]}', "src has 2 items, tgt has 1"),
        ('{"src": "问", "tgt": "答", "context": []}', None),
        ('{"src": "问", "tgt": "答", "context": "x"}', "context must be an object"),
    ],
)
def test_a_bad_record_is_named_by_its_line(line: str | bytes, complaint: str | None, tmp_path: Path) -> None:
    path = _bad(tmp_path, line)
    if complaint is None:
        assert len(list(read_conversations(path))) == 3
        return
    with pytest.raises(CorpusError, match=complaint) as raised:
        list(read_conversations(path))
    assert raised.value.message.startswith(f"{path}:2: ")
    complaints: list[CorpusError] = []
    assert len(list(read_conversations(path, on_bad=complaints.append))) == 2
    assert [c.message for c in complaints] == [raised.value.message]


def test_a_broken_item_of_a_list_is_named_by_its_position(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    turn = '{"conversation": [{"input": "问", "output": "答"}]}'
    path.write_text(f'[{turn}, {{"conversation": [{{"input": ]}}, {turn}]', encoding="utf-8")
    complaints: list[CorpusError] = []
    assert len(list(read_conversations(path, on_bad=complaints.append))) == 2
    assert [c.message.startswith(f"{path}:[1]: not JSON") for c in complaints] == [True]


def test_a_list_that_was_cut_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text('[{"conversation": [{"input": "问", "output": "答"}]},', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"\[1\]: the list has no end"):
        list(read_conversations(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such file"):
        list(read_conversations(tmp_path / "nowhere.jsonl"))
