"""Training on a processor: it learns, goes on after a kill as if nothing had been, and stops when it must."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.models, pytest.mark.timeout(300)]
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from safetensors.torch import load_file  # noqa: E402

from core.errors import ModelRejectedError  # noqa: E402
from finetune.errors import TrainingError  # noqa: E402
from finetune.train.curve import Point, read_points  # noqa: E402
from finetune.train.deepspeed_learner import DeepSpeedLearner  # noqa: E402
from finetune.train.learner import Learner  # noqa: E402
from finetune.train.processes import Processes  # noqa: E402
from finetune.train.settings import TrainingSettings  # noqa: E402
from finetune.train.train import _ready  # noqa: E402
from tests.finetune.train.pupil import (  # noqa: E402
    QUICK,
    SETTINGS,
    SHAPE,
    Listener,
    assignment,
    taught,
    write_data,
)
from tests.whole.bot_process import BotProcess  # noqa: E402

PATIENCE_SECONDS = 240.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base, its conversion and data, made once."""
    folder = tmp_path_factory.mktemp("training")
    taught(assignment(folder, QUICK, out=folder / "first"))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    for name in ("internlm2-tiny", "models", "train.jsonl"):
        (tmp_path / name).symlink_to(made / name)
    return tmp_path


def adapter(run: Path) -> dict[str, Any]:
    return dict(load_file(run / "adapter" / "adapter_model.safetensors"))


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def losses(run: Path) -> list[float | None]:
    return [point.loss for point in read_points(run / "curve.csv")]


@pytest.mark.parametrize("method", ["lora", "full", "qlora"])
def test_every_method_learns(folder: Path, method: str) -> None:
    changes = {"method": method, "epochs": 4, "gradient_checkpointing": True, "lora_dropout": 0.05}
    given = {}
    if method == "qlora":  # bitsandbytes on a processor wants multiples of 32 rows and 64 columns
        given["base"] = replace(SHAPE, key_value_heads=4, intermediate=128).write(folder / "wider")
    outcome = taught(assignment(folder, SETTINGS.model_copy(update=changes), **given))
    assert outcome.folder == folder / "run" / ("model" if method == "full" else "adapter")
    assert outcome.state.before is not None
    assert outcome.state.best is not None
    assert outcome.state.best < outcome.state.before * 0.75
    if method == "full":
        model = transformers.AutoModelForCausalLM.from_pretrained(outcome.folder, trust_remote_code=False)
        tokenizer = transformers.AutoTokenizer.from_pretrained(outcome.folder)
        assert model.generation_config.eos_token_id[-1] == tokenizer.convert_tokens_to_ids("<|im_end|>")


def test_bfloat16_learns_as_well(folder: Path) -> None:
    changes = {"dtype": "bfloat16", "epochs": 4}
    outcome = taught(assignment(folder, SETTINGS.model_copy(update=changes)))
    assert outcome.state.best is not None
    assert outcome.state.before is not None
    assert outcome.state.best < outcome.state.before * 0.75


def test_a_run_says_what_it_was_made_from(folder: Path) -> None:
    listener = Listener()
    taught(assignment(folder, QUICK, tensorboard=True), listener)
    run = json.loads((folder / "run" / "run.json").read_text())
    decided = run["decided_by"]
    assert decided["settings"]["seed"] == 7
    assert len(decided["data"]["data_sha256"]) == len(decided["base"]["fingerprint"]) == 64
    assert decided["data"]["conversations"] == 20
    assert run["noted"]["versions"]["torch"] == torch.__version__
    assert run["noted"]["processes"] == 1
    points = read_points(folder / "run" / "curve.csv")
    assert [point.step for point in points] == [*range(len(points))]
    assert [point.step for point in points if point.held_out is not None] == [0, 3, 6, 9, 10]
    assert listener.points == points
    assert (folder / "run" / "curve.svg").read_text().count("<path") > 5
    assert list((folder / "run" / "tensorboard").iterdir())
    assert "parameters are learned" in listener.notes[0]


def test_a_finished_run_is_not_run_again(made: Path) -> None:
    listener = Listener()
    outcome = taught(assignment(made, QUICK, out=made / "first"), listener)
    assert outcome.was_done
    assert listener.points == []


