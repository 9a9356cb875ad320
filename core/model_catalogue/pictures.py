"""Models that paint dishes."""

from __future__ import annotations

from core.model_hub.catalogue_model import CatalogueModel, Source

_MB = 1_000_000

PICTURES = (
    CatalogueModel(
        name="taiyi",
        role="picture",
        title="Taiyi Stable Diffusion 1B Chinese v0.1",
        sources=(
            Source(
                "huggingface",
                "IDEA-CCNL/Taiyi-Stable-Diffusion-1B-Chinese-v0.1",
                "01de965a69b5a591f0cdc35f42624b4a6ff3146e",
            ),
            Source("modelscope", "Fengshenbang/Taiyi-Stable-Diffusion-1B-Chinese-v0.1"),
        ),
        licence="CreativeML OpenRAIL-M (uses are restricted)",
        size_bytes=4_200 * _MB,
        weights=(
            (
                "unet/diffusion_pytorch_model.safetensors",
                "vae/diffusion_pytorch_model.safetensors",
                "text_encoder/model.safetensors",
            ),
            (
                "unet/diffusion_pytorch_model.bin",
                "vae/diffusion_pytorch_model.bin",
                "text_encoder/pytorch_model.bin",
            ),
        ),
        files=(
            "model_index.json",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "tokenizer/vocab.txt",
            "unet/config.json",
            "vae/config.json",
        ),
        optional=("feature_extractor/preprocessor_config.json", "tokenizer/*.json"),
        settings=("IMAGE_BACKEND=taiyi", "IMAGE_MODEL={folder}"),
    ),
    CatalogueModel(
        name="sdxl",
        role="picture",
        title="Stable Diffusion XL base 1.0, English prompts",
        sources=(
            Source(
                "huggingface",
                "stabilityai/stable-diffusion-xl-base-1.0",
                "462165984030d82259a11f4367a4eed129e94a7b",
            ),
            Source("modelscope", "AI-ModelScope/stable-diffusion-xl-base-1.0"),
        ),
        licence="CreativeML OpenRAIL++-M (uses are restricted)",
        size_bytes=6_940 * _MB,
        weights=(
            (
                "unet/diffusion_pytorch_model.fp16.safetensors",
                "vae/diffusion_pytorch_model.fp16.safetensors",
                "text_encoder/model.fp16.safetensors",
                "text_encoder_2/model.fp16.safetensors",
            ),
            (
                "unet/diffusion_pytorch_model.safetensors",
                "vae/diffusion_pytorch_model.safetensors",
                "text_encoder/model.safetensors",
                "text_encoder_2/model.safetensors",
            ),
        ),
        files=(
            "model_index.json",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "text_encoder_2/config.json",
            "tokenizer/vocab.json",
            "tokenizer/merges.txt",
            "tokenizer_2/vocab.json",
            "tokenizer_2/merges.txt",
            "unet/config.json",
            "vae/config.json",
        ),
        optional=("tokenizer/*.json", "tokenizer_2/*.json"),
        settings=("IMAGE_BACKEND=taiyi", "IMAGE_MODEL={folder}", "IMAGE_SIZE=1024"),
    ),
)
