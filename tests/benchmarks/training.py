"""LoRA at InternLM2's shapes with random weights: tokens a second and memory, beside a plain peft loop.

Run as:
    python -m tests.benchmarks.training --shape 1_8b          # a GPU; a few minutes
    python -m tests.benchmarks.training --shape tiny          # anywhere; no figures, only that it runs

Conversations of 60 to 600 tokens, three quarters of them answers. The plain loop is what most examples of
peft show: four conversations a batch, padded to the longest, logits of all tokens. Tokens are counted without
padding.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from rich.console import Console
from rich.table import Table

from core.devices import Placement, placement_of
from finetune.train.learner import Learner
from finetune.train.lessons import Lesson
from finetune.train.packing import packed
from finetune.train.processes import Processes
from finetune.train.settings import TrainingSettings
from tests.benchmarks.language_model import SHAPES

BATCH = 4
Chats = list[np.ndarray[Any, np.dtype[np.int64]]]


@dataclass(frozen=True, slots=True)
class Speed:
    """What one way of training came to."""

    tokens_a_second: float
    peak_gigabytes: float


def chats_of(count: int, vocabulary: int, longest: int) -> Chats:
    """Random conversations."""
    random = np.random.default_rng(7)
    return [random.integers(10, vocabulary, size) for size in random.integers(longest // 10, longest, count)]


def model_of(shape: dict[str, Any], placement: Placement, settings: TrainingSettings) -> Any:
    """A random model with an adapter, its blocks checkpointed."""
    import peft

    config = transformers.LlamaConfig(**shape, max_position_embeddings=32_768, rope_theta=1_000_000)
    with torch.device(placement.device):
        torch.set_default_dtype(getattr(torch, placement.dtype))
        model = transformers.LlamaForCausalLM(config)
        torch.set_default_dtype(torch.float32)
    model.activation_checkpointing_enable({"use_reentrant": False})
    lora = peft.LoraConfig(
        r=settings.lora_rank, lora_alpha=settings.lora_alpha, target_modules=list(settings.lora_targets)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peft.get_peft_model(model, lora)


def plain(model: Any, chats: Chats, placement: Placement) -> Callable[[], int]:
    """One pass of the plain loop; returns its tokens."""
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4)
    kind, reckoned = placement.device.partition(":")[0], getattr(torch, placement.dtype)

    def run() -> int:
        model.train()
        for start in range(0, len(chats), BATCH):
            batch = chats[start : start + BATCH]
            ids = torch.zeros(len(batch), max(map(len, batch)), dtype=torch.long)
            labels = torch.full_like(ids, -100)
            for row, chat in enumerate(batch):
                ids[row, : len(chat)] = torch.as_tensor(chat)
                labels[row, len(chat) // 4 : len(chat)] = torch.as_tensor(chat[len(chat) // 4 :])
            given = {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": labels}
            given = {name: tensor.to(placement.device) for name, tensor in given.items()}
            with torch.autocast(kind, reckoned, enabled=reckoned != torch.float32):
                loss = model(**given, use_cache=False).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return sum(map(len, chats))

    return run


def ours(model: Any, chats: Chats, placement: Placement, settings: TrainingSettings) -> Callable[[], int]:
    """One pass of ours; returns its tokens."""
    learner = Learner(model, settings, placement.dtype, Processes(0, 1, placement.device))
    rows = packed(np.array([len(chat) for chat in chats]), settings.row_tokens)

    def lesson(row: list[int]) -> Lesson:
        tokens = np.concatenate([chats[index] for index in row])
        positions = np.concatenate([np.arange(len(chats[index])) for index in row])
        sizes = np.concatenate([np.full(len(chats[index]), len(chats[index])) for index in row])
        predicting = np.flatnonzero((positions >= sizes // 4)[1:])
        predicting = predicting[positions[predicting + 1] > 0]
        return Lesson(tokens, positions, predicting, tokens[predicting + 1])

    def run() -> int:
        for row in rows:
            made = lesson(row)
            learner.take_in(made, 1 / len(made.expected), is_last=True)
            learner.step(2e-4)
        return sum(map(len, chats))

    return run


def measured(run: Callable[[], int], device: str) -> Speed:
    """The second of two passes: kernels are made on first use."""
    run()
    is_cuda = device.startswith("cuda")
    if is_cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    tokens = run()
    if is_cuda:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    return Speed(tokens / seconds, torch.cuda.max_memory_allocated() / 1e9 if is_cuda else 0.0)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="1_8b")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--chats", type=int, default=64)
    parser.add_argument("--row-tokens", type=int, default=2048)
    options = parser.parse_args()
    placement = placement_of(options.device, "auto")
    settings = TrainingSettings(row_tokens=options.row_tokens, lora_dropout=0.0)
    chats = chats_of(options.chats, SHAPES[options.shape]["vocab_size"], min(600, options.row_tokens))
    table = Table("way", "tokens/s", "peak GB", title=f"LoRA, {options.shape} on {placement}")
    speeds = []
    for name in ("plain peft loop", "ours"):
        model = model_of(SHAPES[options.shape], placement, settings)
        run = ours(model, chats, placement, settings) if name == "ours" else plain(model, chats, placement)
        speeds.append(measured(run, placement.device))
        table.add_row(name, f"{speeds[-1].tokens_a_second:.0f}", f"{speeds[-1].peak_gigabytes:.1f}")
        del model, run
        if placement.is_gpu:
            torch.cuda.empty_cache()
    console = Console()
    console.print(table)
    console.print(f"ours to the plain loop: {speeds[1].tokens_a_second / speeds[0].tokens_a_second:.2f}")


if __name__ == "__main__":
    main()