def test_a_killed_training_ends_with_the_same_weights(folder: Path) -> None:
    settings = QUICK.model_copy(update={"epochs": 12, "check_every": 4})
    taught(assignment(folder, settings, out=folder / "unbroken"))
    steps = [f"{name}={json.dumps(value)}" for name, value in settings.model_dump().items()]
    given = [argument for step in steps for argument in ("--set", step)]
    bot = BotProcess(folder, folder)
    names = {
        "base": "internlm2-tiny",
        "data": "train.jsonl",
        "held-out": "train.jsonl",
        "models-dir": "models",
    }
    files = [argument for name, file in names.items() for argument in (f"--{name}", str(folder / file))]
    command = bot.command(
        "train", *files, "--out", str(folder / "run"), "--device", "cpu", *given, program="finetune"
    )
    environment = bot.environment(OMP_NUM_THREADS="1")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    curve = folder / "run" / "curve.csv"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not curve.exists() or len(read_points(curve)) < 7:  # between two checkpoints
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)  # a look that never rests takes the processor away from what is looked at
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "run" / "result.json").exists()
    listener = Listener()
    taught(assignment(folder, settings), listener)
    assert 4 < listener.points[0].step < 60  # the first that it made itself
    assert same(adapter(folder / "run"), adapter(folder / "unbroken"))
    assert losses(folder / "run") == losses(folder / "unbroken")


def test_what_a_kill_left_half_written_is_no_checkpoint(folder: Path) -> None:
    asked = assignment(folder, QUICK)
    with pytest.raises(KeyboardInterrupt):
        taught(asked, Listener(interrupt_at=5))
    checkpoints = folder / "run" / "checkpoints"
    assert [path.name for path in checkpoints.iterdir()] == ["step-0000003"]
    shutil.copytree(checkpoints / "step-0000003", checkpoints / "unfinished")
    (checkpoints / "unfinished" / "state.json").unlink()
    listener = Listener()
    taught(asked, listener)
    assert listener.points[0].step == 4


def test_a_run_goes_on_only_with_the_same_settings_base_and_data(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        taught(assignment(folder, QUICK), Listener(interrupt_at=4))
    faster = QUICK.model_copy(update={"learning_rate": 1e-4})
    with pytest.raises(TrainingError, match=r"another settings\.learning_rate \(0\.004, now 0\.0001\)"):
        taught(assignment(folder, faster))
    other = write_data(folder / "other.jsonl", range(5))
    with pytest.raises(TrainingError, match=r"another data\."):
        taught(assignment(folder, QUICK, data=other))


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(TrainingError, match="holds something else"):
        taught(assignment(folder))
    assert (folder / "run" / "thesis.txt").read_text() == "mine"


def test_it_stops_when_it_gets_worse_and_keeps_the_best(folder: Path) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 60, "check_every": 2, "patience": 2})
    held_out = write_data(folder / "held-out.jsonl", range(3))
    learned = write_data(
        folder / "learned.jsonl", range(3, 20)
    )  # learning these makes the others no likelier for long
    outcome = taught(assignment(folder, settings, data=learned, held_out=held_out))
    points = [point for point in read_points(folder / "run" / "curve.csv") if point.held_out is not None]
    state = outcome.state
    assert state.worse_checks == 2
    assert points[-1].step == state.best_step + 4 == state.step
    assert state.best == min(point.held_out for point in points[1:] if point.held_out is not None)
    kept = load_file(
        folder / "run" / "checkpoints" / f"step-{state.best_step:07d}" / "adapter_model.safetensors"
    )
    assert same(adapter(folder / "run"), dict(kept))


def test_without_held_out_conversations_the_last_step_is_kept(folder: Path) -> None:
    listener = Listener()
    outcome = taught(assignment(folder, QUICK, held_out=None), listener)
    assert outcome.state.best_step == outcome.state.step
    assert outcome.state.before is None
    assert any("no held-out conversations" in note for note in listener.notes)


class _Derailed(Learner):
    """Whose losses are no numbers from step 5 on."""

    def take_in(self, *arguments: Any, **named: Any) -> Any:
        loss = super().take_in(*arguments, **named)
        self.rows = getattr(self, "rows", 0) + 1
        return loss * float("nan") if self.rows > 8 else loss


