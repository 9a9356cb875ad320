"""Tiny Stable Diffusion models with random weights in the layouts that are published.

`write_stable_diffusion`: as diffusers saves them today. `write_taiyi`: as published in 2022: pickled
weights, a BERT as text encoder, a vocab.txt and nothing else as tokenizer, old names in the VAE's attention,
a safety checker that is not in the folder. `write_sdxl`: two text encoders.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

WIDTH = 32
CLIP_MARKS = ("<|startoftext|>", "<|endoftext|>")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CHARACTERS = (
    "一盘碗杯份番茄炒鸡蛋红烧肉五花清蒸鲈鱼配米饭美食摄影壁纸高清广告资讯新闻水印文字人物模糊,，！。；4k"
)
OLD_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
VAE_BLOCKS: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "latent_channels": 4,
    "scaling_factor": 0.18215,
}
SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.7.2",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
}
EVIL = "raise SystemExit('code of a model folder was run')\n"


def write_stable_diffusion(folder: Path, *, seed: int = 7, half: bool = False) -> Path:
    """Stable Diffusion 1 as it is saved today; `half`: fp16 weights under fp16's names only."""
    import torch

    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    for part, model in (("unet", _unet()), ("vae", _vae()), ("text_encoder", _clip())):
        (model.half() if half else model).save_pretrained(folder / part, variant="fp16" if half else None)
    _write_clip_tokenizer(folder / "tokenizer")
    _write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    _write_index(folder, "StableDiffusionPipeline", text_encoder="CLIPTextModel", tokenizer="CLIPTokenizer")
    return folder


def write_taiyi(folder: Path, *, seed: int = 7, at_real_shape: bool = False) -> Path:
    """The 2022 layout; at its real shape it takes 4.1 GB of disk and as much memory."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    vocabulary = [*SPECIAL, *dict.fromkeys(CHARACTERS)]
    if at_real_shape:
        vocabulary += [f"[unused{number}]" for number in range(21_128 - len(vocabulary))]
        config = BertConfig(vocab_size=len(vocabulary))
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
        vae = AutoencoderKL(
            **VAE_BLOCKS, block_out_channels=(128, 256, 512, 512), layers_per_block=2, sample_size=512
        )
    else:
        config = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=37,
        )
        unet, vae = _unet(), _vae()
    bert = BertModel(config)
    _save_pickled(folder / "unet", unet, "diffusion_pytorch_model.bin")
    _save_pickled(folder / "vae", vae, "diffusion_pytorch_model.bin", _with_old_names(vae.state_dict()))
    _save_pickled(folder / "text_encoder", bert, "pytorch_model.bin")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    _write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    _write_index(
        folder,
        "StableDiffusionPipeline",
        text_encoder="BertModel",
        tokenizer="BertTokenizer",
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
        feature_extractor=["transformers", "CLIPFeatureExtractor"],
    )
    (folder / "pipeline.py").write_text(EVIL)
    return folder


def write_sdxl(folder: Path, *, seed: int = 7) -> Path:
    """SDXL."""
    import torch

    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    parts = {
        "unet": _unet(
            cross_attention_dim=2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
            transformer_layers_per_block=(1, 1),
            use_linear_projection=True,
        ),
        "vae": _vae(),
        "text_encoder": _clip(),
        "text_encoder_2": _clip(projected=True),
    }
    for part, model in parts.items():
        model.save_pretrained(folder / part)
    _write_clip_tokenizer(folder / "tokenizer")
    shutil.copytree(folder / "tokenizer", folder / "tokenizer_2")
    _write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    _write_index(
        folder,
        "StableDiffusionXLPipeline",
        text_encoder="CLIPTextModel",
        tokenizer="CLIPTokenizer",
        text_encoder_2=["transformers", "CLIPTextModelWithProjection"],
        tokenizer_2=["transformers", "CLIPTokenizer"],
        force_zeros_for_empty_prompt=True,
    )
    return folder


def write_lora(path: Path, *, rank: int = 4, width: int = WIDTH, seed: int = 7) -> Path:
    """LoRA weights for the first attention of `_unet`, as diffusers saves them."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    unet = _unet()
    tensors = {}
    for name, module in unet.named_modules():
        if name.endswith(("attn2.to_k", "attn2.to_v")) and isinstance(module, torch.nn.Linear):
            inside = module.in_features if width == WIDTH else width
            tensors[f"unet.{name}.lora_A.weight"] = torch.randn(rank, inside)
            tensors[f"unet.{name}.lora_B.weight"] = torch.randn(module.out_features, rank)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return path


def spoil_vae(folder: Path, value: float) -> None:
    """Have the decoder give `value` for every pixel and colour: NaN, or black at -10."""
    import torch
    from safetensors.torch import load_file, save_file

    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors["decoder.conv_out.weight"] = torch.zeros_like(tensors["decoder.conv_out.weight"])
    tensors["decoder.conv_out.bias"] = torch.full_like(tensors["decoder.conv_out.bias"], value)
    save_file(tensors, path, metadata={"format": "pt"})


def _unet(**changes: Any) -> Any:
    from diffusers import UNet2DConditionModel

    settings: dict[str, Any] = {
        "sample_size": 64,
        "block_out_channels": (WIDTH, 2 * WIDTH),
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 8,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    }
    return UNet2DConditionModel(**settings | changes)


def _vae() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        **VAE_BLOCKS, block_out_channels=(8, 8, 16, 16), norm_num_groups=4, layers_per_block=1, sample_size=64
    )


def _clip(*, projected: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=512 + len(CLIP_MARKS),
        hidden_size=WIDTH,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        projection_dim=WIDTH,
        bos_token_id=512,
        eos_token_id=513,
    )
    return CLIPTextModelWithProjection(config) if projected else CLIPTextModel(config)


def _write_clip_tokenizer(folder: Path) -> None:
    """CLIP's byte-level BPE without merges: a token a byte."""
    letters = _byte_letters()
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *CLIP_MARKS]
    _write_json(folder / "vocab.json", {token: number for number, token in enumerate(tokens)})
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    settings = {"bos_token": CLIP_MARKS[0], "eos_token": CLIP_MARKS[1], "pad_token": CLIP_MARKS[1]}
    _write_json(
        folder / "tokenizer_config.json",
        {**settings, "unk_token": CLIP_MARKS[1], "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"},
    )


def _byte_letters() -> list[str]:
    """GPT-2's letter for each byte."""
    shown = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(spare)) for byte in range(256)]


def _with_old_names(tensors: dict[str, Any]) -> dict[str, Any]:
    renamed = {}
    for name, tensor in tensors.items():
        old = name
        if ".attentions." in name:
            for now, then in OLD_ATTENTION.items():
                old = old.replace(f".{now}.", f".{then}.")
        renamed[old] = tensor
    return renamed


def _save_pickled(folder: Path, model: Any, name: str, tensors: dict[str, Any] | None = None) -> None:
    import torch

    folder.mkdir(parents=True)
    if hasattr(model, "save_config"):
        model.save_config(folder)
    else:
        model.config.save_pretrained(folder)
    torch.save(tensors or model.state_dict(), folder / name)


def _write_index(folder: Path, pipeline: str, *, text_encoder: str, tokenizer: str, **more: Any) -> None:
    index = {
        "_class_name": pipeline,
        "_diffusers_version": "0.7.2",
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", text_encoder],
        "tokenizer": ["transformers", tokenizer],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    _write_json(folder / "model_index.json", index | more)


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
