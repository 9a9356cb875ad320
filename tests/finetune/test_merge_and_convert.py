"""Adapters merged, XTuner's files read, layouts there and back: number for number."""

from __future__ import annotations

import json
import shutil
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.models, pytest.mark.timeout(300)]
torch = pytest.importorskip("torch", reason="requirements-models.txt is not installed")
transformers = pytest.importorskip("transformers", reason="requirements-models.txt is not installed")

from safetensors.torch import load_file, save_file  # noqa: E402

from core.devices import Placement  # noqa: E402
from core.errors import ModelRejectedError, SettingsError  # noqa: E402
from core.language_models.adapter_folder import AdapterFolder  # noqa: E402
from core.language_models.internlm2_conversion import convert  # noqa: E402
from core.language_models.internlm2_language_model import (  # noqa: E402
    InternLm2LanguageModel,
    LocalModelOptions,
)
from core.language_models.token_engine import EngineLimits, TokenEngine  # noqa: E402
from core.model_shelf import ModelShelf  # noqa: E402
from finetune.__main__ import main  # noqa: E402
from finetune.merge import difference, merge  # noqa: E402
from tests.core.language_models import internlm2_reference as reference  # noqa: E402
from tests.fakes.tiny_internlm2 import TinyInternLm2, write_weights  # noqa: E402

torch.set_num_threads(1)
SHAPE = TinyInternLm2(heads=8, key_value_heads=2)
RANK, ALPHA = 4, 16
IDS = [(7 * place + 3) % 600 for place in range(40)]
LAYERS = {
    "attention.wqkv": (96, 64),
    "attention.wo": (64, 64),
    "feed_forward.w1": (96, 64),
    "feed_forward.w2": (64, 96),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SHAPE.write(tmp_path_factory.mktemp("models") / "internlm2-tiny")


@pytest.fixture(scope="module")
def llama(source: Path) -> Path:
    convert(source, source.parent / "llama")
    return source.parent / "llama"


def xtuner_tensors() -> dict[str, Any]:
    """An adapter as XTuner trains it: on InternLM2's own layers."""
    torch.manual_seed(3)
    tensors = {}
    for number in range(SHAPE.layers):
        for part, (rows, columns) in LAYERS.items():
            layer = f"base_model.model.model.layers.{number}.{part}"
            tensors[f"{layer}.lora_A.weight"] = torch.randn(RANK, columns) / 8
            tensors[f"{layer}.lora_B.weight"] = torch.randn(rows, RANK) / 8
    return tensors


def adapted_weights() -> dict[str, Any]:
    """InternLM2's own weights with that adapter put in, by the formula alone."""
    weights, adapter = SHAPE.tensors(), xtuner_tensors()
    for name in adapter:
        if name.endswith(".lora_A.weight"):
            layer = name.removesuffix(".lora_A.weight")
            key = f"{layer.removeprefix('base_model.model.')}.weight"
            weights[key] = weights[key] + ALPHA / RANK * adapter[f"{layer}.lora_B.weight"] @ adapter[name]
    return weights


def write_adapter(folder: Path, **changes: Any) -> Path:
    """As `xtuner convert pth_to_hf` writes it."""
    folder.mkdir()
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none", "task_type": "CAUSAL_LM"}
    config |= {"base_model_name_or_path": "internlm/internlm2-chat-1_8b", "target_modules": ["wqkv", "wo"]}
    (folder / "adapter_config.json").write_text(json.dumps(config | changes))
    save_file(xtuner_tensors(), folder / "adapter_model.safetensors")
    return folder


def logits(folder: Path, ids: list[int] = IDS) -> Any:
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, trust_remote_code=False
    )
    with torch.no_grad():
        return model.eval()(torch.tensor([ids])).logits[0]


