"""A data run: same bytes, splits apart, everything that was left out told."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.errors import CorpusError, DiskFullError, SettingsError, StorageError
from finetune.data import build, hash_order
from finetune.data.build import build_data
from finetune.data.dishes import names_of
from finetune.data.formats import ConversationFile
from finetune.data.plan import DataPlan
from finetune.data.reading import read_conversations
from finetune.data.splits import require_apart
from index.build import COOKBOOK_DIR
from tests.finetune.data.recipes import cookbook
from tests.index.documents.files import write_pdf

_PLAN = DataPlan(dev_share=0.1, conversations_per_recipe=4)


def _row(name: str, **more: Any) -> dict[str, Any]:
    """A row of the cookbook's form; its amounts and steps differ by name."""
    return {
        "name": name,
        "ingredients": [
            {"name": "五花肉", "amount": f"{100 + len(name)}克"},
            {"name": "土豆", "amount": "2个"},
        ],
        "steps": [f"做{name}要先切块。", "小火炖40分钟。"],
        "source": "试",
    } | more


def _source(path: Path, *rows: dict[str, Any] | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "report.json"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of the cookbook."""
    out = tmp_path_factory.mktemp("whole")
    build_data([COOKBOOK_DIR], out, _PLAN)
    return out


def test_the_same_bytes_whatever_the_order_of_sources_and_the_size_of_buckets(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_order, "BUCKET_BYTES", 50_000)
    files = sorted(Path(COOKBOOK_DIR).glob("*.jsonl"), reverse=True)
    report = build_data(files, tmp_path / "again", _PLAN)
    assert _bytes(tmp_path / "again") == _bytes(whole)
    assert report.data_hash == json.loads((whole / "report.json").read_text(encoding="utf-8"))["data_hash"]


def test_another_seed_gives_other_data(whole: Path, tmp_path: Path) -> None:
    first = next((Path(COOKBOOK_DIR)).glob("*.jsonl"))
    hashes = {
        build_data([first], tmp_path / str(seed), DataPlan(seed=seed), formats=["messages"]).data_hash
        for seed in (0, 1)
    }
    assert len(hashes) == 2


def test_no_name_of_a_held_out_dish_is_taught(whole: Path) -> None:
    by_id = {recipe.recipe_id: recipe for recipe in cookbook()}
    names = {
        split: {
            name
            for conversation in read_conversations(whole / f"{split}.messages.jsonl")
            for name in names_of(by_id[conversation.recipe_id])
        }
        for split in ("train", "dev")
    }
    assert names["dev"]
    assert not names["train"] & names["dev"]


@pytest.mark.parametrize("name", ["messages.jsonl", "xtuner.json", "paddlenlp.jsonl"])
def test_the_splits_are_found_apart_in_every_format(whole: Path, name: str) -> None:
    require_apart(whole / f"train.{name}", whole / f"dev.{name}")


def test_a_contaminated_split_is_refused(whole: Path, tmp_path: Path) -> None:
    first = next(iter(read_conversations(whole / "train.messages.jsonl")))
    dev = _source(
        tmp_path / "dev.jsonl",
        {"conversation": [{"input": "红烧肉怎么做", "output": "答"}]},
        {"conversation": [{"input": "宫保鸡丁的做法", "output": "答"}]},
    )
    with pytest.raises(CorpusError, match=r"teaches \d dishes or questions .*(宫保鸡丁|红烧肉)"):
        require_apart(whole / "train.messages.jsonl", dev)
    untold = _source(tmp_path / "a.jsonl", {"src": first.question, "tgt": "答"})
    with pytest.raises(CorpusError, match="teaches 1 dishes or questions"):
        require_apart(untold, untold)


def test_shares_come_out_as_planned(whole: Path) -> None:
    report = json.loads((whole / "report.json").read_text(encoding="utf-8"))
    train = report["splits"]["train"]
    for kind, rate in _PLAN.per_recipe.items():
        assert abs(train["kinds"][kind] - rate * train["recipes"]) <= 2, kind
    counted = Counter(c.kind for c in read_conversations(whole / "train.messages.jsonl"))
    assert counted == train["kinds"]
    assert sum(train["characters"]["histogram"].values()) == train["conversations"]
    assert train["left_out_of_format"]["xtuner.json"] > 0


def test_no_conversation_is_there_twice(whole: Path) -> None:
    for split in ("train", "dev"):
        lines = (whole / f"{split}.messages.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(set(lines)) == len(lines)


def test_held_out_recipes_are_written_whole(whole: Path) -> None:
    lines = (whole / "dev.recipes.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == round(0.1 * len(cookbook()))
    held_out = {json.loads(line)["recipe_id"] for line in lines}
    assert {c.recipe_id for c in read_conversations(whole / "dev.messages.jsonl")} <= held_out


def test_what_is_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    source = _source(
        tmp_path / "rows.jsonl",
        *(_row(f"{word}肉") for word in "红蒸炖焖煎"),
        _row("红肉", source="另一处"),
        _row("红肉", steps=["切块。", "蒸熟。"]),
        _row("红肉", steps=["切片。"]),
        _row("没有步骤", steps=[]),
        _row("没有食材", ingredients=[]),
        _row("！"),
    )
    report = build_data([source], tmp_path / "out", DataPlan(dev_share=0, recipes_per_dish=2))
    assert report.dropped == {
        "the same recipe again": 1,
        "the dish has more complete recipes": 1,
        "no steps": 1,
        "no ingredients": 1,
        "no name": 1,
    }
    assert report.examples["no steps"] == ["没有步骤 (试)"]
    assert report.splits["train"].dishes == 5
    assert report.splits["dev"].conversations == 0


def test_a_dish_by_another_name_of_a_held_out_one_is_left_out(tmp_path: Path) -> None:
    rows = [_row(f"{word}大肉", aliases=["压轴肉"]) for word in "红蒸炖焖"]
    report = build_data([_source(tmp_path / "r.jsonl", *rows)], tmp_path / "out", DataPlan(dev_share=0.25))
    assert report.dropped["goes by a name of a held-out dish"] == 3
    assert report.splits["dev"].recipes == 1
    assert report.splits["train"].recipes == 0


def test_a_held_out_recipe_under_another_name_is_left_out(tmp_path: Path) -> None:
    rows = [_row(f"{word}肉", steps=["都一样地做。"]) for word in "红蒸炖焖"]
    report = build_data([_source(tmp_path / "r.jsonl", *rows)], tmp_path / "out", DataPlan(dev_share=0.25))
    assert report.dropped["the same as a held-out recipe"] == 3


@pytest.mark.parametrize("broken", ['{"name": "半', '{"name": 1, "ingredients": [], "steps": []}', "[]"])
def test_a_broken_row_is_named_and_skipped_only_when_asked(broken: str, tmp_path: Path) -> None:
    rows: list[dict[str, Any] | str] = [_row(f"{word}肉") for word in "红蒸炖焖煎"]
    source = _source(tmp_path / "rows.jsonl", *rows[:3], broken, *rows[3:])
    with pytest.raises(CorpusError, match=r"rows\.jsonl:4: "):
        build_data([source], tmp_path / "out", DataPlan())
    assert list((tmp_path / "out").iterdir()) == []
    report = build_data([source], tmp_path / "out", DataPlan(), skip_bad=True)
    assert (report.rows, report.bad_rows) == (6, 1)
    assert "rows.jsonl:4: " in report.bad_row_messages[0]


def test_a_row_of_a_wrong_encoding_is_named(tmp_path: Path) -> None:
    source = _source(tmp_path / "rows.jsonl", *(_row(f"{word}肉") for word in "红蒸炖"))
    lines = source.read_bytes().splitlines(keepends=True)
    source.write_bytes(b"".join([lines[0], b'{"name": "\xff\xfe\xff\x00"}\n', *lines[1:]]))
    with pytest.raises(CorpusError, match=r"rows\.jsonl:2: "):
        build_data([source], tmp_path / "out", DataPlan())


def test_a_book_gives_conversations(tmp_path: Path) -> None:
    pages = [
        "家常菜\n番茄炒蛋\n用料\n番茄 2个\n鸡蛋 3个\n做法\n1. 番茄切块。\n2. 炒熟。\n1",
        "家常菜\n红烧肉\n用料\n五花肉 500克\n冰糖 30克\n做法\n1. 切块焯水。\n2. 炖一小时。\n2",
    ]
    book = write_pdf(tmp_path / "家常菜.pdf", pages)
    plan = DataPlan(dev_share=0, conversations_per_recipe=1, shares={"how_to_cook": 1}, system="")
    report = build_data([book], tmp_path / "out", plan)
    assert report.splits["train"].recipes == 2
    answers = [c.turns[0][1].content for c in read_conversations(tmp_path / "out" / "train.messages.jsonl")]
    assert sorted(answer.split("\n")[0] for answer in answers) == ["番茄炒蛋", "红烧肉"]
    assert "· 冰糖  30克" in "".join(answers)


def test_nothing_to_teach_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no recipe to teach is left of 1 rows"):
        build_data([_source(tmp_path / "r.jsonl", _row("肉汤", steps=[]))], tmp_path / "out", DataPlan())
    with pytest.raises(CorpusError, match="nowhere"):
        build_data([tmp_path / "nowhere"], tmp_path / "out", DataPlan())


def test_earlier_data_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    source = _source(tmp_path / "rows.jsonl", *(_row(f"{word}肉") for word in "红蒸炖"))
    build_data([source], tmp_path / "out", DataPlan())
    before = _bytes(tmp_path / "out")
    with pytest.raises(SettingsError, match="holds training data"):
        build_data([source], tmp_path / "out", DataPlan(seed=1))
    assert _bytes(tmp_path / "out") == before
    build_data([source], tmp_path / "out", DataPlan(seed=1), replace=True)
    assert _bytes(tmp_path / "out") != before


def test_long_conversations_are_dropped(tmp_path: Path) -> None:
    source = _source(tmp_path / "rows.jsonl", *(_row(f"{word}肉") for word in "红蒸炖焖煎炸"))
    report = build_data([source], tmp_path / "out", DataPlan(max_characters=600))
    assert report.dropped["conversation longer than max_characters"] > 0
    assert report.splits["train"].longest <= 600


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [(errno.ENOSPC, DiskFullError, "no room left"), (errno.EIO, StorageError, "cannot be written")],
)
def test_a_failing_disk_is_told_and_the_next_run_goes_on(
    number: int, error: type[StorageError], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: ConversationFile, _conversation: object) -> None:
        raise OSError(number, "failed")

    source = _source(tmp_path / "rows.jsonl", *(_row(f"{word}肉") for word in "红蒸炖"))
    build_data([source], tmp_path / "unbroken", DataPlan())
    with monkeypatch.context() as patched:
        patched.setattr(ConversationFile, "write", fail)
        with pytest.raises(error, match=words):
            build_data([source], tmp_path / "out", DataPlan())
    with monkeypatch.context() as patched:
        patched.setattr(build, "gather", _never)
        patched.setattr(build, "_converse", _never)
        build_data([source], tmp_path / "out", DataPlan())
    assert _contents(tmp_path / "out") == _contents(tmp_path / "unbroken")


def _never(*_arguments: object, **_more: object) -> None:
    raise AssertionError("this stage was done already")


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


_KILLED = """
import os, signal, sys
from pathlib import Path
from finetune.data import build
from finetune.data.plan import DataPlan

def killed(*_arguments, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(build, sys.argv[3], killed)
build.build_data([Path(sys.argv[1])], Path(sys.argv[2]), DataPlan())
"""


@pytest.mark.parametrize(
    ("stage", "kept"),
    [("gather", []), ("_converse", ["gather"]), ("_write", ["gather", "_converse"])],
)
def test_a_killed_run_goes_on_after_the_stages_that_were_done(
    stage: str, kept: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source(tmp_path / "rows.jsonl", *(_row(f"{word}肉") for word in "红蒸炖焖煎炸"))
    build_data([source], tmp_path / "unbroken", DataPlan())
    command = [sys.executable, "-c", _KILLED, str(source), str(tmp_path / "out"), stage]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    for name in kept:
        monkeypatch.setattr(build, name, _never)
    build_data([source], tmp_path / "out", DataPlan())
    assert _contents(tmp_path / "out") == _contents(tmp_path / "unbroken")


def test_another_plan_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise OSError(errno.EIO, "failed")

    source = _source(tmp_path / "rows.jsonl", *(_row(f"{word}肉") for word in "红蒸炖"))
    with monkeypatch.context() as patched:
        patched.setattr(build, "_write", broken)
        with pytest.raises(StorageError):
            build_data([source], tmp_path / "out", DataPlan())
    build_data([source], tmp_path / "out", DataPlan(seed=7))
    build_data([source], tmp_path / "unbroken", DataPlan(seed=7))
    assert _contents(tmp_path / "out") == _contents(tmp_path / "unbroken")
