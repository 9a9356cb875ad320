"""The language model and what it writes with, put together from the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import fields, replace
from pathlib import Path

from core.answering import Answerer
from core.composer import Composer
from core.language_models.choice import chosen_sampling, language_model_of
from core.language_models.internlm2_language_model import InternLm2LanguageModel, recommended_sampling
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
    chosen = chosen_sampling(settings)
    if settings.llm_backend == "internlm2":
        return chosen.over(recommended_sampling(Path(settings.llm_model)))
    return chosen.over(_SERVER_SAMPLING)


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
