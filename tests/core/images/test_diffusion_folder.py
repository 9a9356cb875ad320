"""Folders that are no model, half of one, or more than one bargained for; nothing of them is loaded."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelRejectedError, SettingsError
from core.images.diffusion_folder import DiffusionFolder, lora_file

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "scheduler": ["diffusers", "PNDMScheduler"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "feature_extractor": [None, None],
    "text_encoder": ["transformers", "BertModel"],
    "tokenizer": ["transformers", "BertTokenizerFast"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def safetensors(dtype: str = "F32", size: int = 400) -> bytes:
    header = json.dumps({"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size - 8 - len(header))


def a_model(folder: Path, index: dict[str, Any] | None = None, *, dtype: str = "F32") -> Path:
    """Taiyi's layout with weights of 400 bytes a part."""
    files = {
        "unet/diffusion_pytorch_model.safetensors": safetensors(dtype),
        "vae/diffusion_pytorch_model.safetensors": safetensors(dtype),
        "text_encoder/model.safetensors": safetensors(dtype),
        "tokenizer/vocab.txt": b"[PAD]\n",
        "pipeline.py": b"raise SystemExit\n",
    }
    configs = ("unet/config.json", "vae/config.json", "text_encoder/config.json")
    for name in (*configs, "scheduler/scheduler_config.json"):
        files[name] = b"{}"
    files["model_index.json"] = json.dumps(INDEX if index is None else index).encode()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def fault_of(folder: Path) -> str:
    with pytest.raises(SettingsError) as raised:
        DiffusionFolder.opened(folder)
    assert raised.value.setting == "IMAGE_MODEL"
    return raised.value.message


def test_a_whole_model(tmp_path: Path) -> None:
    folder = DiffusionFolder.opened(a_model(tmp_path / "taiyi-v0.1"))
    assert (folder.kind, folder.name, folder.variant) == ("sd", "taiyi-v0.1", "")
    assert folder.classes == {
        "unet": "UNet2DConditionModel",
        "vae": "AutoencoderKL",
        "text_encoder": "BertModel",
        "tokenizer": "BertTokenizer",
    }
    assert (folder.weight_bytes(4), folder.weight_bytes(2)) == (1200, 600)


def test_weights_in_sixteen_bits_count_as_such(tmp_path: Path) -> None:
    folder = DiffusionFolder.opened(a_model(tmp_path / "half", dtype="F16"))
    assert (folder.weight_bytes(4), folder.weight_bytes(2)) == (2400, 1200)


def test_a_replaced_model_has_another_revision(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m")
    before = DiffusionFolder.opened(folder).revision
    assert DiffusionFolder.opened(folder).revision == before
    (folder / "unet/diffusion_pytorch_model.safetensors").write_bytes(safetensors(size=404))
    assert DiffusionFolder.opened(folder).revision != before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"_class_name": "FluxPipeline"}, "is a FluxPipeline; known are StableDiffusionPipeline"),
        ({"_class_name": ["pipeline", "MyPipeline"]}, "no code is run"),
        ({"_class_name": None}, "no code is run"),
        (
            {"unet": ["my_unet", "UNet2DConditionModel"]},
            "unet is ['my_unet', 'UNet2DConditionModel']: unknown",
        ),
        ({"text_encoder": ["transformers", "T5EncoderModel"]}, "text_encoder is"),
        ({"vae": ["diffusers", "AutoencoderKL", "x"]}, "vae is"),
        ({"vae": None}, "vae is None"),
        ({"tokenizer": "BertTokenizer"}, "tokenizer is BertTokenizer"),
        ({"controlnet": ["diffusers", "ControlNetModel"]}, "a part that is not known: controlnet"),
        ({"_class_name": "StableDiffusionXLPipeline"}, "text_encoder_2 is None"),
    ],
)
def test_other_architectures_and_code_are_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    assert said in fault_of(a_model(tmp_path / "m", {**INDEX, **changes}))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model_index.json", None, "lacks model_index.json"),
        ("model_index.json", b"[]", "is no JSON object"),
        ("model_index.json", b"{", "is damaged: it is not JSON"),
        ("model_index.json", b"\xff\xfe", "is not a text file"),
        ("unet/diffusion_pytorch_model.safetensors", None, "lacks the weights of unet"),
        ("vae/diffusion_pytorch_model.safetensors", b"", "not downloaded completely: vae/"),
        (
            "text_encoder/model.safetensors",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 400\n",
            "not downloaded completely: text_encoder/",
        ),
        ("text_encoder/config.json", None, "lacks text_encoder/config.json"),
        ("scheduler/scheduler_config.json", None, "lacks scheduler/scheduler_config.json"),
        ("tokenizer/vocab.txt", None, "lacks tokenizer/vocab.txt"),
    ],
)
def test_half_a_model_names_what_is_missing(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    folder = a_model(tmp_path / "m")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert said in fault_of(folder)


def test_no_folder_at_all(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "nowhere") == f"IMAGE_MODEL: there is no folder {tmp_path / 'nowhere'}"


def test_weights_in_several_files(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m")
    unet = folder / "unet"
    (unet / "diffusion_pytorch_model.safetensors").rename(unet / "part-1.safetensors")
    index = unet / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}')
    assert "lacks unet/part-2.safetensors" in fault_of(folder)
    (unet / "part-2.safetensors").write_bytes(safetensors())
    files = DiffusionFolder.opened(folder).weight_files["unet"]
    assert [path.name for path in files] == ["part-1.safetensors", "part-2.safetensors"]
    index.write_text('{"weight_map": {"a": "../../../etc/passwd"}}')
    assert "weight_map is not as it should be" in fault_of(folder)


def test_weights_under_halfs_names_only(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m", dtype="F16")
    for part, stem in (
        ("unet", "diffusion_pytorch_model"),
        ("vae", "diffusion_pytorch_model"),
        ("text_encoder", "model"),
    ):
        (folder / part / f"{stem}.safetensors").rename(folder / part / f"{stem}.fp16.safetensors")
    opened = DiffusionFolder.opened(folder)
    assert (opened.variant, opened.weight_bytes(2)) == ("fp16", 1200)


def test_pickled_weights_that_call_anything_are_refused_before_they_are_read(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m")
    (folder / "text_encoder/model.safetensors").rename(folder / "text_encoder/pytorch_model.bin")
    (folder / "text_encoder/pytorch_model.bin").write_bytes(
        b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
    )
    opened = DiffusionFolder.opened(folder)
    with pytest.raises(ModelRejectedError, match=r"m/text_encoder/pytorch_model.bin carries code"):
        opened.refuse_code()


def test_a_damaged_header_is_told_from_its_size(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "m")
    (folder / "unet/diffusion_pytorch_model.safetensors").write_bytes(b"\xff" * 400)
    with pytest.raises(ModelRejectedError, match="is damaged: is it whole"):
        DiffusionFolder.opened(folder).weight_bytes(2)


def test_where_lora_weights_may_be(tmp_path: Path) -> None:
    file = tmp_path / "loras" / "food.safetensors"
    file.parent.mkdir()
    file.write_bytes(safetensors())
    assert lora_file(file) == lora_file(file.parent) == file
    for wrong in (tmp_path, tmp_path / "nowhere.safetensors", tmp_path / "food.bin", tmp_path / "nowhere"):
        with pytest.raises(
            SettingsError, match=r"^IMAGE_LORA: .* is neither a .safetensors file nor a folder"
        ):
            lora_file(wrong)
    (tmp_path / "loras" / "other.safetensors").write_bytes(safetensors())
    with pytest.raises(SettingsError, match="IMAGE_LORA"):
        lora_file(file.parent)
