"""InternLM2 and its recipe fine-tunes in this process; other models of transformers that speak ChatML too.

A folder of InternLM2 is converted to Llama's layout on first use (`internlm2_conversion`); a folder that is
in such a layout already (a merged fine-tune, Qwen) is loaded as it is; a folder with an adapter is loaded on
its base. torch is imported with the model.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.devices import placement_of
from core.errors import ModelRejectedError, ModelResponseError, ModelUnavailableError, SettingsError
from core.language_models.adapter_folder import AdapterFolder, is_adapter
from core.language_models.internlm2_conversion import in_llamas_layout
from core.language_models.internlm2_folder import InternLm2Folder
from core.language_models.text_of_tokens import TextOfTokens
from core.language_models.visible_text import VisibleText
from core.model_borrowing import using
from core.model_files import read_json
from core.model_hub.manifest import recorded_revision
from core.model_shelf import ModelPlan, ModelShelf
from core.ports import (
    ChatMessage,
    Sampling,
)

if TYPE_CHECKING:
    from core.language_models.chat_prompt import ChatFormat
    from core.language_models.token_engine import Quantization, TokenEngine

_CHECK_OUTPUT_TOKENS = 8
_WEIGHT_SHARE = {"none": 1.0, "int8": 0.6, "nf4": 0.4}
"""Of 16-bit weights; embeddings and norms are never quantised."""


@dataclass(frozen=True, slots=True)
class LocalModelOptions:
    """How the model is held and how it writes.

    Attributes:
        device: as the setting DEVICE.
        dtype: as the setting DTYPE; "auto" is bfloat16 on a processor, whose 16-bit weights halve the memory.
        quantization: bitsandbytes' 8 bits, or 4 bits (NF4, doubly quantised).
        requests: answers at the same time.
        cache_tokens: prompts and answers in memory together.
        context_tokens: of one prompt with its answer.
        first_token_seconds: until the first token, waiting in line included.
        sampling: for what a call leaves open; None is what is recommended for the model.
    """

    device: str = "auto"
    dtype: str = "auto"
    quantization: Quantization = "none"
    requests: int = 16
    cache_tokens: int = 32_768
    context_tokens: int = 6000
    first_token_seconds: float = 120.0
    sampling: Sampling = field(default_factory=Sampling)


class InternLm2LanguageModel:
    """Implements `core.ports.LanguageModel`.

    Args:
        folder: the model's, or an adapter's.
        models_dir: where its conversion is kept.
        shelf: holds it.
        options: how.

    Raises:
        SettingsError: there is no such folder, or it is no model's.
    """

    def __init__(self, folder: Path, models_dir: Path, shelf: ModelShelf, options: LocalModelOptions) -> None:
        self._folder = folder
        self._models_dir = models_dir
        self._shelf = shelf
        self._options = options
        self._adapter = AdapterFolder(folder) if is_adapter(folder) else None
        self._base = folder if self._adapter is None else _base_of(self._adapter, models_dir)
        self._kind = _kind_of(self._base)
        self._plan: ModelPlan[_Loaded] | None = None
        self._where = ""
        shelf.announce(self.name)

    @property
    def name(self) -> str:
        """Backend and model."""
        return f"internlm2/{self._folder.name}"

    @property
    def where(self) -> str:
        """Device and numbers, once it was loaded; "" before."""
        return self._where

    @property
    def recommended_sampling(self) -> Sampling:
        """What a call gets that chooses nothing itself."""
        return self._options.sampling.over(recommended_sampling(self._folder))

    async def stream(self, messages: Sequence[ChatMessage], sampling: Sampling) -> AsyncGenerator[str, None]:
        """Yield the answer as it is written; closing the generator stops the work.

        Raises:
            ModelUnavailableError: no memory, or no answer in time.
            ModelRejectedError: the folder cannot be loaded, or the question is longer than the context.
            ModelResponseError: the model broke off, or answered with nothing.
        """
        chosen = sampling.over(self.recommended_sampling)
        visible = VisibleText()
        is_empty = True
        async with using(self._shelf, await self._planned()) as loaded:
            prompt = loaded.format.fitted(messages, self._room(loaded.engine, chosen))
            async with aclosing(loaded.pieces(prompt, chosen, self._options.first_token_seconds)) as pieces:
                async for piece in pieces:
                    if shown := visible.feed(piece):
                        is_empty = False
                        yield shown
        if rest := visible.finish():
            yield rest
        elif is_empty:
            raise ModelResponseError(f"{self.name} gave an empty answer")

    async def warm_up(self) -> None:
        """Load the model, so that nobody waits for that.

        Raises:
            ModelError: as `stream`.
            SettingsError: there is no such device.
        """
        async with using(self._shelf, await self._planned()):
            pass

    async def check(self) -> str:
        """Load the model, have it write a few tokens, and say how fast.

        Raises:
            ModelError: as `stream`.
        """
        started = time.monotonic()
        async with using(self._shelf, await self._planned()) as loaded:
            asked = loaded.format.encoded([ChatMessage("user", "你好")])
            loaded_at = time.monotonic()
            sampling = Sampling(temperature=0, max_output_tokens=_CHECK_OUTPUT_TOKENS)
            count = 0
            async with aclosing(loaded.engine.tokens(asked, sampling)) as tokens:
                async for _token in tokens:
                    count += 1
            seconds = time.monotonic() - loaded_at
            return (
                f"{self._folder.name} ({recorded_revision(self._folder)}) on {loaded.where}, "
                f"{loaded.engine.memory_bytes / 1e9:.1f} GB, loaded in {loaded_at - started:.1f} s, "
                f"{count} tokens in {seconds:.1f} s"
            )

    async def close(self) -> None:
        """Let go of the model; a later call loads it again."""
        await asyncio.to_thread(self._shelf.drop, self.name)

    async def _planned(self) -> ModelPlan[_Loaded]:
        if self._plan is None:
            self._plan = await asyncio.to_thread(self._make_plan)
        return self._plan

    def _make_plan(self) -> ModelPlan[_Loaded]:
        share = _WEIGHT_SHARE[self._options.quantization]
        weights = sum(path.stat().st_size for path in _weight_files(self._base))
        cache = self._options.cache_tokens * _cache_bytes_each(read_json(self._base / "config.json"))
        return ModelPlan(
            self.name, self._load, int(weights * share) + cache, lambda loaded: loaded.engine.stop()
        )

    def _load(self) -> _Loaded:
        from core.language_models.chat_prompt import ChatFormat
        from core.language_models.token_engine import EngineLimits, TokenEngine

        options = self._options
        placement = placement_of(options.device, options.dtype, cpu_dtype="bfloat16")
        limits = EngineLimits(options.requests, options.cache_tokens)
        engine = TokenEngine.load(
            self._loadable_folder(), placement, options.quantization, limits, self._adapter
        )
        self._where = f"{placement.device}, {placement.dtype}"
        return _Loaded(engine, ChatFormat(engine.tokenizer), self._where)

    def _loadable_folder(self) -> Path:
        return self._base if self._kind != "internlm2" else in_llamas_layout(self._base, self._models_dir)

    def _room(self, engine: TokenEngine, sampling: Sampling) -> int:
        """How long the prompt may be."""
        context = min(self._options.context_tokens, engine.context_tokens)
        return max(1, context - (sampling.max_output_tokens or 0))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The model in memory."""

    engine: TokenEngine
    format: ChatFormat
    where: str

    async def pieces(
        self, prompt: Sequence[int], sampling: Sampling, first_token_seconds: float
    ) -> AsyncGenerator[str, None]:
        """The answer's text as it becomes certain.

        Raises:
            ModelUnavailableError: the first token did not come in time.
        """
        text = TextOfTokens(self.engine.tokenizer.backend_tokenizer)
        async with aclosing(self.engine.tokens(prompt, sampling)) as tokens:
            token = await _within(first_token_seconds, tokens)
            while token is not None:
                yield text.feed(token)
                token = await anext(tokens, None)
        yield text.finish()


