"""The loop: rows in, steps, checks; it goes on where an earlier life of it was killed.

Each step depends on the weights, the optimizer's memory and the number of the step alone: its rows come
from `packing.Schedule`, its dropout from a seed of its own. So a resumed training ends with the very weights
of an unbroken one, on one kind of device.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from safetensors import SafetensorError

from finetune.errors import TrainingError
from finetune.train.curve import Curve, Point, draw
from finetune.train.learner import Learner
from finetune.train.lessons import Lessons
from finetune.train.packing import Schedule
from finetune.train.processes import Processes
from finetune.train.run_folder import RunFolder, State
from finetune.train.settings import TrainingSettings

Report = Callable[[Point, int], None]
"""Called after each step with its point and the number of steps in all, in the first process."""


class Training:
    """One training, from where it is to its end.

    Args:
        learner: the model.
        lessons: what it learns.
        held_out: what it is tried on; None for nothing.
        settings: how.
        run: where it is kept.
        report: told of each step.
    """

    def __init__(
        self,
        learner: Learner,
        lessons: Lessons,
        held_out: Lessons | None,
        settings: TrainingSettings,
        run: RunFolder,
        report: Report = lambda _point, _steps: None,
    ) -> None:
        self._learner = learner
        self._lessons = lessons
        self._held_out = held_out
        self._settings = settings
        self._run = run
        self._report = report
        self._state = State()
        self.schedule = schedule_of(lessons, settings)

    @property
    def _processes(self) -> Processes:
        return self._learner.processes

    def run(self) -> State:
        """Train to the end, or until it gets worse.

        Returns:
            How it ended; the learner then holds the best of all checkpoints.

        Raises:
            TrainingError: the loss is no number any more, or a checkpoint cannot be written.
        """
        self._go_back_to_last_checkpoint()
        self._curve = Curve(self._run.curve, self._state.step) if self._processes.is_first else None
        if self._state.step == 0:
            self._state.before = self._held_out_loss()
            self._tell(Point(0, 0.0, None, self._state.before, 0.0, None, 0, 0.0))
        while self._state.step < self.schedule.steps and not self._has_got_worse():
            self._one_step(self._state.step + 1)
        if self._state.best_step and self._state.best_step != self._state.step:
            self._learner.load(self._run.checkpoint_of(self._state.best_step))
        return self._state

    def _go_back_to_last_checkpoint(self) -> None:
        last = self._run.last_checkpoint()
        if last is not None:
            folder, self._state = last
            self._learner.load(folder)

    def _one_step(self, step: int) -> None:
        started = time.monotonic()
        rate = self._settings.learning_rate * self.schedule.rate_at(step)
        loss, tokens = self._take_in(step)
        if not math.isfinite(loss):
            raise self._derailed(step, "loss")
        norm = self._learner.step(rate)
        if not math.isfinite(norm):
            raise self._derailed(step, "gradient")
        state = self._state
        state.step, state.tokens = step, state.tokens + tokens
        state.seconds += time.monotonic() - started
        is_check = step % self._settings.check_every == 0 or step == self.schedule.steps
        held_out = self._held_out_loss() if is_check else None
        epoch = self.schedule.epoch_at(step)
        self._tell(Point(step, epoch, loss, held_out, rate, norm, state.tokens, round(state.seconds, 3)))
        if is_check:
            self._note(held_out)
            self._save()

    def _take_in(self, step: int) -> tuple[float, int]:
        """Mean loss over the learned tokens of a step, and how many they are, in all processes."""
        _seed([self._settings.seed, step, self._processes.rank])
        rows = self.schedule.rows_of(step)
        tokens = sum(map(self._lessons.learned_in, rows))
        mine = rows[self._processes.rank :: self._processes.count]
        total = None
        for place, row in enumerate(mine, 1):
            lesson = self._lessons.lesson(row)
            loss = self._learner.take_in(lesson, 1 / tokens, is_last=place == len(mine))
            total = loss if total is None else total + loss
        return self._processes.summed(float(total)) / tokens, tokens  # type: ignore[arg-type]

    def _held_out_loss(self) -> float | None:
        """Mean over all learned tokens of the held-out conversations."""
        if self._held_out is None:
            return None
        total = tokens = 0.0
        for row in range(self._processes.rank, len(self._held_out.rows), self._processes.count):
            total += self._learner.tried(self._held_out.lesson(row))
            tokens += self._held_out.learned_in(row)
        return self._processes.summed(total) / self._processes.summed(tokens)

    def _note(self, held_out: float | None) -> None:
        state = self._state
        if held_out is None or state.best is None or held_out < state.best:
            state.best, state.best_step, state.worse_checks = held_out, state.step, 0
        else:
            state.worse_checks += 1

    def _has_got_worse(self) -> bool:
        return 0 < self._settings.patience <= self._state.worse_checks

    def _save(self) -> None:
        step, processes = self._state.step, self._processes
        try:
            if processes.is_first:
                self._run.begin_checkpoint()
            processes.wait()
            self._learner.save(self._run.checkpoints / "unfinished")
            processes.wait()
            if processes.is_first:
                self._run.finish_checkpoint(
                    self._run.checkpoints / "unfinished", self._state, self._settings.keep
                )
                draw(self._curve.points, self._run.path / "curve.svg")  # type: ignore[union-attr]
            processes.wait()
        except (OSError, RuntimeError, SafetensorError) as exc:
            raise TrainingError(
                f"the checkpoint of step {step} cannot be written ({_reason(exc)}): make room on the disk of "
                f"{self._run.path}; the same command then goes on {self._from_where()}"
            ) from exc

    def _derailed(self, step: int, what: str) -> TrainingError:
        return TrainingError(
            f"the {what} of step {step} is no number: training stopped. What was saved before is good; the "
            f"same command would go on {self._from_where()} and may meet it again, so begin anew with a "
            "lower learning_rate"
        )

    def _from_where(self) -> str:
        last = self._run.last_checkpoint()
        return "from the beginning" if last is None else f"from step {last[1].step}"

    def _tell(self, point: Point) -> None:
        if self._curve is not None:
            self._curve.add(point)
            self._report(point, self.schedule.steps)


def schedule_of(lessons: Lessons, settings: TrainingSettings) -> Schedule:
    """Rows and steps of a training."""
    return Schedule(
        len(lessons.rows), settings.rows_a_step, settings.epochs, settings.warmup_share, settings.seed
    )


def _seed(numbers: list[int]) -> None:
    import torch

    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1)[0]))


def _reason(error: BaseException) -> str:
    """What the disk said; libraries wrap it in errors of their own."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
