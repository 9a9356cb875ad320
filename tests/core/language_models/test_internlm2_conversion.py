"""InternLM2 as Llama: the same numbers, the same tokens, whatever interrupts the conversion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.models
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

import sentencepiece  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from core.errors import ModelRejectedError  # noqa: E402
from core.language_models import internlm2_conversion  # noqa: E402
from core.language_models.internlm2_conversion import convert, converted_folder, is_converted, verify  # noqa: E402
from core.language_models.internlm2_folder import InternLm2Folder  # noqa: E402
from core.language_models.internlm2_tokenizer import tokenizer_of  # noqa: E402
from core.language_models.internlm2_weights import Heads, as_llama, put_together  # noqa: E402
from tests.core.language_models import internlm2_reference as reference  # noqa: E402
from tests.fakes.tiny_internlm2 import CHAT_MARKS, TEXTS, TinyInternLm2  # noqa: E402

DYNAMIC = {"type": "dynamic", "factor": 2.0}


@pytest.mark.parametrize(
    ("shape", "shards", "pickled"),
    [
        (TinyInternLm2(), 1, False),
        (TinyInternLm2(), 3, False),
        (TinyInternLm2(bias=True, key_value_heads=8), 2, True),
        (TinyInternLm2(key_value_heads=1, rope_scaling=DYNAMIC, max_positions=32), 1, True),
    ],
)
def test_the_converted_model_computes_the_same(
    shape: TinyInternLm2, shards: int, pickled: bool, tmp_path: Path
) -> None:
    source = shape.write(tmp_path / "internlm2-chat-1_8b", shards=shards, pickled=pickled)
    convert(source, tmp_path / "out")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "out", dtype=torch.float32, trust_remote_code=False, attn_implementation="eager"
    )
    for length in (1, 17, 60):
        ids = [(7 * place + 3) % 600 for place in range(length)]
        expected = reference.logits(shape.tensors(), shape.config(), ids)
        with torch.no_grad():
            actual = model(torch.tensor([ids])).logits[0]
        assert (actual - expected).abs().max() < 2e-5


def test_the_way_back_is_exact() -> None:
    heads = Heads(2, 4, 8)
    wqkv = torch.randn(heads.key_value * (heads.queries_each + 2) * heads.size, 16)
    parts = dict(as_llama("model.layers.3.attention.wqkv.weight", wqkv, heads))
    queries, keys, values = (parts[f"model.layers.3.self_attn.{p}_proj.weight"] for p in "qkv")
    assert queries.shape == (64, 16)
    assert torch.equal(put_together(queries, keys, values, heads), wqkv)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TinyInternLm2().write(tmp_path_factory.mktemp("models") / "internlm2-chat-1.8b", shards=3)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("红烧肉番茄炒蛋怎么做 \n\t09az，。😀鱻é\u3000"), max_size=40))
def test_tokens_are_those_of_sentencepiece(source: Path, text: str) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(source / "tokenizer.model"))
    tokenizer = tokenizer_of(InternLm2Folder(source))
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert ids == processor.encode(text)
    assert tokenizer.decode(ids) == text


def test_the_chat_marks_are_single_tokens_that_end_answers(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "out")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out", trust_remote_code=False)
    ids = tokenizer(list(CHAT_MARKS), add_special_tokens=False).input_ids
    assert [len(each) for each in ids] == [1] * len(CHAT_MARKS)
    generation = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert generation["eos_token_id"] == [2, tokenizer.convert_tokens_to_ids("<|im_end|>")]
    asked = [{"role": "user", "content": TEXTS[0]}]
    written = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    assert written == f"<s><|im_start|>user\n{TEXTS[0]}<|im_end|>\n<|im_start|>assistant\n"


def test_an_interrupted_conversion_goes_on(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    convert(source, whole)
    with pytest.raises(KeyboardInterrupt):
        convert(source, resumed, lambda done, _total: _interrupt_at(2, done))
    assert not is_converted(source, resumed)
    (resumed / "model-00003-of-00003.safetensors.part").write_bytes(b"half")
    first = (resumed / "model-00001-of-00003.safetensors").stat().st_mtime_ns
    convert(source, resumed)
    assert (resumed / "model-00001-of-00003.safetensors").stat().st_mtime_ns == first
    assert is_converted(source, resumed)
    names = sorted(path.name for path in whole.iterdir())
    assert sorted(path.name for path in resumed.iterdir()) == names
    for name in names:
        assert (resumed / name).read_bytes() == (whole / name).read_bytes()
    monkeypatch.setattr(internlm2_conversion, "_convert_file", None)
    convert(source, resumed)  # nothing is left to do


def _interrupt_at(limit: int, done: int) -> None:
    if done == limit:
        raise KeyboardInterrupt


def test_a_changed_source_is_converted_anew(source: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(source, changed)
    convert(changed, tmp_path / "out")
    config = TinyInternLm2().config() | {"rope_theta": 10_000}
    (changed / "config.json").write_text(json.dumps(config))
    assert not is_converted(changed, tmp_path / "out")
    convert(changed, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["rope_theta"] == 10_000


def test_damage_is_found(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "out")
    verify(tmp_path / "out")
    shard = tmp_path / "out" / "model-00002-of-00003.safetensors"
    data = bytearray(shard.read_bytes())
    data[-1] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ModelRejectedError, match=r"00002-of-00003\.safetensors is damaged"):
        verify(tmp_path / "out")


def test_the_converted_folder_has_no_dot_in_its_name() -> None:
    assert converted_folder(Path("/m/internlm2-chat-1.8b"), Path("d")) == Path("d/internlm2-chat-1_8b-llama")


# ── Bad folders ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(source, tmp_path / "folder"))


def refusal(folder: Path, target: Path) -> str:
    with pytest.raises(ModelRejectedError) as caught:
        convert(folder, target)
    return caught.value.message


def test_a_half_downloaded_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "model-00002-of-00003.safetensors").unlink()
    assert "1 of 3 weight files are missing" in refusal(folder, tmp_path / "out")


def test_a_file_cut_short_is_refused(folder: Path, tmp_path: Path) -> None:
    shard = folder / "model-00002-of-00003.safetensors"
    shard.write_bytes(shard.read_bytes()[:5000])
    assert "model-00002-of-00003.safetensors cannot be read" in refusal(folder, tmp_path / "out")


def test_another_architecture_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    assert "model_type is qwen2, not internlm2" in refusal(folder, tmp_path / "out")


def test_a_pickle_with_code_is_refused_and_not_run(folder: Path, tmp_path: Path) -> None:
    for file in folder.glob("model*.safetensors*"):
        file.unlink()
    trap = tmp_path / "trap"
    (folder / "pytorch_model.bin").write_bytes(b"cposix\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")
    assert "pytorch_model.bin cannot be read" in refusal(folder, tmp_path / "out")
    assert not trap.exists()


def test_a_foreign_tokenizer_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "tokenizer.model").write_bytes(b"not a model")
    assert "tokenizer.model is no SentencePiece model" in refusal(folder, tmp_path / "out")
    (folder / "tokenizer.model").unlink()
    assert "tokenizer.model is missing" in refusal(folder, tmp_path / "out2")


def test_an_index_cannot_reach_outside(folder: Path, tmp_path: Path) -> None:
    index = {"weight_map": {"output.weight": "../../secret.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "outside of the folder" in refusal(folder, tmp_path / "out")


def test_weights_that_do_not_fit_the_configuration_are_refused(folder: Path, tmp_path: Path) -> None:
    config = TinyInternLm2().config() | {"num_key_value_heads": 4}
    (folder / "config.json").write_text(json.dumps(config))
    assert "rows where config.json asks for" in refusal(folder, tmp_path / "out")


def test_a_full_disk_is_told_before_anything_is_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    assert "0.0 GB are free" in refusal(source, tmp_path / "out")


def test_a_folder_of_something_else_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    assert "holds something else" in refusal(source, tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"