def test_an_adapter_of_xtuner_computes_the_same_here(source: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "hf")
    given = ["convert", str(adapter), str(tmp_path / "ours"), "--like", str(source)]
    assert main(given) == 0
    ours = AdapterFolder(tmp_path / "ours")
    assert ours.config["target_modules"] == ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "v_proj"]
    assert (
        main(["merge", str(tmp_path / "ours"), str(tmp_path / "merged"), "--models-dir", str(tmp_path / "m")])
        == 0
    )
    expected = reference.logits(adapted_weights(), SHAPE.config(), IDS)
    assert (logits(tmp_path / "merged") - expected).abs().max() < 1e-4


def test_the_rows_of_an_adapter_go_where_those_of_the_weight_go(source: Path, tmp_path: Path) -> None:
    main(["convert", str(write_adapter(tmp_path / "hf")), str(tmp_path / "ours"), "--like", str(source)])
    theirs, ours = xtuner_tensors(), load_file(tmp_path / "ours" / "adapter_model.safetensors")
    wqkv = theirs["base_model.model.model.layers.1.attention.wqkv.lora_B.weight"].reshape(2, 6, 8, RANK)
    layer = "base_model.model.model.layers.1.self_attn"
    assert torch.equal(ours[f"{layer}.q_proj.lora_B.weight"], wqkv[:, :4].reshape(64, RANK))
    assert torch.equal(ours[f"{layer}.k_proj.lora_B.weight"], wqkv[:, 4].reshape(16, RANK))
    assert torch.equal(ours[f"{layer}.v_proj.lora_B.weight"], wqkv[:, 5].reshape(16, RANK))
    for part in "qkv":
        copied = ours[f"{layer}.{part}_proj.lora_A.weight"]
        assert torch.equal(copied, theirs["base_model.model.model.layers.1.attention.wqkv.lora_A.weight"])


