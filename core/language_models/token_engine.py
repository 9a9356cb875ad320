"""A causal model of transformers that answers many chats at once, a token at a time.

Requests join and leave a running batch, and prompts that begin alike share that part of their cache: this is
transformers' continuous batching (`ContinuousBatchingManager`), which runs in a thread of its own. Here it
is loaded, bounded, and handed over as asynchronous streams of token ids.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from transformers.generation import ContinuousBatchingConfig, GenerationConfig

from core.devices import Placement
from core.errors import ModelRejectedError, ModelResponseError, ModelUnavailableError
from core.language_models.adapter_folder import AdapterFolder
from core.language_models.adapter_on_model import put_on
from core.language_models.chat_prompt import END_MARK
from core.language_models.repetition_penalty import BatchedRepetitionPenalty
from core.ports import Sampling

logger = logging.getLogger(__name__)

Quantization = Literal["none", "int8", "nf4"]

_PAGE_TOKENS = 256
"""Tokens a page of the cache; prompts share whole pages. The library's own value."""
_BATCH_TOKENS = 2048
"""Prompt tokens read in one step: longer prompts are read in parts, so that others' answers go on between."""
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """How much a model may hold.

    Attributes:
        requests: answers at the same time; more wait.
        cache_tokens: prompts and answers of all of them together.
    """

    requests: int = 16
    cache_tokens: int = 32_768


class TokenEngine:
    """A loaded model. Make it with `load`.

    Attributes:
        tokenizer: the model's.
        end_ids: tokens that end an answer.
        context_tokens: the most that the model was trained on.
    """

    def __init__(self, model: Any, tokenizer: Any, limits: EngineLimits) -> None:
        self.tokenizer = tokenizer
        self.end_ids = _end_ids(model)
        self.context_tokens = int(getattr(model.config, "max_position_embeddings", 4096))
        self._model = model
        self._penalty = BatchedRepetitionPenalty(model.config.vocab_size, limits.requests, model.device)
        self._manager = _manager(model, self.end_ids, limits)
        processors = self._manager.logit_processor
        processors.logits_processor.insert(0, self._penalty)
        processors.tensors_required += 1
        processors._retrieve_processors_kwargs()  # noqa: SLF001 - there is no public way to add one
        self._manager.start()

    @classmethod
    def load(
        cls,
        folder: Path,
        placement: Placement,
        quantization: Quantization,
        limits: EngineLimits,
        adapter: AdapterFolder | None = None,
    ) -> TokenEngine:
        """Load a folder in a layout that transformers knows, with an adapter on it if there is one. Blocking.

        Raises:
            ModelRejectedError: the folder cannot be loaded as it is, or the adapter belongs to another model.
        """
        if adapter is not None:
            adapter.check_fits(folder)
        _be_quiet()
        settings: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **settings)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=getattr(torch, placement.dtype),
                device_map=placement.device,
                quantization_config=quantization_config(quantization, placement),
                use_safetensors=True,
                **settings,
            )
        except (OSError, ValueError, KeyError, ImportError, RecursionError) as exc:
            reason = type(exc).__name__
            raise ModelRejectedError(f"{folder.name} cannot be loaded ({reason}): is it whole?") from exc
        _end_at_the_mark(model, tokenizer)
        if adapter is not None:
            put_on(model, adapter, beside=quantization != "none")
        return cls(model.eval(), tokenizer, limits)

    @property
    def memory_bytes(self) -> int:
        """What the weights take."""
        return int(self._model.get_memory_footprint())

    async def tokens(self, prompt: Sequence[int], sampling: Sampling) -> AsyncGenerator[int, None]:
        """Yield the answer's ids as they are made, without the one that ends it. Closing it stops the work.

        Raises:
            ModelUnavailableError: the engine has stopped, or no place in its queue came free.
            ModelResponseError: the model broke off.
        """
        request_id = uuid.uuid4().hex
        results: asyncio.Queue[Any] = asyncio.Queue()
        self._manager.register_result_handler(request_id, results.put_nowait)
        finished = False
        try:
            await asyncio.to_thread(self._add, request_id, prompt, sampling)
            given = 0
            while not finished:
                result = await results.get()
                finished = result.is_finished()
                if result.error is not None:
                    raise ModelResponseError(f"the model broke off: {type(result.error).__name__}")
                new = result.generated_tokens[given:]
                given += len(new)
                for token in new:
                    if token not in self.end_ids:
                        yield token
        finally:
            if not finished:
                self._manager.cancel_request(request_id)
            self._manager.output_router.result_handlers.pop(request_id, None)
            self._penalty.forget(request_id)

    def stop(self) -> None:
        """End what is under way and let go of the model. Blocking."""
        self._manager.stop(block=True, timeout=_STOP_SECONDS, hard_stop=True)
        self._manager.destroy()
        self._model = None

    def _add(self, request_id: str, prompt: Sequence[int], sampling: Sampling) -> None:
        added = self._manager.add_request(
            list(prompt),
            request_id=request_id,
            max_new_tokens=sampling.max_output_tokens,
            streaming=True,
            eos_token_id=list(self.end_ids),
            **_processor_arguments(sampling),
        )
        if added is None:
            raise ModelUnavailableError("the model has stopped; ask again")


def _processor_arguments(sampling: Sampling) -> dict[str, Any]:
    """Temperature 0 means the likeliest token every time."""
    if sampling.temperature == 0:
        chosen: dict[str, Any] = {"temperature": 1.0, "top_k": 1, "top_p": 1.0}
    else:
        chosen = {
            "temperature": _float(sampling.temperature),
            "top_p": _float(sampling.top_p),
            "top_k": sampling.top_k,
        }
    chosen["repetition_penalty"] = _float(sampling.repetition_penalty)
    return {name: value for name, value in chosen.items() if value is not None}


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _manager(model: Any, end_ids: frozenset[int], limits: EngineLimits) -> Any:
    # Values other than the neutral ones: a processor exists only where its value is not neutral.
    generation = GenerationConfig(
        do_sample=True,
        temperature=0.8,
        top_k=50,
        top_p=0.8,
        max_new_tokens=1024,
        eos_token_id=list(end_ids),
        pad_token_id=next(iter(end_ids), 0),
    )
    batching = ContinuousBatchingConfig(
        page_size=_PAGE_TOKENS,
        num_blocks=max(2, limits.cache_tokens // _PAGE_TOKENS),
        max_batch_tokens=_BATCH_TOKENS,
        max_requests_per_batch=limits.requests,
        per_request_processors=True,
        use_async_batching=False,  # the penalty's table is brought up to date between two steps
    )
    return model.init_continuous_batching(generation_config=generation, continuous_batching_config=batching)


def _be_quiet() -> None:
    """No progress bars and no advice on a console that is a chat or a log."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # one line for each multiplication


def quantization_config(kind: Quantization, placement: Placement) -> Any:
    """What transformers is told to quantise with (bitsandbytes); None for weights as they are."""
    if kind == "none":
        return None
    if kind == "int8":
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, placement.dtype),
    )


def _end_at_the_mark(model: Any, tokenizer: Any) -> None:
    """A base that was taught to chat ends its answers with the mark, whatever its configuration says."""
    mark = tokenizer.backend_tokenizer.token_to_id(END_MARK)
    if mark is not None and model.generation_config is not None:
        model.generation_config.eos_token_id = sorted(_end_ids(model) | {mark})


def _end_ids(model: Any) -> frozenset[int]:
    for source in (model.generation_config, model.config):
        ids = getattr(source, "eos_token_id", None)
        if ids is not None:
            return frozenset(ids if isinstance(ids, list) else [ids])
    return frozenset()
