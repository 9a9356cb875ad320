"""The language model that the settings name, for whoever has a use for one: bot, index, fine-tuning."""

from __future__ import annotations

from pathlib import Path

from core.devices import memory_budget, placement_of
from core.language_models.internlm2_language_model import InternLm2LanguageModel, LocalModelOptions
from core.language_models.openai_language_model import OpenAiLanguageModel
from core.model_shelf import ModelShelf
from core.ports import LanguageModel, Sampling
from core.settings import Settings


def shelf_of(settings: Settings) -> ModelShelf:
    """Where the models of this process are held; the first of them asks how much memory there is."""

    def budget() -> int:
        placement = placement_of(settings.device, settings.dtype)
        return memory_budget(placement, settings.model_memory_gigabytes)

    return ModelShelf(budget)


def language_model_of(settings: Settings, shelf: ModelShelf) -> LanguageModel | None:
    """The model that LLM_BACKEND names; None for the embedded composer.

    Raises:
        SettingsError: its folder, address or key cannot be right.
    """
    if settings.llm_backend == "composer":
        return None
    if settings.llm_backend == "internlm2":
        options = LocalModelOptions(
            device=settings.device,
            dtype=settings.dtype,
            quantization=settings.llm_quantization,
            requests=settings.llm_concurrent_answers,
            cache_tokens=settings.llm_cache_tokens,
            context_tokens=settings.llm_context_tokens,
            first_token_seconds=settings.llm_first_token_timeout_seconds,
            sampling=chosen_sampling(settings),
        )
        folder = Path(settings.llm_model)
        return InternLm2LanguageModel(folder, settings.effective_models_dir, shelf, options)
    return OpenAiLanguageModel(
        base_url=settings.llm_base_url,
        api_key=settings.llm_api_key.get_secret_value(),
        model=settings.llm_model,
        timeout_seconds=settings.generate_timeout_seconds,
        connect_timeout_seconds=settings.llm_connect_timeout_seconds,
        first_token_timeout_seconds=settings.llm_first_token_timeout_seconds,
        stall_timeout_seconds=settings.llm_stall_timeout_seconds,
        max_retries=settings.llm_max_retries,
    )


def chosen_sampling(settings: Settings) -> Sampling:
    """What LLM_TEMPERATURE and its neighbours say."""
    return Sampling(
        settings.llm_temperature,
        settings.llm_top_p,
        settings.llm_max_output_tokens,
        settings.llm_top_k,
        settings.llm_repetition_penalty,
    )
