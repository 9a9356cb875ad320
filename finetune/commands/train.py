"""`python -m finetune train`: teach a model on training conversations.

Run as:
    python -m finetune train --config internlm2-chat-1_8b --base models/internlm2-chat-1_8b \
        --data data/training/train.messages.jsonl --held-out data/training/dev.messages.jsonl --out runs/first
    torchrun --nproc-per-node 4 -m finetune train … --deepspeed
    python -m finetune train … --set method=qlora --set learning_rate=1e-4

The same command goes on where a run was interrupted. docs/finetune.md has the whole way.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from core.errors import ModelRejectedError, SettingsError
from finetune.commands.remarks import ERRORS, note
from finetune.data.splits import require_apart
from finetune.train.curve import Point
from finetune.train.settings import read_settings

HELP = "teach a model on training conversations"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--base", type=Path, required=True, help="folder of the model to teach")
    parser.add_argument("--data", type=Path, required=True, help="conversations to learn")
    parser.add_argument("--held-out", type=Path, help="conversations to try it on: the best step is kept")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run")
    parser.add_argument("--config", default="", help="a name in finetune/configs, or a TOML file")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change one setting")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 …")
    parser.add_argument("--models-dir", type=Path, default=Path("data/models"), help="for converted bases")
    parser.add_argument("--chat-template", choices=["chatml"], default="", help="for a base that has none")
    parser.add_argument("--deepspeed", action="store_true", help="ZeRO-2 over all processes")
    parser.add_argument("--tensorboard", action="store_true", help="write events for TensorBoard, too")


def run(options: argparse.Namespace) -> int:
    """Train, with progress on standard error and where the result lies on standard output."""
    for name in ("base", "data", "held_out"):
        path = getattr(options, name)
        if path is not None and not path.exists():
            raise SettingsError(f"--{name.replace('_', '-')}", f"{path} is not there")
    _require_apart(options.data, options.held_out)
    try:
        from finetune.train.train import Assignment, train

        assignment = Assignment(
            base=options.base,
            data=options.data,
            held_out=options.held_out,
            out=options.out,
            models_dir=options.models_dir,
            settings=read_settings(options.config, options.set),
            chat_template=options.chat_template,
            device=options.device,
            deepspeed=options.deepspeed,
            tensorboard=options.tensorboard,
        )
        with _Bar() as bar:
            outcome = train(assignment, bar)
    except ImportError as exc:
        raise ModelRejectedError(f"{exc.name} is not installed; run `make setup-models`") from exc
    if bar.is_first:
        state = outcome.state
        if outcome.was_done:
            note("this run was finished already")
        if state.before is not None and state.best is not None:
            note(f"held-out loss: {state.before:.3f} before, {state.best:.3f} at step {state.best_step}")
        print(outcome.folder)
    return 0


def _require_apart(data: Path, held_out: Path | None) -> None:
    """What is held out must not be taught, unless both are one file: then it is to be learned by heart."""
    if held_out is None:
        return
    if held_out.samefile(data):
        note("held out is what is learned: its loss says how well that is known by heart, and nothing else")
        return
    require_apart(data, held_out)


class _Bar:
    """The live progress of a training."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]} · held out {task.fields[held_out]} · {task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=ERRORS)
        self._task: TaskID | None = None
        self._held_out = "–"
        self.is_first = False

    def __enter__(self) -> _Bar:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def note(self, message: str) -> None:
        """Print a remark above the bar."""
        self.is_first = True
        note(message)

    def reading(self, count: int) -> None:
        """Show how many conversations were read."""
        self._update("conversations", count, None)

    def step(self, point: Point, steps: int) -> None:
        """Show a step."""
        self.is_first = True
        if point.held_out is not None:
            self._held_out = f"{point.held_out:.3f}"
        loss = "–" if point.loss is None else f"{point.loss:.3f}"
        speed = f"{point.tokens / point.seconds:.0f} learned tokens/s" if point.seconds else ""
        self._update("steps", point.step, steps, loss=loss, speed=speed)

    def _update(self, what: str, done: int, total: int | None, loss: str = "–", speed: str = "") -> None:
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task(what, total=total, loss="–", held_out="–", speed="")
        self._progress.update(
            self._task,
            description=what,
            completed=done,
            total=total,
            loss=loss,
            held_out=self._held_out,
            speed=speed,
        )
