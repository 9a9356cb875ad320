"""The processes that train together: one, or as many as torchrun or `accelerate launch` started.

Both tell each process its place in the environment (RANK, WORLD_SIZE, LOCAL_RANK), which is all that is
needed: https://docs.pytorch.org/docs/stable/elastic/run.html.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from core.devices import placement_of
from finetune.errors import TrainingError

_PATIENCE = timedelta(hours=6)
"""The others wait while the first converts the base and writes the tokens of the conversations."""


@dataclass(frozen=True, slots=True)
class Processes:
    """This process and those beside it.

    Attributes:
        rank: its number; the first writes what is kept.
        count: of all.
        device: of this one, as torch names it.
    """

    rank: int
    count: int
    device: str

    @property
    def is_first(self) -> bool:
        """Whether it is the one that writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            import torch.distributed as dist

            dist.barrier()

    def summed(self, value: float) -> float:
        """The sum over all processes."""
        if self.count == 1:
            return value
        import torch
        import torch.distributed as dist

        total = torch.tensor([value], dtype=torch.float64, device=self._reckoning_device)
        dist.all_reduce(total)
        return float(total.item())

    @property
    def _reckoning_device(self) -> str:
        return self.device if self.device.startswith("cuda") else "cpu"


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the processes that were started together, and part at the end.

    Args:
        device: as the setting DEVICE; several processes share out the GPUs.

    Raises:
        SettingsError: there is no such device.
        TrainingError: more processes on this computer than GPUs.
    """
    count, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    name = placement_of(device, "auto").device
    if count == 1:
        yield Processes(0, 1, name)
        return
    import torch
    import torch.distributed as dist

    if name.startswith("cuda"):
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise TrainingError(f"more processes than the {torch.cuda.device_count()} GPUs of this computer")
        name = f"cuda:{local}"
        torch.cuda.set_device(name)
    dist.init_process_group("nccl" if name.startswith("cuda") else "gloo", timeout=_PATIENCE)
    try:
        yield Processes(rank, count, name)
    finally:
        dist.destroy_process_group()
