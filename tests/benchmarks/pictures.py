"""What a photo costs at Taiyi's real shape with random weights: time does not depend on the numbers.

    python -m tests.benchmarks.pictures                              # 512², 20 steps, a GPU if there is one
    python -m tests.benchmarks.pictures --device cpu --dtype bfloat16 --steps 2
    python -m tests.benchmarks.pictures --keep FOLDER                 # keep the model, and use it again

Needs `make setup-models`, 5 GB of memory and 5 GB of disk.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from core.devices import placement_of
from core.images.diffusion_folder import DiffusionFolder
from core.images.diffusion_painter import DiffusionPainter
from core.images.dish_prompt import chinese_prompt
from tests.core.card_recipes import a_recipe
from tests.fakes.tiny_diffusion import write_taiyi


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one picture in seconds, and bytes of memory; the peak is known on a GPU only."""

    load_seconds: float
    picture_seconds: float
    weight_bytes: int
    peak_bytes: int


def model_in(folder: Path) -> Path:
    """The model at its real shape, made where it is not there."""
    path = folder / "taiyi-shape"
    return path if path.exists() else write_taiyi(path, at_real_shape=True)


def cost_of(model: Path, device: str, dtype: str, *, steps: int, size: int, times: int) -> Cost:
    """Load `model` and paint `times` pictures after one that warms up; the median counts."""
    import torch

    placement = placement_of(device, dtype)
    started = time.perf_counter()
    painter = DiffusionPainter.load(DiffusionFolder.opened(model), placement, None, 1.0)
    loaded = time.perf_counter() - started
    prompt = painter.fitted(chinese_prompt(a_recipe()))

    def seconds(seed: int) -> float:
        begun = time.perf_counter()
        painter.paint(
            prompt, seed=seed, steps=steps, size=size, guidance=7.5, on_step=lambda _done, _total: None
        )
        return time.perf_counter() - begun

    if times > 1:
        seconds(0)
    taken = [seconds(number) for number in range(times)]
    peak = torch.cuda.max_memory_allocated() if placement.device.startswith("cuda") else 0
    return Cost(loaded, statistics.median(taken), painter.memory_bytes, peak)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        cost = cost_of(
            model_in(chosen.keep or Path(spare)),
            chosen.device,
            chosen.dtype,
            steps=chosen.steps,
            size=chosen.size,
            times=chosen.times,
        )
    sys.stdout.write(
        f"{chosen.size}² in {chosen.steps} steps: {cost.picture_seconds:.2f} s; "
        f"loaded in {cost.load_seconds:.1f} s, weights {cost.weight_bytes / 1e9:.2f} GB, "
        f"peak {cost.peak_bytes / 1e9:.2f} GB\n"
    )


if __name__ == "__main__":
    main()
