"""From a base and conversations to an adapter or a model: the whole of `python -m finetune train`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from core.devices import GIGABYTE, Placement, is_out_of_memory, placement_of
from core.language_models.adapter_folder import fingerprint_of
from finetune.errors import TrainingError
from finetune.model_folder import complete_model
from finetune.train.base_model import load_base, load_tokenizer, trainable_folder, write_base_note
from finetune.train.curve import Point
from finetune.train.lessons import Lessons, written_lessons
from finetune.train.memory import check_memory, free_bytes, shape_of
from finetune.train.processes import Processes, joined
from finetune.train.run_folder import RunFolder, State
from finetune.train.settings import TrainingSettings

Made = TypeVar("Made")

_CHECKPOINT_BYTES = 12
"""A learned parameter and AdamW's two memories, in 32 bits."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is asked for.

    Attributes:
        base: the folder of the model to teach.
        data: conversations to learn.
        held_out: conversations to try the model on; None for none.
        out: the run's folder.
        models_dir: for a base that has to be converted first.
        settings: how.
        chat_template: "chatml" for a base that has none.
        device: as the setting DEVICE.
        deepspeed: share gradients and optimizer among the processes (ZeRO-2).
        tensorboard: write its files as well.
    """

    base: Path
    data: Path
    held_out: Path | None
    out: Path
    models_dir: Path
    settings: TrainingSettings
    chat_template: str = ""
    device: str = "auto"
    deepspeed: bool = False
    tensorboard: bool = False


class Watcher(Protocol):
    """Told how a training goes; only in the first process."""

    def note(self, message: str) -> None:
        """Take a remark."""

    def reading(self, count: int) -> None:
        """Take the number of conversations that were read."""

    def step(self, point: Point, steps: int) -> None:
        """Take a step."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out.

    Attributes:
        folder: the adapter's, or the model's.
        state: how it ended.
        was_done: an earlier life had finished.
    """

    folder: Path
    state: State
    was_done: bool = False


@dataclass(frozen=True, slots=True)
class _Ready:
    """All that a training needs, in this process."""

    assignment: Assignment
    base: Path
    tokenizer: Any
    placement: Placement
    processes: Processes
    lessons: Lessons
    held_out: Lessons | None

    @property
    def settings(self) -> TrainingSettings:
        return self.assignment.settings


def train(assignment: Assignment, watcher: Watcher) -> Outcome:
    """Train, going on where an earlier life of the same run was interrupted. Blocking.

    Raises:
        TrainingError: it cannot begin, or go on.
        BotError: base or data cannot be read.
    """
    run = RunFolder(assignment.out)
    with joined(assignment.device) as processes:
        listener = watcher if processes.is_first else _Silent()
        ready = _ready(assignment, processes, listener)
        if processes.is_first:
            run.begin(_decided_by(ready), {"processes": processes.count, **asdict(ready.placement)})
        processes.wait()
        if (result := run.result) is not None:
            return Outcome(run.path / result["folder"], State(**result["state"]), was_done=True)
        _check_room(ready, listener)
        try:
            return _taught(ready, run, listener)
        except (RuntimeError, MemoryError) as exc:
            if is_out_of_memory(exc):
                raise TrainingError(
                    f"{ready.placement.device} ran out of memory: the same command goes on where it was; if "
                    "it happens again, begin anew with a lower row_tokens, or method=qlora"
                ) from exc
            raise


def _ready(assignment: Assignment, processes: Processes, watcher: Watcher) -> _Ready:
    settings = assignment.settings
    if settings.rows_a_step % processes.count:
        raise TrainingError(
            f"rows_a_step is {settings.rows_a_step}, which {processes.count} processes cannot share equally"
        )
    if assignment.deepspeed and processes.count == 1:
        raise TrainingError("--deepspeed shares among processes: start them with torchrun, or leave it out")
    base = _in_turn(processes, lambda: trainable_folder(assignment.base, assignment.models_dir))
    tokenizer = load_tokenizer(base, assignment.chat_template)

    def read(data: Path, name: str) -> Lessons:
        lessons = written_lessons(
            data,
            assignment.out / "lessons" / name,
            tokenizer,
            settings.row_tokens,
            packing=settings.packing,
            progress=watcher.reading,
        )
        if too_long := lessons.note["too_long"]:
            longest = settings.row_tokens
            watcher.note(f"{data.name}: {too_long} conversations have more than {longest} tokens, left out")
        return lessons

    lessons = _in_turn(processes, lambda: read(assignment.data, "train"))
    held_out = None
    if (data := assignment.held_out) is not None:
        held_out = _in_turn(processes, lambda: read(data, "held-out"))
    placement = _placement(settings, processes.device)
    return _Ready(assignment, base, tokenizer, placement, processes, lessons, held_out)


def _taught(ready: _Ready, run: RunFolder, watcher: Watcher) -> Outcome:
    from finetune.train.deepspeed_learner import DeepSpeedLearner
    from finetune.train.learner import Learner
    from finetune.train.loop import Training

    settings, processes = ready.settings, ready.processes
    if ready.held_out is None:
        watcher.note("no held-out conversations: the last step is kept, and nothing ends training early")
    model = load_base(ready.base, settings, ready.placement)
    kind = DeepSpeedLearner if ready.assignment.deepspeed else Learner
    learner = kind(model, settings, ready.placement.dtype, processes)
    with _board(ready) as board:

        def report(point: Point, steps: int) -> None:
            watcher.step(point, steps)
            board(point)

        state = Training(learner, ready.lessons, ready.held_out, settings, run, report).run()
    name = "model" if settings.method == "full" else "adapter"

    def write(folder: Path) -> None:
        learner.save_model(folder)
        if settings.method == "full":
            complete_model(ready.base, ready.tokenizer, folder)
        else:
            write_base_note(ready.base, folder)

    if processes.is_first:
        run.finish({"folder": name, "state": asdict(state)}, name, write)
    processes.wait()
    return Outcome(run.path / name, state)


def _in_turn(processes: Processes, make: Callable[[], Made]) -> Made:
    """What `make` gives: the first process makes it, the others find it made."""
    if not processes.is_first:
        processes.wait()
        return make()
    made = make()
    processes.wait()
    return made


def _placement(settings: TrainingSettings, device: str) -> Placement:
    """Where and in what is reckoned; 16 bits that are no bfloat16 would need their losses scaled."""
    placement = placement_of(device, settings.dtype)
    if placement.dtype == "float16":
        raise TrainingError(
            f"{device} does not compute in bfloat16: set dtype=float32, which takes more memory"
        )
    return placement


def _decided_by(ready: _Ready) -> dict[str, Any]:
    return {
        "settings": ready.settings.model_dump(),
        "base": {"name": ready.base.name, "fingerprint": fingerprint_of(ready.base)},
        "data": ready.lessons.note,
        "held_out": ready.held_out.note if ready.held_out else None,
        "chat_template": ready.tokenizer.chat_template,
    }


def _check_room(ready: _Ready, watcher: Watcher) -> None:
    """See that memory and disk suffice.

    Raises:
        TrainingError: they do not; says what would fit.
    """
    settings, processes = ready.settings, ready.processes
    shape = shape_of(ready.base, settings.lora_targets)
    shared_by = processes.count if ready.assignment.deepspeed else 1
    free = free_bytes(ready.placement) // (processes.count if ready.placement.device == "cpu" else 1)
    needed = check_memory(shape, settings, ready.placement, free, shared_by=shared_by)
    learned = shape.adapter * settings.lora_rank
    learned = shape.inner + shape.outer if settings.method == "full" else learned
    disk = learned * _CHECKPOINT_BYTES * (settings.keep + 2)
    room = shutil.disk_usage(ready.assignment.out).free
    if disk > room:
        raise TrainingError(
            f"{settings.keep + 2} checkpoints take {disk / GIGABYTE:.1f} GB in {ready.assignment.out}, where "
            f"{room / GIGABYTE:.1f} GB are free: set keep=1, or name a folder on another disk"
        )
    watcher.note(
        f"{learned:,} of {shape.inner + shape.outer:,} parameters are learned; about "
        f"{needed / GIGABYTE:.1f} GB of memory on {ready.placement.device} in {ready.placement.dtype}"
    )


@contextmanager
def _board(ready: _Ready) -> Iterator[Callable[[Point], None]]:
    """TensorBoard's file of events, where it is asked for."""
    if not (ready.assignment.tensorboard and ready.processes.is_first):
        yield lambda _point: None
        return
    try:
        from tensorboardX import SummaryWriter
    except ImportError as exc:
        raise TrainingError("--tensorboard needs tensorboardX: `pip install tensorboardX`") from exc
    with SummaryWriter(str(ready.assignment.out / "tensorboard")) as writer:

        def write(point: Point) -> None:
            for name in ("loss", "held_out", "learning_rate", "gradient_norm"):
                if (value := getattr(point, name)) is not None:
                    writer.add_scalar(name, value, point.step)

        yield write


class _Silent:
    """Watches in all processes but the first."""

    def note(self, message: str) -> None:
        """Nothing."""

    def reading(self, count: int) -> None:
        """Nothing."""

    def step(self, point: Point, steps: int) -> None:
        """Nothing."""
