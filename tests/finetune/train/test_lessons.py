"""What is learned and what is only read; rows whose conversations do not see each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.models
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from core.errors import CorpusError  # noqa: E402
from core.language_models.chat_prompt import ChatFormat  # noqa: E402
from core.language_models.internlm2_conversion import convert  # noqa: E402
from core.ports import ChatMessage  # noqa: E402
from finetune.errors import TrainingError  # noqa: E402
from finetune.train.base_model import load_tokenizer  # noqa: E402
from finetune.train.lessons import Lessons, written_lessons  # noqa: E402
from tests.finetune.train.pupil import SHAPE, answer_of, question_of, write_data  # noqa: E402

SEVERAL = [
    ChatMessage("system", "你是食神"),
    ChatMessage("user", "红烧肉怎么做"),
    ChatMessage("assistant", "小火炖四十分钟。"),
    ChatMessage("user", "加盐？"),
    ChatMessage("assistant", "三克<|im_end|>。"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    convert(SHAPE.write(folder / "internlm2"), folder / "llama")
    return folder / "llama"


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return load_tokenizer(base)


def write(path: Path, *chats: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps({"messages": chat}) + "\n" for chat in chats), encoding="utf-8")
    return path


def as_dicts(messages: list[ChatMessage]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def test_answers_and_their_end_marks_are_learned_and_nothing_else(tokenizer: Any) -> None:
    ids, learned = ChatFormat(tokenizer).taught(SEVERAL, [True] * 5)
    assert len(ids) == len(learned)
    runs: list[list[int]] = []
    previous = False
    for token, counts in zip(ids, learned, strict=True):
        if counts and not previous:
            runs.append([])
        if counts:
            runs[-1].append(token)
        previous = counts
    assert [tokenizer.decode(run) for run in runs] == [f"{m.content}<|im_end|>" for m in SEVERAL[2::2]]
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert [run.count(end) for run in runs] == [1, 1]  # the one that somebody wrote is words


def test_in_front_of_an_answer_stands_what_the_bot_asks_with(tokenizer: Any) -> None:
    form = ChatFormat(tokenizer)
    ids, learned = form.taught(SEVERAL, [True] * 5)
    first = learned.index(True)
    assert ids[:first] == form.encoded(SEVERAL[:2])
    last_run = max(place for place in range(1, len(ids)) if learned[place] and not learned[place - 1])
    assert ids[:last_run] == form.encoded(SEVERAL[:4])
    plain = tokenizer.apply_chat_template(as_dicts(SEVERAL[:3]), tokenize=True)["input_ids"]
    assert ids[: len(plain)] == plain


def test_an_answer_that_is_not_to_be_learned_is_only_read(tokenizer: Any, tmp_path: Path) -> None:
    chat = as_dicts(SEVERAL)
    chat[2]["loss"] = False
    lessons = written_lessons(
        write(tmp_path / "a.jsonl", chat), tmp_path / "out", tokenizer, 256, packing=True
    )
    lesson = lessons.lesson(0)
    assert tokenizer.decode(lesson.expected) == "三克<|im_end|>。<|im_end|>"
    assert tokenizer.decode(lesson.tokens).count("小火炖四十分钟。<|im_end|>") == 1


def test_a_row_expects_what_follows(tokenizer: Any, tmp_path: Path) -> None:
    lessons = written_lessons(
        write_data(tmp_path / "a.jsonl"), tmp_path / "out", tokenizer, 256, packing=True
    )
    answers = []
    for row in range(len(lessons.rows)):
        lesson = lessons.lesson(row)
        assert (lesson.tokens[lesson.predicting + 1] == lesson.expected).all()
        assert lessons.learned_in(row) == len(lesson.expected)
        answers += tokenizer.decode(lesson.expected).split("<|im_end|>")[:-1]
    assert sorted(answers) == sorted(answer_of(number) for number in range(20))


def test_conversations_of_a_row_do_not_see_each_other(base: Path, tokenizer: Any, tmp_path: Path) -> None:
    data = write_data(tmp_path / "a.jsonl")
    packed = written_lessons(data, tmp_path / "packed", tokenizer, 256, packing=True)
    alone = Lessons(packed.folder, 256, packing=False)
    assert len(packed.rows) < len(alone.rows) == 20
    for attention in ("sdpa", "eager"):
        model = transformers.AutoModelForCausalLM.from_pretrained(
            base, dtype=torch.float32, attn_implementation=attention
        ).eval()
        for row in packed.rows:
            together = logits(model, packed, packed.rows.index(row))
            separately = torch.cat([logits(model, alone, index) for index in row])
            assert (together - separately).abs().max() < 2e-5


def logits(model: Any, lessons: Lessons, row: int) -> Any:
    lesson = lessons.lesson(row)
    with torch.no_grad():
        return model(
            input_ids=torch.as_tensor(lesson.tokens)[None],
            position_ids=torch.as_tensor(lesson.positions)[None],
            logits_to_keep=torch.as_tensor(lesson.predicting),
            use_cache=False,
        ).logits[0]


def test_what_is_too_long_is_left_out_and_counted(tokenizer: Any, tmp_path: Path) -> None:
    long = [{"role": "user", "content": "肉" * 90}, {"role": "assistant", "content": "炖"}]
    short = [{"role": "user", "content": "肉"}, {"role": "assistant", "content": "炖"}]
    data = write(tmp_path / "a.jsonl", long, short)
    lessons = written_lessons(data, tmp_path / "out", tokenizer, 64, packing=True)
    assert (lessons.note["conversations"], lessons.note["too_long"]) == (1, 1)
    with pytest.raises(TrainingError, match="none of its 2 conversations fits into 4 tokens"):
        written_lessons(data, tmp_path / "none", tokenizer, 4, packing=True)


def test_tokens_are_written_once_and_again_for_other_data(tokenizer: Any, tmp_path: Path) -> None:
    data = write_data(tmp_path / "a.jsonl")
    first = written_lessons(data, tmp_path / "out", tokenizer, 256, packing=True)
    before = (first.folder / "tokens.bin").stat().st_mtime_ns
    written_lessons(data, tmp_path / "out", tokenizer, 256, packing=False)
    assert (first.folder / "tokens.bin").stat().st_mtime_ns == before
    write_data(data, range(3))
    assert written_lessons(data, tmp_path / "out", tokenizer, 256, packing=True).note["conversations"] == 3


def test_a_broken_line_is_named(tokenizer: Any, tmp_path: Path) -> None:
    data = write_data(tmp_path / "a.jsonl", range(2))
    data.write_text(data.read_text(encoding="utf-8") + '{"messages": [\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.jsonl:3"):
        written_lessons(data, tmp_path / "out", tokenizer, 256, packing=True)
    assert not (tmp_path / "out" / "note.json").exists()


def test_questions_are_the_ones_of_the_bot(tokenizer: Any) -> None:
    ids = ChatFormat(tokenizer).encoded([ChatMessage("user", question_of(0))])
    assert (
        tokenizer.decode(ids) == f"<s><|im_start|>user\n{question_of(0)}<|im_end|>\n<|im_start|>assistant\n"
    )