def test_a_loss_that_is_no_number_stops_training(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finetune.train.learner.Learner", _Derailed)
    with pytest.raises(TrainingError, match=r"the loss of step 5 is no number.*from step 3"):
        taught(assignment(folder, QUICK))
    last = folder / "run" / "checkpoints" / "step-0000003" / "adapter_model.safetensors"
    assert all(torch.isfinite(tensor).all() for tensor in load_file(last).values())


def test_a_rate_that_is_far_too_high_is_noticed(folder: Path) -> None:
    settings = QUICK.model_copy(
        update={"method": "full", "learning_rate": 10, "max_gradient_norm": 1e30, "epochs": 20}
    )
    with pytest.raises(TrainingError, match="is no number"):
        taught(assignment(folder, settings.model_copy(update={"patience": 0})))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk, every write beyond `size` fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_last_checkpoint(folder: Path) -> None:
    asked = assignment(folder, QUICK)
    with pytest.raises(KeyboardInterrupt):
        taught(asked, Listener(interrupt_at=4))
    with files_of_at_most(100_000), pytest.raises(TrainingError) as caught:
        taught(asked)
    assert "the checkpoint of step 6 cannot be written" in caught.value.message
    assert "goes on from step 3" in caught.value.message
    assert taught(asked).state.step == 10


def test_no_room_for_checkpoints_is_told_before_the_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(folder)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(TrainingError, match="4 checkpoints take"):
        taught(assignment(folder))


def test_a_base_without_a_chat_template_is_refused_with_a_way_out(folder: Path, made: Path) -> None:
    base = folder / "base"
    shutil.copytree(made / "models" / "internlm2-tiny-llama", base)
    settings = json.loads((base / "tokenizer_config.json").read_text())
    del settings["chat_template"]
    (base / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(TrainingError, match=r"has no chat template.*--chat-template chatml"):
        taught(assignment(folder, QUICK, base=base))
    outcome = taught(assignment(folder, QUICK, base=base, chat_template="chatml"))
    assert (outcome.folder / "base.json").exists()


def test_layers_that_are_not_there_are_named(folder: Path) -> None:
    settings = QUICK.model_copy(update={"lora_targets": ("q_proj", "wqkv")})
    with pytest.raises(TrainingError, match="has no layers named wqkv"):
        taught(assignment(folder, settings))


def test_an_adapter_is_no_base(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelRejectedError, match="is an adapter: merge it"):
        taught(assignment(made, QUICK, base=made / "first" / "adapter", out=tmp_path / "run"))


def test_deepspeed_that_is_not_there_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrainingError, match="start them with torchrun"):
        taught(assignment(folder, QUICK, deepspeed=True))
    monkeypatch.setitem(sys.modules, "deepspeed", None)
    with pytest.raises(TrainingError, match="--deepspeed needs DeepSpeed"):
        DeepSpeedLearner(torch.nn.Linear(2, 2), QUICK, "float32", Processes(0, 2, "cpu"))


def test_processes_must_share_a_step_equally(folder: Path) -> None:
    settings: TrainingSettings = QUICK.model_copy(update={"rows_a_step": 3})
    with pytest.raises(TrainingError, match="rows_a_step is 3, which 2 processes cannot share equally"):
        _ready(assignment(folder, settings), Processes(0, 2, "cpu"), Listener())


def test_two_processes_learn_what_one_does(folder: Path) -> None:
    settings = QUICK.model_copy(update={"lora_dropout": 0.0, "rows_a_step": 4, "epochs": 4})
    taught(assignment(folder, settings, out=folder / "alone"))
    script = (
        "import sys; from tests.finetune.train.pupil import *; from pathlib import Path\n"
        "changes = {'lora_dropout': 0.0, 'rows_a_step': 4, 'epochs': 4}\n"
        "taught(assignment(Path(sys.argv[1]), QUICK.model_copy(update=changes)))\n"
    )
    outcome = together(script, folder)
    assert outcome.returncode == 0, outcome.stderr
    run = json.loads((folder / "run" / "run.json").read_text())
    assert run["noted"]["processes"] == 2
    alone, both = read_points(folder / "alone" / "curve.csv"), read_points(folder / "run" / "curve.csv")
    assert [point.loss for point in both[1:]] == pytest.approx([point.loss for point in alone[1:]], rel=1e-4)
    assert [p.held_out for p in both if p.held_out] == pytest.approx(
        [p.held_out for p in alone if p.held_out], rel=1e-4
    )


def together(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `script` in two processes that torchrun starts."""
    file = folder / "script.py"
    file.write_text(script, encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = BotProcess(folder, folder).environment(OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore")
    return subprocess.run(
        [*launcher, str(file), str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_a_point_survives_its_file(tmp_path: Path) -> None:
    from finetune.train.curve import Curve

    points = [Point(0, 0.0, None, 5.5, 0.0, None, 0, 0.0), Point(1, 0.5, 4.25, None, 1e-4, 0.75, 9, 0.125)]
    curve = Curve(tmp_path / "curve.csv", 0)
    for point in points:
        curve.add(point)
    with (tmp_path / "curve.csv").open("a") as file:
        file.write("2,1.0,4.")  # a kill in the middle of a line
    assert read_points(tmp_path / "curve.csv") == points
    assert Curve(tmp_path / "curve.csv", 0).points == points[:1]
    assert read_points(tmp_path / "curve.csv") == points[:1]


def test_the_shape_of_the_pupil_is_the_published_one() -> None:
    assert SHAPE.config()["model_type"] == "internlm2"
