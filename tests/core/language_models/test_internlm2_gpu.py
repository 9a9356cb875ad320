"""On a GPU: every way of holding a model loads, answers and gives its memory back."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.gpu
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
if not torch.cuda.is_available():
    pytest.skip("no CUDA GPU here", allow_module_level=True)

from core.language_models.internlm2_language_model import (  # noqa: E402
    InternLm2LanguageModel,
    LocalModelOptions,
)
from core.model_shelf import ModelShelf  # noqa: E402
from core.ports import (  # noqa: E402
    ChatMessage,
    Sampling,
)
from tests.fakes.tiny_internlm2 import TinyInternLm2  # noqa: E402

ASKED = [ChatMessage("user", "红烧肉怎么做")]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TinyInternLm2(max_positions=8192).write(tmp_path_factory.mktemp("models") / "internlm2")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("quantization", ["none", "int8", "nf4"])
async def test_a_model_answers_and_gives_its_memory_back(
    source: Path, tmp_path: Path, dtype: str, quantization: str
) -> None:
    if quantization != "none":
        pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    options = LocalModelOptions("cuda", dtype, quantization, requests=2, cache_tokens=2048)  # type: ignore[arg-type]
    model = InternLm2LanguageModel(source, tmp_path, ModelShelf(10_000_000_000), options)
    before = torch.cuda.memory_allocated()
    sampling = Sampling(temperature=0, max_output_tokens=20)
    written = "".join([piece async for piece in model.stream(ASKED, sampling)])
    assert written
    assert "cuda:0" in await model.check()
    await model.close()
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() - before < 50_000_000