def as_mmengine_saves(path: Path, state: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """With objects of mmengine's and numpy's beside the tensors, as its runner leaves them."""
    module = types.ModuleType("mmengine.logging.history_buffer")
    history = type("HistoryBuffer", (), {"__module__": module.__name__, "__qualname__": "HistoryBuffer"})
    module.HistoryBuffer = history  # type: ignore[attr-defined]
    for name in ("mmengine", "mmengine.logging"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    buffer = history()
    buffer.values = np.arange(3.0)
    beside = {
        "message_hub": {"log_scalars": OrderedDict(loss=buffer)},
        "meta": {"epoch": 1, "seed": np.int64(5)},
    }
    torch.save({"state_dict": OrderedDict(state), **beside}, path)
    return path


def test_a_pth_of_all_weights_is_converted(
    source: Path, llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {f"llm.{name}": tensor for name, tensor in SHAPE.tensors().items()}
    file = as_mmengine_saves(tmp_path / "iter_500.pth", state, monkeypatch)
    monkeypatch.undo()
    assert main(["convert", str(file), str(tmp_path / "out"), "--like", str(source)]) == 0
    assert torch.equal(logits(tmp_path / "out"), logits(llama))


def test_a_pth_with_an_adapter_needs_its_alpha(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {f"llm.{name}": tensor for name, tensor in xtuner_tensors().items()}
    file = as_mmengine_saves(tmp_path / "iter_500.pth", state, monkeypatch)
    monkeypatch.undo()
    given = ["convert", str(file), str(tmp_path / "out"), "--like", str(source)]
    assert main(given) == 1
    assert "give --lora-alpha" in capsys.readouterr().err
    assert main([*given, "--lora-alpha", "16"]) == 0
    write_adapter(tmp_path / "hf")
    main(["convert", str(tmp_path / "hf"), str(tmp_path / "same"), "--like", str(source)])
    one, other = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("out", "same"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_deepspeeds_folder_is_read(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "iter_500.pth"
    folder.mkdir()
    state = {f"llm.{name}": tensor for name, tensor in xtuner_tensors().items()}
    torch.save({"module": state, "dtype": torch.bfloat16}, folder / "mp_rank_00_model_states.pt")
    given = ["convert", str(folder), str(tmp_path / "out"), "--like", str(source), "--lora-alpha", "16"]
    assert main(given) == 0


class _Trap:
    def __reduce__(self) -> Any:
        return (print, ("code of a checkpoint was run",))


def test_a_pth_with_code_is_refused_and_not_run(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"state_dict": {}, "meta": _Trap()}, tmp_path / "evil.pth")
    assert main(["convert", str(tmp_path / "evil.pth"), str(tmp_path / "out"), "--like", str(source)]) == 1
    said = capsys.readouterr()
    assert "evil.pth names " in said.err
    assert "print" in said.err
    assert "code of a checkpoint was run" not in said.out


def test_the_way_back_is_exact(source: Path, llama: Path, tmp_path: Path) -> None:
    assert (
        main(["convert", str(llama), str(tmp_path / "back"), "--to", "internlm2", "--like", str(source)]) == 0
    )
    back: dict[str, Any] = {}
    for file in (tmp_path / "back").glob("*.safetensors"):
        back |= load_file(file)
    expected = SHAPE.tensors()
    assert back.keys() == expected.keys()
    assert all(torch.equal(back[name], expected[name]) for name in back)
    assert json.loads((tmp_path / "back" / "config.json").read_text()) == SHAPE.config()
    convert(tmp_path / "back", tmp_path / "again")
    assert torch.equal(logits(tmp_path / "again"), logits(llama))


def test_the_way_back_needs_one_shape(
    llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = TinyInternLm2(layers=3).write(tmp_path / "other")
    assert (
        main(["convert", str(llama), str(tmp_path / "back"), "--to", "internlm2", "--like", str(other)]) == 1
    )
    assert "num_hidden_layers 2" in capsys.readouterr().err


@pytest.fixture
def adapter(source: Path, tmp_path: Path) -> Path:
    """On Llama's layers."""
    main(["convert", str(write_adapter(tmp_path / "hf")), str(tmp_path / "adapter"), "--like", str(source)])
    return tmp_path / "adapter"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_merged_is_base_with_adapter(llama: Path, adapter: Path, tmp_path: Path, dtype: str) -> None:
    base = Path(shutil.copytree(llama, tmp_path / "base"))
    for file in base.glob("model*.safetensors"):
        tensors = {name: tensor.to(getattr(torch, dtype)) for name, tensor in load_file(file).items()}
        save_file(tensors, file, metadata={"format": "pt"})
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"torch_dtype": dtype}))
    merge(base, adapter, tmp_path / "merged")
    found = difference(base, adapter, tmp_path / "merged")
    assert found.dtype == dtype
    assert 0 < found.largest <= found.allowed
    assert found.largest < {"float32": 1e-4, "bfloat16": 0.7}[dtype]
    names = {path.name for path in (tmp_path / "merged").iterdir()}
    assert {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"} <= names
    assert not any(name.endswith((".py", ".part")) for name in names)


def test_the_bot_loads_an_adapter_as_merge_writes_it(llama: Path, adapter: Path, tmp_path: Path) -> None:
    merge(llama, adapter, tmp_path / "merged")
    limits = EngineLimits(1, 512)
    engine = TokenEngine.load(llama, Placement("cpu", "float32"), "none", limits, AdapterFolder(adapter))
    try:
        with torch.no_grad():
            actual = engine._model(torch.tensor([IDS])).logits[0]
    finally:
        engine.stop()
    merged: dict[str, Any] = {}
    for file in (tmp_path / "merged").glob("model*.safetensors"):
        merged |= load_file(file)
    assert (actual - logits(tmp_path / "merged")).abs().max() < 1e-5


def test_an_adapter_on_four_bits_stays_beside_them(llama: Path, adapter: Path) -> None:
    from core.language_models.adapter_on_model import put_on

    model = transformers.AutoModelForCausalLM.from_pretrained(llama, dtype=torch.float32)
    before = model.model.layers[0].self_attn.q_proj.weight.clone()
    put_on(model, AdapterFolder(adapter), beside=True)
    assert torch.equal(model.model.layers[0].self_attn.q_proj.base_layer.weight, before)
    with torch.no_grad():
        actual = model(torch.tensor([IDS])).logits[0]
    assert (actual - reference.logits(adapted_weights(), SHAPE.config(), IDS)).abs().max() < 1e-4


def test_an_adapter_for_another_base_is_named(llama: Path, adapter: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(llama, tmp_path / "other"))
    shape = TinyInternLm2(hidden=32, intermediate=64, heads=4, key_value_heads=2)
    shutil.rmtree(other)
    convert(shape.write(tmp_path / "small"), other)
    with pytest.raises(ModelRejectedError, match="adapter is an adapter for another model than other"):
        merge(other, adapter, tmp_path / "merged")
    note = {"name": "internlm2-chat-1_8b-llama", "fingerprint": "0" * 64, "hidden_size": 64}
    (adapter / "base.json").write_text(json.dumps(note))
    with pytest.raises(ModelRejectedError, match="was trained on internlm2-chat-1_8b-llama, not on llama"):
        merge(llama, adapter, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_base_that_is_not_there_is_named(
    adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(
        json.dumps(config | {"base_model_name_or_path": "gone/base"})
    )
    assert main(["merge", str(adapter), str(tmp_path / "merged")]) == 1
    assert "is an adapter for gone/base, which is not there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"use_dora": True}, "use_dora is set"),
        ({"peft_type": "PREFIX_TUNING"}, "peft_type is PREFIX_TUNING"),
        ({"bias": "all"}, "bias is trained too"),
        ({"r": 8}, "is not of rank 8"),
    ],
)
def test_what_is_more_than_lora_is_refused(
    llama: Path, adapter: Path, change: dict[str, Any], words: str
) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | change))
    with pytest.raises(ModelRejectedError, match=words):
        AdapterFolder(adapter).check_fits(llama)


def test_a_merged_folder_is_replaced_and_a_foreign_one_is_not(
    llama: Path, adapter: Path, tmp_path: Path
) -> None:
    merge(llama, adapter, tmp_path / "merged")
    merge(llama, adapter, tmp_path / "merged")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("mine")
    with pytest.raises(ModelRejectedError, match="holds something else"):
        merge(llama, adapter, tmp_path / "thesis")


def test_an_adapter_in_pytorchs_old_format_is_read(source: Path, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "hf")
    (folder / "adapter_model.safetensors").unlink()
    torch.save(xtuner_tensors(), folder / "adapter_model.bin")
    assert main(["convert", str(folder), str(tmp_path / "ours"), "--like", str(source)]) == 0


def test_a_single_file_is_enough(tmp_path: Path) -> None:
    source = SHAPE.write(tmp_path / "one", shards=1)
    assert (source / "model.safetensors").exists()
    write_weights(source, SHAPE.tensors(), shards=1, pickled=False)
    convert(source, tmp_path / "out")
    assert logits(tmp_path / "out").shape == (40, 606)


def test_the_bot_names_a_base_that_is_not_there(adapter: Path, tmp_path: Path) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(
        json.dumps(config | {"base_model_name_or_path": "gone/base"})
    )
    with pytest.raises(SettingsError, match="LLM_MODEL: adapter is an adapter for gone/base"):
        InternLm2LanguageModel(adapter, tmp_path, ModelShelf(1 << 30), LocalModelOptions("cpu"))


def test_the_bot_takes_the_base_from_where_models_are_kept(
    source: Path, adapter: Path, tmp_path: Path
) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    named = config | {"base_model_name_or_path": f"/elsewhere/{source.name}"}
    (adapter / "adapter_config.json").write_text(json.dumps(named))
    model = InternLm2LanguageModel(adapter, source.parent, ModelShelf(1 << 30), LocalModelOptions("cpu"))
    assert model.name == "internlm2/adapter"
    (adapter / "base.json").write_text(json.dumps({"hidden_size": 4096}))
    assert model.recommended_sampling.repetition_penalty == 1.005
