"""BCE's reranker: what CrossEncoder computes, and of a long passage the best window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.models
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from core.embedders.bce_folder import BceFolder  # noqa: E402
from core.embedders.bce_tokens import BceTokens  # noqa: E402
from core.errors import SettingsError  # noqa: E402
from core.ports import Scores  # noqa: E402
from core.rerankers.bce_reranker import BceReranker  # noqa: E402
from tests.fakes.bce_folders import BceFolders, on_the_processor  # noqa: E402

QUERY = "番茄炒蛋怎么做？"
SHORT = ["番茄炒蛋：番茄、鸡蛋", "红烧肉：五花肉、冰糖", "Kung Pao chicken: chicken, peanuts", "㊗️\u3000蛋"]
LONG = "".join(f"第{number}步：鲈鱼一条，葱姜丝，热油浇上，小火炖{number}分钟。" for number in range(90))


def reranked(folder: Path, passages: list[str], query: str = QUERY) -> Scores:
    return BceReranker(folder, on_the_processor()).rerank(query, passages)


def test_it_equals_cross_encoder(bce: BceFolders) -> None:
    from sentence_transformers import CrossEncoder

    folder = bce.published(reranker=True)
    theirs = CrossEncoder(str(folder), max_length=512, device="cpu", local_files_only=True)
    expected = theirs.predict([(QUERY, passage) for passage in SHORT])
    np.testing.assert_allclose(reranked(folder, SHORT), expected, atol=1e-6)


def test_a_long_passage_is_as_good_as_its_best_window(bce: BceFolders) -> None:
    """BCEmbedding's procedure, written out: 512 tokens, of which 80 are those before, the maximum score."""
    folder = bce.published(reranker=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True)
    query = tokenizer(QUERY)["input_ids"]
    passage = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    room = 512 - len(query) - 2
    scores, start = [], 0
    while True:
        ids = [*query, 2, *passage[start : start + room], 2]
        with torch.no_grad():
            scores.append(torch.sigmoid(model.eval()(torch.tensor([ids])).logits[0, 0]).item())
        if start + room >= len(passage):
            break
        start += room - 80
    assert len(scores) >= 4
    assert reranked(folder, [SHORT[0], LONG])[1] == pytest.approx(max(scores), abs=1e-6)


def test_onnx_equals_torch(bce: BceFolders) -> None:
    passages = [*SHORT, LONG]
    expected = reranked(bce.published(reranker=True, pickled=True), passages)
    np.testing.assert_allclose(reranked(bce.exported(reranker=True), passages), expected, atol=1e-5)


def test_int8_is_near_torch(bce: BceFolders) -> None:
    passages = [*SHORT, LONG]
    expected = reranked(bce.published(reranker=True), passages)
    np.testing.assert_allclose(
        reranked(bce.exported(reranker=True, int8=True), passages), expected, atol=0.15
    )


def test_scores_are_in_bounds_and_in_order(bce: BceFolders) -> None:
    passages = [SHORT[0], "", SHORT[1], LONG, SHORT[0]]
    scores = reranked(bce.exported(reranker=True), passages)
    assert (scores.shape, scores.dtype.name, scores[1]) == ((5,), "float32", 0)
    assert scores[0] == pytest.approx(scores[4], abs=1e-6)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert reranked(bce.exported(reranker=True), []).shape == (0,)


def test_a_question_without_end_leaves_room_for_the_passage(bce: BceFolders) -> None:
    tokens = BceTokens(BceFolder.open(bce.published(reranker=True), "reranker"))
    assert len(tokens.pairs("蛋 " * 5000, LONG)[0]) == 512
    assert reranked(bce.exported(reranker=True), SHORT, "蛋 " * 5000).shape == (4,)


@pytest.mark.parametrize("exported", [False, True])
def test_the_embedding_model_is_refused(bce: BceFolders, exported: bool) -> None:
    folder = bce.exported() if exported else bce.published()
    with pytest.raises(SettingsError, match=r"RERANKER_MODEL: .* is BCE's embedding model"):
        reranked(folder, SHORT)


def test_check_says_what_it_found(bce: BceFolders) -> None:
    folder = bce.exported(reranker=True, int8=True)
    told = BceReranker(folder, on_the_processor()).check()
    assert told.startswith(f"bce: {folder}, revision {BceFolder(folder).revision}, onnxruntime, cpu, int8, ")
    assert told.endswith(" ms")
