"""Many answers from one model at once, each the same as if it were alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.models
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from core.devices import Placement  # noqa: E402
from core.errors import ModelRejectedError, ModelUnavailableError  # noqa: E402
from core.language_models.internlm2_conversion import convert  # noqa: E402
from core.language_models.token_engine import (  # noqa: E402
    EngineLimits,
    Quantization,
    TokenEngine,
    quantization_config,
)
from core.ports import Sampling  # noqa: E402
from tests.fakes.tiny_internlm2 import TinyInternLm2  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

CPU = Placement("cpu", "float32")
GREEDY = Sampling(temperature=0, max_output_tokens=24)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    convert(TinyInternLm2().write(folder / "internlm2"), folder / "llama")
    return folder / "llama"


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[TokenEngine]:
    engine = TokenEngine.load(folder, CPU, "none", EngineLimits(requests=4, cache_tokens=4096))
    yield engine
    engine.stop()


def prompt(seed: int, length: int = 30) -> list[int]:
    return [1, *((seed * 13 + place * 7) % 500 + 20 for place in range(length))]


async def answer(engine: TokenEngine, ids: Sequence[int], sampling: Sampling = GREEDY) -> list[int]:
    return [token async for token in engine.tokens(ids, sampling)]


def alone(folder: Path, ids: list[int], **choices: float) -> list[int]:
    """What plain `generate` writes."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    options = {"do_sample": False, "max_new_tokens": 24, "pad_token_id": 2, **choices}
    written = model.generate(torch.tensor([ids]), **options)[0, len(ids) :].tolist()
    ends = model.generation_config.eos_token_id
    return [token for token in written if token not in ends]


async def test_many_at_once_write_what_each_writes_alone(engine: TokenEngine, folder: Path) -> None:
    prompts = [prompt(seed, 20 + seed * 5) for seed in range(7)]
    answers = await asyncio.gather(*(answer(engine, ids) for ids in prompts))
    assert list(answers) == [alone(folder, ids) for ids in prompts]


async def test_the_repetition_penalty_is_that_of_generate(engine: TokenEngine, folder: Path) -> None:
    penalised = Sampling(temperature=0, max_output_tokens=24, repetition_penalty=1.3)
    ids = prompt(3)
    plain, first, second = await asyncio.gather(
        answer(engine, ids), answer(engine, ids, penalised), answer(engine, prompt(4), penalised)
    )
    assert plain == alone(folder, ids)
    assert first == alone(folder, ids, repetition_penalty=1.3) != plain
    assert second == alone(folder, prompt(4), repetition_penalty=1.3)


async def test_sampling_is_each_request_s_own(engine: TokenEngine) -> None:
    wild = Sampling(temperature=2.0, top_p=1.0, top_k=500, max_output_tokens=24)
    answers = await asyncio.gather(*(answer(engine, prompt(1), each) for each in (GREEDY, wild, GREEDY)))
    assert answers[0] == answers[2] != answers[1]


async def test_a_reader_who_leaves_stops_the_work(engine: TokenEngine) -> None:
    endless = Sampling(temperature=0, max_output_tokens=2000)
    for _ in range(12):  # more than may run at once: what was left must have given its place back
        async with aclosing(engine.tokens(prompt(5), endless)) as tokens:
            await anext(tokens)
    assert await answer(engine, prompt(1)) == await answer(engine, prompt(1))


async def test_a_stopped_engine_says_so(folder: Path) -> None:
    engine = TokenEngine.load(folder, CPU, "none", EngineLimits(requests=1, cache_tokens=1024))
    await answer(engine, prompt(1))
    await asyncio.to_thread(engine.stop)
    with pytest.raises(ModelUnavailableError):
        await answer(engine, prompt(1))


@pytest.mark.parametrize(("kind", "likeness"), [("int8", 0.99), ("nf4", 0.95)])
async def test_a_quantised_model_says_nearly_the_same(
    tmp_path: Path, kind: Quantization, likeness: float
) -> None:
    pytest.importorskip("bitsandbytes", reason="requirements-models.txt is not installed")
    # On a processor, bitsandbytes' 4 bits want blocks of 32 by 64, as real models have them.
    shape = TinyInternLm2(intermediate=128, key_value_heads=4)
    folder = tmp_path / "llama"
    convert(shape.write(tmp_path / "internlm2"), folder)
    whole = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    placement = Placement("cpu", "bfloat16")
    small = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, quantization_config=quantization_config(kind, placement)
    )
    ids = torch.tensor([prompt(1)])
    with torch.no_grad():
        expected, actual = whole(ids).logits.float(), small(ids).logits.float()
    assert torch.nn.functional.cosine_similarity(expected, actual, dim=-1).min() > likeness
    engine = TokenEngine.load(folder, placement, kind, EngineLimits(requests=1, cache_tokens=1024))
    assert len(await answer(engine, prompt(1))) > 0
    await asyncio.to_thread(engine.stop)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ModelRejectedError, match="cannot be loaded"):
        TokenEngine.load(tmp_path, CPU, "none", EngineLimits())
