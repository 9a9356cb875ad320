"""A model with its optimizer: takes in rows, and makes a step when it has seen enough of them.

`Learner` is plain torch, in one process or several (DistributedDataParallel); `deepspeed_learner` has the
same under DeepSpeed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from finetune.errors import TrainingError
from finetune.train.lessons import Lesson
from finetune.train.processes import Processes
from finetune.train.settings import TrainingSettings

MODEL, OPTIMIZER = "adapter_model.safetensors", "optimizer.pt"
WHOLE_MODEL = "model.safetensors"


class Learner:
    """One process's share of a training.

    Args:
        model: ready to be taught (`base_model.load_base`), on its device.
        settings: how.
        dtype: what is reckoned in: "bfloat16" or "float32".
        processes: all of them.
    """

    def __init__(self, model: Any, settings: TrainingSettings, dtype: str, processes: Processes) -> None:
        self.model = model
        self.processes = processes
        self._settings = settings
        self._dtype = getattr(torch, dtype)
        self._learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._runner = self._prepared()

    def _prepared(self) -> Any:
        self._optimizer = adamw(self._learned, self._settings)
        if self.processes.count == 1:
            return self.model
        return torch.nn.parallel.DistributedDataParallel(
            self.model, broadcast_buffers=False, gradient_as_bucket_view=True
        )

    def take_in(self, lesson: Lesson, weight: float, *, is_last: bool) -> Any:
        """Learn from one row.

        Args:
            lesson: the row.
            weight: what the sum of its losses is multiplied with for the gradient.
            is_last: no other row follows before `step`.

        Returns:
            The sum of the losses of its learned tokens: float32 [], on the device.
        """
        self._runner.train()
        alone = nullcontext() if is_last or self.processes.count == 1 else self._runner.no_sync()
        with alone:
            loss = self._loss(lesson)
            # The gradients of all processes are averaged, where the sum is wanted.
            (loss * (weight * self.processes.count)).backward()
        return loss.detach()

    def step(self, learning_rate: float) -> float:
        """Change the model by what was taken in, unless the gradient is no number.

        Returns:
            The length of the gradient, before it was shortened.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        norm = torch.nn.utils.clip_grad_norm_(self._learned, self._settings.max_gradient_norm)
        if torch.isfinite(norm):
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return float(norm)

    def tried(self, lesson: Lesson) -> float:
        """The sum of the losses of a row, learning nothing."""
        self.model.eval()
        with torch.no_grad():
            return float(self._loss(lesson, self.model))

    def save(self, folder: Path) -> None:
        """Write what is learned, and what the optimizer remembers, into an empty folder. In each process."""
        if self.processes.is_first:
            self.save_model(folder)
            torch.save(self._optimizer.state_dict(), folder / OPTIMIZER)

    def load(self, folder: Path) -> None:
        """Go back to what `save` wrote.

        Raises:
            TrainingError: it is damaged, or another model's.
        """
        try:
            self._load_model(folder)
            state = torch.load(folder / OPTIMIZER, map_location="cpu", weights_only=True)
            self._optimizer.load_state_dict(state)
        except (OSError, RuntimeError, ValueError, KeyError) as exc:
            raise TrainingError(
                f"{folder} is damaged ({type(exc).__name__}): delete it to go on before"
            ) from exc

    def save_model(self, folder: Path) -> None:
        """Write what is learned: an adapter in peft's format, or all weights."""
        if self._settings.method == "full":
            save_file(dict(self._whole()), folder / WHOLE_MODEL, metadata={"format": "pt"})
            return
        import peft

        tensors = peft.get_peft_model_state_dict(self.model)
        tensors = {name: tensor.detach().cpu().float().contiguous() for name, tensor in tensors.items()}
        save_file(tensors, folder / MODEL, metadata={"format": "pt"})
        config = self.model.peft_config["default"]
        config.inference_mode = True
        config.save_pretrained(folder)
        config.inference_mode = False

    def _load_model(self, folder: Path) -> None:
        if self._settings.method == "full":
            self._fill(load_file(folder / WHOLE_MODEL))
            return
        import peft

        outcome = peft.set_peft_model_state_dict(self.model, load_file(folder / MODEL))
        if outcome.unexpected_keys or any("lora_" in name for name in outcome.missing_keys):
            raise KeyError(folder.name)

    def _whole(self) -> Iterator[tuple[str, Any]]:
        for name, parameter in self.model.named_parameters():  # tied weights come once
            yield name, parameter.detach().cpu()

    def _fill(self, tensors: Mapping[str, Any]) -> None:
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(tensors[name])

    def _loss(self, lesson: Lesson, model: Any = None) -> Any:
        """The sum over the learned tokens of a row: only their logits are made."""
        device = self.processes.device
        places = torch.as_tensor(lesson.predicting, device=device)
        with self._reckoning():
            logits = (model or self._runner)(
                input_ids=torch.as_tensor(lesson.tokens, device=device)[None],
                position_ids=torch.as_tensor(lesson.positions, device=device)[None],
                logits_to_keep=places,
                use_cache=False,
            ).logits[0]
        expected = torch.as_tensor(lesson.expected, device=device)
        return torch.nn.functional.cross_entropy(logits.float(), expected, reduction="sum")

    @contextmanager
    def _reckoning(self) -> Iterator[None]:
        kind = self.processes.device.partition(":")[0]
        with torch.autocast(kind, self._dtype, enabled=self._dtype != torch.float32):
            yield


def adamw(parameters: list[Any], settings: TrainingSettings) -> Any:
    """The optimizer (arXiv:1711.05101), with torch's betas, which are XTuner's too."""
    return torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)
