"""The language model and what it writes with, put together from the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import fields, replace
from pathlib import Path

from core.answering import Answerer
from core.composer import Composer
from core.devices import memory_budget, placement_of
from core.language_models.internlm2_language_model import (
    InternLm2LanguageModel,
    LocalModelOptions,
    recommended_sampling,
)
from core.language_models.openai_language_model import OpenAiLanguageModel
from core.model_answerer import FollowUpRewriter, ModelAnswerer
from core.model_choice import Backend
from core.model_shelf import ModelShelf
from core.model_switch import AnsweringModel, SwitchableModel
from core.operator_ports import (
    ModelFacts,
    OperatorSettings,
)
from core.ports import (
    LanguageModel,
    Sampling,
)
from core.settings import Settings

_HONOURED: Mapping[Backend, frozenset[str]] = {
    "composer": frozenset(),
    "internlm2": frozenset(field.name for field in fields(Sampling)),
    "openai": frozenset({"temperature", "top_p", "max_output_tokens"}),
}
"""The fields of `Sampling` that each backend passes on to its model."""
_SERVER_SAMPLING = Sampling(temperature=0.7, top_p=0.9)
"""For models behind a server, which do not say what they would like."""


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
            sampling=_chosen_sampling(settings),
        )
        folder = Path(settings.llm_model)
        return InternLm2LanguageModel(folder, settings.data_dir / "models", shelf, options)
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


def switchable_model_of(
    settings: Settings, shelf: ModelShelf, stored: OperatorSettings
) -> Awaitable[SwitchableModel]:
    """The models that may answer, with the one that does; awaiting raises as `SwitchableModel.opened`."""
    choices = {choice.name: choice for choice in settings.model_choices}

    def build(name: str) -> AnsweringModel:
        return answering_model_of(settings.answered_by(choices[name]), shelf)

    return SwitchableModel.opened(tuple(choices), build, stored)


def answering_model_of(settings: Settings, shelf: ModelShelf) -> AnsweringModel:
    """The model that LLM_BACKEND names, and what answers by it.

    Raises:
        SettingsError: its folder, address or key cannot be right.
    """
    language_model = language_model_of(settings, shelf)
    name = settings.model_choices[0].name
    local = language_model if isinstance(language_model, InternLm2LanguageModel) else None
    facts = ModelFacts(
        name,
        is_language_model=language_model is not None,
        is_local=local is not None,
        sampling=sampling_of(settings),
        honours=_HONOURED[settings.llm_backend],
    )
    return AnsweringModel(
        name,
        language_model,
        answerer_of(settings, language_model),
        FollowUpRewriter(language_model, context_tokens=settings.llm_context_tokens),
        lambda: replace(facts, where=local.where) if local is not None else facts,
        local.warm_up if local is not None else None,
    )


def sampling_of(settings: Settings) -> Sampling:
    """The sampling for users who chose none of their own."""
    chosen = _chosen_sampling(settings)
    if settings.llm_backend == "internlm2":
        return chosen.over(recommended_sampling(Path(settings.llm_model)))
    return chosen.over(_SERVER_SAMPLING)


def _chosen_sampling(settings: Settings) -> Sampling:
    return Sampling(
        settings.llm_temperature,
        settings.llm_top_p,
        settings.llm_max_output_tokens,
        settings.llm_top_k,
        settings.llm_repetition_penalty,
    )


def answerer_of(settings: Settings, language_model: LanguageModel | None) -> Answerer:
    """Who writes the answers."""
    if language_model is None:
        return Composer()
    return ModelAnswerer(
        language_model,
        Composer(),
        sampling=sampling_of(settings),
        context_tokens=max(256, settings.llm_context_tokens - settings.llm_max_output_tokens),
    )
