"""InternLM2's shapes with random weights: answers a second, beside the plain loop that TheGodOfCookery has.

Run as:
    python -m tests.benchmarks.language_model --shape 1_8b          # a GPU; about 3 minutes
    python -m tests.benchmarks.language_model --shape tiny          # anywhere; no figures, only that it runs

The published configurations (internlm2-chat-1_8b, -7b) with random weights: speed depends on shapes alone.
The plain loop is `model.generate` with a dynamic cache, one chat after another, as a lock around one model
makes it. Both write exactly the same number of tokens for every chat.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from rich.console import Console
from rich.table import Table

from core.devices import placement_of
from core.language_models.token_engine import EngineLimits, TokenEngine
from core.ports import Sampling

SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "vocab_size": 1000},
    "1_8b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
             "num_attention_heads": 16, "num_key_value_heads": 8, "vocab_size": 92_544},
    "7b": {"hidden_size": 4096, "intermediate_size": 14_336, "num_hidden_layers": 32,
           "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 92_544},
}  # fmt: skip
PROMPT_TOKENS = 600
"""Rules, a recipe and a question."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What one way of answering came to."""

    tokens_a_second: float
    first_token_ms: float
    peak_gigabytes: float


class _Marks:
    """Stands in for a tokenizer; the benchmark speaks token ids."""

    chat_template = ""


def prompts(count: int, vocabulary: int) -> list[list[int]]:
    """Alike at the beginning, as prompts with the same rules are."""
    generator = torch.Generator().manual_seed(7)
    rules = torch.randint(10, vocabulary, (PROMPT_TOKENS // 2,), generator=generator).tolist()
    return [
        rules + torch.randint(10, vocabulary, (PROMPT_TOKENS // 2,), generator=generator).tolist()
        for _ in range(count)
    ]


def plain_loop(model: Any, asked: list[list[int]], new_tokens: int) -> Speed:
    """One chat after another."""
    _reset_peak(model)
    first: list[float] = []
    started = time.perf_counter()
    for ids in asked:
        streamer = _FirstToken()
        model.generate(
            torch.tensor([ids], device=model.device),
            do_sample=True,
            temperature=0.8,
            top_p=0.8,
            min_new_tokens=new_tokens,
            max_new_tokens=new_tokens,
            pad_token_id=0,
            streamer=streamer,
        )
        first.append(streamer.at - started)  # what the last in line waited
    seconds = time.perf_counter() - started
    return Speed(len(asked) * new_tokens / seconds, max(first) * 1000, _peak(model))


async def together(engine: TokenEngine, model: Any, asked: list[list[int]], new_tokens: int) -> Speed:
    """All at once."""
    _reset_peak(model)
    sampling = Sampling(temperature=0.8, top_p=0.8, max_output_tokens=new_tokens, top_k=50)
    first: list[float] = []
    counts: list[int] = []
    started = time.perf_counter()

    async def ask(ids: list[int]) -> None:
        count = 0
        async for _token in engine.tokens(ids, sampling):
            if not count:
                first.append(time.perf_counter() - started)
            count += 1
        counts.append(count)

    await asyncio.gather(*(ask(ids) for ids in asked))
    seconds = time.perf_counter() - started
    return Speed(sum(counts) / seconds, max(first) * 1000, _peak(model))


class _FirstToken(transformers.generation.streamers.BaseStreamer):  # type: ignore[misc]
    def __init__(self) -> None:
        self.at = 0.0
        self._calls = 0

    def put(self, _value: Any) -> None:
        self._calls += 1
        if self._calls == 2:  # the first call is the prompt
            self.at = time.perf_counter()

    def end(self) -> None:
        pass


def _reset_peak(model: Any) -> None:
    if model.device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()


def _peak(model: Any) -> float:
    return torch.cuda.max_memory_allocated() / 1e9 if model.device.type == "cuda" else 0.0


def _model(shape: dict[str, Any], device: str, dtype: str) -> Any:
    # No token ends an answer: all are of one length.
    config = transformers.LlamaConfig(
        **shape, max_position_embeddings=32_768, rope_theta=1_000_000, bos_token_id=1, eos_token_id=None
    )
    with torch.device(device):
        torch.set_default_dtype(getattr(torch, dtype))
        model = transformers.LlamaForCausalLM(config).eval()
        torch.set_default_dtype(torch.float32)
    return model


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="1_8b")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--chats", type=int, default=16)
    parser.add_argument("--new-tokens", type=int, default=200)
    options = parser.parse_args()
    placement = placement_of(options.device, "auto")
    shape = SHAPES[options.shape]
    model = _model(shape, placement.device, placement.dtype)
    asked = prompts(options.chats, shape["vocab_size"])
    plain_loop(model, asked[:1], 4)  # kernels are made on first use
    rows = {
        "plain loop, 1 chat": plain_loop(model, asked[:1], options.new_tokens),
        f"plain loop, {options.chats} chats": plain_loop(model, asked, options.new_tokens),
    }
    engine = TokenEngine(model, _Marks(), EngineLimits(requests=options.chats))
    try:
        asyncio.run(together(engine, model, asked[:1], 4))
        one = asyncio.run(together(engine, model, asked[:1], options.new_tokens))
        many = asyncio.run(together(engine, model, asked, options.new_tokens))
    finally:
        engine.stop()
    rows |= {"ours, 1 chat": one, f"ours, {options.chats} chats": many}
    table = Table(
        "way", "tokens/s", "last first token, ms", "peak GB", title=f"{options.shape} on {placement}"
    )
    for name, speed in rows.items():
        table.add_row(
            name, f"{speed.tokens_a_second:.1f}", f"{speed.first_token_ms:.0f}", f"{speed.peak_gigabytes:.1f}"
        )
    console = Console()
    console.print(table)
    ratio = many.tokens_a_second / rows[f"plain loop, {options.chats} chats"].tokens_a_second
    console.print(f"ours to the plain loop at {options.chats} chats: {ratio:.1f}")


if __name__ == "__main__":
    main()
