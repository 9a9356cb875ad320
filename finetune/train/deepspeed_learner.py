"""The same learner under DeepSpeed's ZeRO-2 (arXiv:1910.02054): each GPU holds a share of the optimizer.

DeepSpeed is not among this project's requirements: `pip install deepspeed` on a computer with CUDA.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finetune.errors import TrainingError
from finetune.train.learner import Learner, adamw
from finetune.train.lessons import Lesson
from finetune.train.settings import CONFIGS

_TAG = "deepspeed"


class DeepSpeedLearner(Learner):
    """As `Learner`; all processes call everything together.

    Raises:
        TrainingError: DeepSpeed is not installed or does not start here.
    """

    def _prepared(self) -> Any:
        try:
            import deepspeed
        except Exception as exc:
            raise TrainingError(
                f"--deepspeed needs DeepSpeed, which cannot be loaded here ({type(exc).__name__}): "
                "`pip install deepspeed` on a computer with CUDA, or leave --deepspeed out"
            ) from exc
        self._engine, self._optimizer, _, _ = deepspeed.initialize(
            model=self.model,
            optimizer=adamw(self._learned, self._settings),
            config=self._configuration(),
            dist_init_required=False,
        )
        return self._engine

    def take_in(self, lesson: Lesson, weight: float, *, is_last: bool) -> Any:
        """As `Learner.take_in`; DeepSpeed itself keeps the gradients until the last row."""
        self._engine.set_gradient_accumulation_boundary(is_boundary=is_last)
        self._engine.train()
        loss = self._loss(lesson)
        self._engine.backward(loss * (weight * self.processes.count), scale_wrt_gas=False)
        return loss.detach()

    def step(self, learning_rate: float) -> float:
        """As `Learner.step`."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._engine.step()
        return float(self._engine.get_global_grad_norm() or 0.0)

    def save(self, folder: Path) -> None:
        """As `Learner.save`, with DeepSpeed's own files beside the adapter."""
        if self.processes.is_first:
            self.save_model(folder)
        self._engine.save_checkpoint(str(folder), tag=_TAG, exclude_frozen_parameters=True)

    def load(self, folder: Path) -> None:
        """As `Learner.load`.

        Raises:
            TrainingError: it is damaged, or another model's.
        """
        try:
            self._load_model(folder)
            self._engine.load_checkpoint(str(folder), tag=_TAG, load_module_strict=False)
        except (OSError, RuntimeError, ValueError, KeyError) as exc:
            raise TrainingError(
                f"{folder} is damaged ({type(exc).__name__}): delete it to go on before"
            ) from exc

    def _configuration(self) -> dict[str, Any]:
        configuration = json.loads((CONFIGS / "deepspeed_zero2.json").read_text(encoding="utf-8"))
        return dict(configuration) | {
            "train_micro_batch_size_per_gpu": 1,
            "gradient_accumulation_steps": self._settings.rows_a_step // self.processes.count,
            "gradient_clipping": self._settings.max_gradient_norm,
        }
