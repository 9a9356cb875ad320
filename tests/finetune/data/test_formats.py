"""Conversations in the three formats, there and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import CorpusError
from finetune.data.conversation import TrainingConversation, TrainingMessage
from finetune.data.formats import FORMATS, ConversationFile
from finetune.data.reading import read_conversations

_ONE = TrainingConversation(
    (
        TrainingMessage("system", "只会做菜。"),
        TrainingMessage("user", "凉拌黄瓜怎么做"),
        TrainingMessage("assistant", "拍碎，\n加醋和盐。"),
    ),
    kind="how_to_cook",
    dish="凉拌黄瓜",
    recipe_id="1f",
)
_TWO_TURNS = TrainingConversation(
    (
        TrainingMessage("user", "蛋炒饭怎么做"),
        TrainingMessage("assistant", "先炒蛋，再炒饭。"),
        TrainingMessage("user", "要几个蛋"),
        TrainingMessage("assistant", "2 个。"),
    ),
    kind="follow_ups",
)
_LAST_ONLY = TrainingConversation(
    (
        TrainingMessage("user", "蛋炒饭怎么做"),
        TrainingMessage("assistant", "先炒蛋，再炒饭。", learned=False),
        TrainingMessage("user", "<菜谱>…</菜谱> 要几个蛋"),
        TrainingMessage("assistant", "2 个。"),
    )
)
_WRITTEN = {
    "messages": (
        '{"messages":[{"role":"system","content":"只会做菜。"},{"role":"user","content":"凉拌黄瓜怎么做"},'
        '{"role":"assistant","content":"拍碎，\\n加醋和盐。"}],"kind":"how_to_cook","dish":"凉拌黄瓜","recipe_id":"1f"}\n'
        '{"messages":[{"role":"user","content":"蛋炒饭怎么做"},{"role":"assistant","content":"先炒蛋，再炒饭。"},'
        '{"role":"user","content":"要几个蛋"},{"role":"assistant","content":"2 个。"}],"kind":"follow_ups"}\n'
        '{"messages":[{"role":"user","content":"蛋炒饭怎么做"},'
        '{"role":"assistant","content":"先炒蛋，再炒饭。","loss":false},'
        '{"role":"user","content":"<菜谱>…</菜谱> 要几个蛋"},{"role":"assistant","content":"2 个。"}]}\n'
    ),
    "xtuner": (
        '[\n{"conversation":[{"system":"只会做菜。","input":"凉拌黄瓜怎么做",'
        '"output":"拍碎，\\n加醋和盐。"}]},\n'
        '{"conversation":[{"input":"蛋炒饭怎么做","output":"先炒蛋，再炒饭。"},'
        '{"input":"要几个蛋","output":"2 个。"}]}\n]\n'
    ),
    "paddlenlp": (
        '{"src":["凉拌黄瓜怎么做"],"tgt":["拍碎，\\n加醋和盐。"],"context":{"system":"只会做菜。"}}\n'
        '{"src":["蛋炒饭怎么做","要几个蛋"],"tgt":["先炒蛋，再炒饭。","2 个。"]}\n'
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_and_read_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"train.{FORMATS[name].file_name}"
    file = ConversationFile(path, FORMATS[name])
    for conversation in (_ONE, _TWO_TURNS, _LAST_ONLY):
        file.write(conversation)
    file.close()
    assert path.read_text(encoding="utf-8") == _WRITTEN[name]
    kept = [_ONE, _TWO_TURNS, _LAST_ONLY] if name == "messages" else [_ONE, _TWO_TURNS]
    assert [c.messages for c in read_conversations(path)] == [c.messages for c in kept]
    assert file.left_out == 3 - len(kept)
    if name == "messages":
        assert list(read_conversations(path)) == kept


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_nothing_is_valid_and_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "train"
    ConversationFile(path, FORMATS[name]).close()
    if name == "xtuner":
        assert json.loads(path.read_text(encoding="utf-8")) == []
    with pytest.raises(CorpusError, match="holds no conversation"):
        list(read_conversations(path))


def test_an_abandoned_file_leaves_nothing(tmp_path: Path) -> None:
    file = ConversationFile(tmp_path / "train", FORMATS["messages"])
    file.write(_ONE)
    file.abandon()
    assert list(tmp_path.iterdir()) == []
