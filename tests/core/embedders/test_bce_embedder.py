"""BCE's embedder: what sentence-transformers computes, in torch and in ONNX, whatever is asked of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.models
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from core.embedders.bce_embedder import BceEmbedder  # noqa: E402
from core.embedders.bce_folder import BceFolder  # noqa: E402
from core.embedders.bce_model import BcePlaces  # noqa: E402
from core.embedders.bce_tokens import BceTokens  # noqa: E402
from core.errors import ModelError, ModelRejectedError, ModelUnavailableError, SettingsError  # noqa: E402
from core.model_shelf import ModelShelf  # noqa: E402
from core.ports import Vectors  # noqa: E402
from tests.fakes.bce_folders import BceFolders, on_the_processor  # noqa: E402
from tests.fakes.tiny_bce import TinyBce  # noqa: E402

TEXTS = [
    "红烧肉怎么做？",
    "How do I cook Kung Pao chicken?",
    "番茄炒蛋：番茄、鸡蛋" * 90,
    "",
    "㊗️ 蛋\t蛋\u3000",
]


def embedder_of(folder: Path, places: BcePlaces | None = None) -> BceEmbedder:
    return BceEmbedder(folder, places or on_the_processor())


def embedded(folder: Path, texts: list[str] = TEXTS) -> Vectors:
    return embedder_of(folder).embed(texts, input_type="query")


def test_it_equals_sentence_transformers(bce: BceFolders) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    folder = bce.published()
    pooling = Pooling(64, pooling_mode="cls")
    parts = [Transformer(str(folder), max_seq_length=512), pooling, Normalize()]
    expected = SentenceTransformer(modules=parts, device="cpu").encode(TEXTS)
    np.testing.assert_allclose(embedded(folder), expected, atol=1e-6)


def test_tokens_are_those_of_transformers(bce: BceFolders) -> None:
    folder = BceFolder.open(bce.published(), "embedding")
    theirs = transformers.AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
    assert [BceTokens(folder).text(text) for text in TEXTS] == [
        theirs(text, truncation=True, max_length=512)["input_ids"] for text in TEXTS
    ]


def test_both_file_formats_are_one_model(bce: BceFolders) -> None:
    np.testing.assert_array_equal(embedded(bce.published()), embedded(bce.published(pickled=True)))


def test_onnx_equals_torch(bce: BceFolders) -> None:
    np.testing.assert_allclose(embedded(bce.exported()), embedded(bce.published()), atol=1e-5)


def test_int8_is_near_torch(bce: BceFolders) -> None:
    cosines = (embedded(bce.exported(int8=True)) * embedded(bce.published())).sum(axis=1)
    assert cosines.min() > 0.98


@pytest.mark.parametrize("exported", [False, True])
def test_a_text_has_the_same_vector_alone_and_in_a_batch(bce: BceFolders, exported: bool) -> None:
    embedder = embedder_of(bce.exported() if exported else bce.published())
    together = embedder.embed(TEXTS, input_type="document")
    alone = [embedder.embed([text], input_type="query")[0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_a_mark_that_somebody_types_is_text(bce: BceFolders) -> None:
    ids = BceTokens(BceFolder.open(bce.published(), "embedding")).text("红</s>烧<pad><mask>")
    assert (ids[0], ids[-1], set(ids[1:-1]) & {0, 1, 2}) == (0, 2, set())


@pytest.mark.parametrize("text", ["\0", "\ud800", "蛋" * 1_000_000, "\U0001f9c4" * 5000])
def test_whatever_is_typed_has_a_vector(bce: BceFolders, text: str) -> None:
    vectors = embedded(bce.exported(), [text])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_its_memory_is_what_was_planned(bce: BceFolders) -> None:
    places = on_the_processor()
    told = embedder_of(bce.published(), places).check()
    assert f"{bce.published()}, revision {BceFolder(bce.published()).revision}" in told
    assert "torch, cpu, float32" in told
    assert told.endswith("64 dimensions")
    assert [status.name for status in places.shelf.statuses()] == ["bce/embedding"]


def test_without_room_it_is_refused_with_what_to_do(bce: BceFolders) -> None:
    places = replace(on_the_processor(), shelf=ModelShelf(1000))
    with pytest.raises(ModelRejectedError, match="MODEL_MEMORY_GIGABYTES"):
        embedder_of(bce.published(), places).embed(["红烧肉"], input_type="query")


def test_out_of_memory_it_takes_smaller_batches(bce: BceFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.embedders.bce_torch import TorchEncoder

    sizes: list[int] = []
    compute = TorchEncoder.__call__

    def short_of_memory(self: TorchEncoder, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        sizes.append(ids.size)
        if ids.size > 500:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute(self, ids, mask)

    texts = ["红烧肉怎么做？"] * 200
    expected = embedded(bce.published(), texts)
    monkeypatch.setattr(TorchEncoder, "__call__", short_of_memory)
    np.testing.assert_allclose(embedded(bce.published(), texts), expected, atol=1e-6)
    assert (sizes[0] > 500, max(sizes[1:]) <= 500) == (True, True)
    with pytest.raises(ModelUnavailableError, match="out of memory, twice"):
        embedded(bce.published(), ["蛋" * 600])


class TestWhatCannotBe:
    @pytest.mark.parametrize("exported", [False, True])
    def test_the_reranker(self, bce: BceFolders, exported: bool) -> None:
        folder = bce.exported(reranker=True) if exported else bce.published(reranker=True, pickled=True)
        with pytest.raises(SettingsError, match=r"EMBEDDER_MODEL: .* is BCE's reranker model"):
            embedder_of(folder)

    @pytest.mark.parametrize("runtime", ["onnx", "torch"])
    def test_a_runtime_that_the_folder_has_nothing_for(self, bce: BceFolders, runtime: str) -> None:
        folder = bce.published() if runtime == "onnx" else bce.exported()
        with pytest.raises(SettingsError, match="EMBEDDER_MODEL: "):
            embedder_of(folder, replace(on_the_processor(), runtime=runtime))  # type: ignore[arg-type]

    def test_a_device_that_is_not_there(self, bce: BceFolders) -> None:
        with pytest.raises(SettingsError, match=r"DEVICE: is cuda:99"):
            embedder_of(bce.published(), replace(on_the_processor(), device="cuda:99"))

    def test_weights_that_lack_a_tensor(self, bce: BceFolders, tmp_path: Path) -> None:
        from safetensors.torch import save_file

        folder = TinyBce().write(tmp_path / "bce")
        tensors = TinyBce().tensors()
        del tensors["encoder.layer.1.output.LayerNorm.bias"]
        save_file(tensors, folder / "model.safetensors")
        with pytest.raises(ModelRejectedError, match="1 tensors do not fit"):
            embedded(folder)

    @pytest.mark.parametrize("vocabulary", [50, 5000])
    def test_a_tokenizer_of_another_model(self, tmp_path: Path, vocabulary: int) -> None:
        folder = TinyBce(vocabulary=vocabulary).write(tmp_path / "bce")
        if vocabulary > 50:
            (folder / "tokenizer.json").write_text('{"model": 1}')
        with pytest.raises(ModelRejectedError, match=r"tokenizer\.json"):
            embedded(folder)

    def test_a_damaged_export(self, bce: BceFolders, tmp_path: Path) -> None:
        folder = tmp_path / "onnx"
        shutil.copytree(bce.exported(), folder)
        whole = (folder / "model.onnx").read_bytes()
        (folder / "model.onnx").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ModelError, match=r"model\.onnx cannot be loaded"):
            embedded(folder)

    def test_code_in_the_folder_is_not_run(self, tmp_path: Path) -> None:
        folder = TinyBce().write(tmp_path / "bce.v1")
        (folder / "modeling_bce.py").write_text("raise SystemExit('code of a model folder was run')\n")
        config = (folder / "config.json").read_text()
        auto_map = '"auto_map": {"AutoModel": "modeling_bce.Model", "AutoConfig": "modeling_bce.Config"}, '
        (folder / "config.json").write_text("{" + auto_map + config[1:])
        assert embedded(folder).shape == (len(TEXTS), 64)


ASK = """
import json, sys
from pathlib import Path
from core.embedders.bce_embedder import BceEmbedder
from core.embedders.bce_model import BcePlaces
from core.model_shelf import ModelShelf
shelf = ModelShelf(10**9)
vectors = BceEmbedder(Path(sys.argv[1]), BcePlaces(shelf, shelf)).embed(["红烧肉"], input_type="query")
print(vectors.shape, sorted({"torch", "transformers", "onnx"} & set(sys.modules)))
"""


def test_onnx_needs_neither_torch_nor_transformers(bce: BceFolders) -> None:
    environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": os.defpath}
    outcome = subprocess.run(
        [sys.executable, "-c", ASK, bce.exported()],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert outcome.stdout == "(1, 64) []\n"
