"""On a GPU: throughput of BCE's models at their real shape (random weights; time does not depend on them)."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

pytestmark = pytest.mark.gpu
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
if not torch.cuda.is_available():
    pytest.skip("no CUDA device", allow_module_level=True)

from core.embedders.bce_embedder import BceEmbedder  # noqa: E402
from core.embedders.bce_model import BcePlaces  # noqa: E402
from core.model_shelf import ModelShelf  # noqa: E402
from core.rerankers.bce_reranker import BceReranker  # noqa: E402
from tests.benchmarks.bce import MANY, PASSAGES, QUESTION, real_shape  # noqa: E402
from tests.fakes.bce_folders import on_the_processor  # noqa: E402

QUESTIONS_A_SECOND = 10_000
PAIRS_A_SECOND = 3_000


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[BceEmbedder, BceReranker]:
    root = tmp_path_factory.mktemp("bce")
    shelf = ModelShelf(4_000_000_000)
    places = BcePlaces(shelf, shelf, device="cuda")
    embedding = real_shape(reranker=False).write(root / "embedding")
    reranking = real_shape(reranker=True).write(root / "reranker")
    return BceEmbedder(embedding, places), BceReranker(reranking, places)


def seconds(call: Callable[[], object]) -> float:
    call()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def test_questions_embedded(
    models: tuple[BceEmbedder, BceReranker], record_property: Callable[[str, object], None]
) -> None:
    rate = len(MANY) / seconds(lambda: models[0].embed(MANY, input_type="document"))
    record_property("questions_a_second", round(rate))
    record_property("peak_gigabytes", torch.cuda.max_memory_allocated() / 1e9)
    assert rate >= QUESTIONS_A_SECOND


def test_pairs_reranked(
    models: tuple[BceEmbedder, BceReranker], record_property: Callable[[str, object], None]
) -> None:
    passages = PASSAGES * 100
    rate = len(passages) / seconds(lambda: models[1].rerank(QUESTION, passages))
    record_property("pairs_a_second", round(rate))
    assert rate >= PAIRS_A_SECOND


def test_sixteen_bits_are_near_thirty_two(
    models: tuple[BceEmbedder, BceReranker], tmp_path_factory: pytest.TempPathFactory
) -> None:
    exact = BceEmbedder(
        real_shape(reranker=False).write(tmp_path_factory.mktemp("cpu") / "embedding"), on_the_processor()
    )
    vectors = [model.embed(MANY[:8], input_type="query") for model in (models[0], exact)]
    assert np.min((vectors[0] * vectors[1]).sum(axis=1)) > 0.99