async def _within(seconds: float, tokens: AsyncGenerator[int, None]) -> int | None:
    try:
        async with asyncio.timeout(seconds):
            return await anext(tokens, None)
    except TimeoutError as exc:
        raise ModelUnavailableError(f"no token within {seconds:g} s: too many answers at once?") from exc


def recommended_sampling(folder: Path) -> Sampling:
    """What the makers of the recipe models recommend for a model of this size.

    TheGodOfCookery's settings: top_p 0.8, temperature 0.8, and a repetition penalty of 1.17 for 1.8 billion
    parameters (hidden size 2048), 1.005 for 7 billion (4096).
    """
    config = AdapterFolder(folder).base_note if is_adapter(folder) else read_json(folder / "config.json")
    hidden = config.get("hidden_size", 4096)
    penalty = 1.17 if isinstance(hidden, int) and hidden <= 2048 else 1.005
    return Sampling(temperature=0.8, top_p=0.8, top_k=50, repetition_penalty=penalty)


def _base_of(adapter: AdapterFolder, models_dir: Path) -> Path:
    try:
        return adapter.base_folder(models_dir)
    except ModelRejectedError as exc:
        raise SettingsError("LLM_MODEL", exc.message) from exc


def _kind_of(folder: Path) -> str:
    if not folder.is_dir():
        raise SettingsError(
            "LLM_MODEL", f"{folder} is no folder; `python -m bot models` says where to get one"
        )
    try:
        kind = str(read_json(folder / "config.json").get("model_type", ""))
        if kind == "internlm2":
            InternLm2Folder(folder).weight_files  # noqa: B018 - looks whether they are all there
        elif not _weight_files(folder):
            raise ModelRejectedError(f"{folder.name}: no safetensors in it")
    except ModelRejectedError as exc:
        raise SettingsError("LLM_MODEL", exc.message) from exc
    return kind


def _weight_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))


def _cache_bytes_each(config: dict[str, object]) -> int:
    """Keys and values of one token in 16 bits, all layers."""
    layers, heads, hidden = (
        int(str(config.get(name) or default))
        for name, default in (("num_hidden_layers", 32), ("num_attention_heads", 32), ("hidden_size", 4096))
    )
    key_value = int(str(config.get("num_key_value_heads") or heads))
    return 2 * 2 * layers * key_value * (hidden // heads)
