"""Stable Diffusion in memory: loading its parts one by one, and painting from a seed.

Imports torch, transformers and diffusers: import it where a model is loaded, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
import transformers

from core.devices import Placement
from core.errors import ModelRejectedError, ModelResponseError
from core.images.diffusion_folder import DiffusionFolder
from core.images.dish_prompt import DishPrompt
from core.images.picture_checks import Pixels

Step = Callable[[int, int], None]
"""Called after each step with (done, total), in the painting thread; what it raises ends the painting."""

_CLIP_TOKENS = 77
"""What Stable Diffusion is trained with; a tokenizer without a limit of its own (vocab.txt alone) gets it."""
_UNTRAINED = ("pooler.", "position_ids")
"""Tensors of text encoders that no picture depends on; published folders lack them at times."""
_PROBE = "番茄炒鸡蛋配米饭"


class DiffusionPainter:
    """A loaded pipeline. Paint in one thread at a time."""

    def __init__(self, pipeline: Any, placement: Placement) -> None:
        self._pipeline = pipeline
        self.where = f"{placement.device}, {placement.dtype}"
        self.reads_chinese = _reads_chinese(pipeline.tokenizer)

    @classmethod
    def load(
        cls, folder: DiffusionFolder, placement: Placement, lora: Path | None, lora_scale: float
    ) -> DiffusionPainter:
        """Load a checked folder. Blocking.

        Raises:
            ModelRejectedError: a part cannot be loaded, or the LoRA weights do not fit it.
        """
        _be_quiet()
        folder.refuse_code()
        pipeline = _pipeline(folder, placement).to(placement.device)
        pipeline.set_progress_bar_config(disable=True)
        for tokenizer in _tokenizers(pipeline):
            _limit(tokenizer, pipeline.text_encoder)
        if lora is not None:
            _add_lora(pipeline, lora, lora_scale)
        return cls(pipeline, placement)

    @property
    def memory_bytes(self) -> int:
        """What the weights take."""
        modules = (part for part in self._pipeline.components.values() if isinstance(part, torch.nn.Module))
        return sum(p.numel() * p.element_size() for module in modules for p in module.parameters())

    def fitted(self, prompt: DishPrompt) -> DishPrompt:
        """As much of a prompt as every text encoder takes."""
        tokenizers = _tokenizers(self._pipeline)

        def count(text: str) -> int:
            return max(len(tokenizer(text).input_ids) for tokenizer in tokenizers)

        return prompt.fitted(count, min(tokenizer.model_max_length for tokenizer in tokenizers))

    def paint(
        self, prompt: DishPrompt, *, seed: int, steps: int, size: int, guidance: float, on_step: Step
    ) -> Pixels | None:
        """The picture, `size` pixels wide and high; None when NaN came out. The same seed, the same picture.

        Raises:
            ModelResponseError: the model failed.
            RuntimeError: out of memory.
        """

        def after_step(_pipeline: Any, done: int, _timestep: Any, kept: dict[str, Any]) -> dict[str, Any]:
            on_step(done + 1, steps)
            return kept

        with _inputs_refused(), torch.inference_mode():
            pixels = self._pipeline(
                prompt=prompt.text,
                negative_prompt=prompt.negative,
                width=size,
                height=size,
                num_inference_steps=steps,
                guidance_scale=guidance,
                generator=torch.Generator("cpu").manual_seed(seed),  # the same noise on every device
                output_type="pt",
                callback_on_step_end=after_step,
            ).images[0]
        numbers = pixels.float().cpu()
        if not torch.isfinite(numbers).all():
            return None
        painted: Pixels = (numbers.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        return painted

    @contextmanager
    def sparing(self) -> Any:
        """Within the body, painting takes less memory and more time."""
        self._pipeline.enable_attention_slicing()
        self._pipeline.vae.enable_slicing()
        self._pipeline.vae.enable_tiling()
        try:
            yield
        finally:
            self._pipeline.disable_attention_slicing()
            self._pipeline.vae.disable_slicing()
            self._pipeline.vae.disable_tiling()


def _pipeline(folder: DiffusionFolder, placement: Placement) -> Any:
    parts = {part: _part(folder, part, placement) for part in folder.classes}
    # Old schedulers' configurations lack the offset, and a pipeline complains about that.
    with _loading(folder.name, "scheduler"):
        parts["scheduler"] = diffusers.DPMSolverMultistepScheduler.from_pretrained(
            folder.path / "scheduler",
            steps_offset=1,
            algorithm_type="dpmsolver++",
            solver_order=2,
            local_files_only=True,
        )
    with _loading(folder.name, "pipeline"):
        if folder.kind == "sdxl":
            return diffusers.StableDiffusionXLPipeline(**parts, add_watermarker=False)
        return diffusers.StableDiffusionPipeline(
            **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )


def _part(folder: DiffusionFolder, part: str, placement: Placement) -> Any:
    name = folder.classes[part]
    library = diffusers if hasattr(diffusers, name) else transformers
    with _loading(folder.name, part):
        if part.startswith("tokenizer"):
            return getattr(library, name).from_pretrained(folder.path / part, local_files_only=True)
        model, found = getattr(library, name).from_pretrained(
            folder.path / part,
            dtype=getattr(torch, placement.dtype),
            use_safetensors=folder.weight_files[part][0].suffix == ".safetensors",
            variant=folder.variant or None,
            local_files_only=True,
            output_loading_info=True,
        )
    missing = [key for key in found["missing_keys"] if not any(name in key for name in _UNTRAINED)]
    if missing or found["mismatched_keys"]:
        raise ModelRejectedError(f"{folder.name}/{part}: the weights are not those of its config.json")
    return model.eval()


@contextmanager
def _loading(folder: str, part: str) -> Any:
    try:
        yield
    except (ModelRejectedError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as exc:
        raise ModelRejectedError(
            f"{folder}/{part} cannot be loaded ({type(exc).__name__}): is it whole?"
        ) from exc


@contextmanager
def _inputs_refused() -> Any:
    """Errors of a model whose parts do not fit each other, in our words."""
    try:
        yield
    except (ValueError, TypeError, IndexError, KeyError) as exc:
        raise ModelResponseError(f"the picture model failed ({type(exc).__name__})") from exc


def _tokenizers(pipeline: Any) -> list[Any]:
    return [pipeline.tokenizer, *([pipeline.tokenizer_2] if hasattr(pipeline, "tokenizer_2") else [])]


def _limit(tokenizer: Any, text_encoder: Any) -> None:
    """Give the tokenizer a length: prompts are padded to it, and without one that is 10^30."""
    positions = int(getattr(text_encoder.config, "max_position_embeddings", _CLIP_TOKENS))
    if tokenizer.model_max_length > positions:
        tokenizer.model_max_length = min(_CLIP_TOKENS, positions)


def _reads_chinese(tokenizer: Any) -> bool:
    """Whether Chinese is words to it: a tokenizer for English makes several bytes of each character."""
    ids = tokenizer(_PROBE, add_special_tokens=False).input_ids
    return len(ids) <= len(_PROBE) and getattr(tokenizer, "unk_token_id", None) not in ids


def _add_lora(pipeline: Any, lora: Path, scale: float) -> None:
    """Melt LoRA weights into the model: no slower afterwards.

    Raises:
        ModelRejectedError: they are damaged, or another model's.
    """
    with _loading(lora.name, "LoRA"):
        pipeline.load_lora_weights(lora.parent, weight_name=lora.name, local_files_only=True)
        changed = sorted({name for name, adapters in pipeline.get_list_adapters().items() if adapters})
        if not changed:
            raise ModelRejectedError(f"{lora.name} changes nothing of this model: another model's LoRA?")
        pipeline.fuse_lora(components=changed, lora_scale=scale)
        pipeline.unload_lora_weights()


def _be_quiet() -> None:
    """No progress bars and no advice on a console that is a chat or a log."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
