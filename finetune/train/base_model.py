"""The model that is taught: found, converted if it must be, loaded, given its adapter."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

from core.devices import Placement
from core.errors import ModelRejectedError
from core.language_models.adapter_folder import BASE_NOTE, fingerprint_of, is_adapter
from core.language_models.internlm2_conversion import in_llamas_layout
from core.language_models.internlm2_tokenizer import CHAT_TEMPLATE
from core.model_files import read_json
from finetune.errors import TrainingError
from finetune.train.settings import TrainingSettings

_MARKS = ("<|im_start|>", "<|im_end|>")
_SAFE: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}


def trainable_folder(base: Path, models_dir: Path) -> Path:
    """`base` in a layout that transformers knows: InternLM2's own is converted first, into `models_dir`.

    Raises:
        ModelRejectedError: it is no model's folder.
    """
    if is_adapter(base):
        raise ModelRejectedError(
            f"{base.name} is an adapter: merge it with its base first, then train on that"
        )
    if read_json(base / "config.json").get("model_type") == "internlm2":
        return in_llamas_layout(base, models_dir)
    return base


def load_tokenizer(folder: Path, chat_template: str = "") -> Any:
    """The base's tokenizer.

    Args:
        folder: the base's.
        chat_template: "chatml" for a base that has none of its own.

    Raises:
        TrainingError: it has no chat template, or none that is known here.
        ModelRejectedError: it cannot be loaded.
    """
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **_SAFE)
    except (OSError, ValueError, KeyError, ImportError) as exc:
        raise ModelRejectedError(
            f"{folder.name}: its tokenizer cannot be loaded ({type(exc).__name__})"
        ) from exc
    vocabulary = tokenizer.get_vocab()
    missing = [mark for mark in _MARKS if mark not in vocabulary]
    if missing:
        raise TrainingError(
            f"{folder.name}: its vocabulary has no {missing[0]}, a mark of the one chat format that is known "
            "here (ChatML); take the chat variant of this model"
        )
    if not tokenizer.chat_template and chat_template != "chatml":
        raise TrainingError(
            f"{folder.name} has no chat template: it was never taught to chat. Take the chat variant of this "
            "model, or give --chat-template chatml to teach it that format"
        )
    if not tokenizer.chat_template:
        tokenizer.chat_template = CHAT_TEMPLATE.removeprefix("{{ bos_token }}")
    return tokenizer


def load_base(folder: Path, settings: TrainingSettings, placement: Placement) -> Any:
    """The base, ready to be taught: frozen but for its adapter, or whole for "full".

    Raises:
        ModelRejectedError: it cannot be loaded.
        TrainingError: it has no such layers as `lora_targets` names.
    """
    import torch
    import transformers

    from core.language_models.token_engine import quantization_config

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    # Weights that are changed themselves need 32 bits: small steps vanish in 16.
    dtype = torch.float32 if settings.method == "full" else getattr(torch, placement.dtype)
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            device_map=placement.device,
            quantization_config=quantization_config("nf4", placement) if settings.method == "qlora" else None,
            use_safetensors=True,
            **_SAFE,
        )
    except (OSError, ValueError, KeyError, ImportError) as exc:
        raise ModelRejectedError(
            f"{folder.name} cannot be loaded ({type(exc).__name__}): is it whole?"
        ) from exc
    for module in model.modules():
        # On a processor bitsandbytes packs weights when a model is tried, for kernels without gradients.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    torch.manual_seed(settings.seed)  # what an adapter begins with
    model.config.use_cache = False
    if settings.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return model if settings.method == "full" else with_adapter(model, settings, folder)


def with_adapter(model: Any, settings: TrainingSettings, folder: Path) -> Any:
    """`model` frozen, with a fresh adapter in 32 bits.

    Raises:
        TrainingError: it has no such layers as `lora_targets` names.
    """
    import peft

    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    unknown = [target for target in settings.lora_targets if target not in names]
    if unknown:
        raise TrainingError(f"lora_targets: {folder.name} has no layers named {unknown[0]}")
    config = peft.LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=list(settings.lora_targets),
        task_type="CAUSAL_LM",
    )
    with warnings.catch_warnings():  # peft asks transformers by a name that is going away
        warnings.simplefilter("ignore", FutureWarning)
        adapted = peft.get_peft_model(model, config)
    config.base_model_name_or_path = str(folder.resolve())
    return adapted


def write_base_note(base: Path, folder: Path) -> None:
    """Note in an adapter's folder which base it is for."""
    hidden = read_json(base / "config.json").get("hidden_size")
    note = {"name": base.name, "fingerprint": fingerprint_of(base), "hidden_size": hidden}
    (folder / BASE_NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")
