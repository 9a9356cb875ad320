"""/model: what backs the answers, and how it picks its words for the user who asks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from core.conversation import Preferences
from core.messages import Reply
from core.operator_ports import ModelFacts
from handlers.command import CommandCall, CommandServices, UsageError

_DEFAULT = frozenset({"default", "reset", "默认", "恢复", "恢复默认"})
_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,6}")

NO_MODEL = (
    "现在没有接语言模型，回答直接来自菜谱，没有什么数可以调。\n"
    "想接一个：请运行机器人的人在 .env 里设置 LLM_BACKEND=openai、LLM_BASE_URL 和 LLM_MODEL，然后重新启动。"
)
KEPT = "好的，记下了，接上语言模型以后起作用。"
IGNORED = "现在这个模型在别的服务上，不认 {}：你可以设，换成在本机运行的模型时才起作用。"
HOW_TO_CHANGE = (
    "想改就发「/model temperature 0.3」这样的一句；"
    "「/model temperature 默认」恢复一项，「/model 默认」全部恢复。"
)


@dataclass(frozen=True, slots=True)
class SamplingChoice:
    """A number that a user may choose.

    Attributes:
        field: its name in `core.conversation.Preferences` and `core.ports.Sampling`.
        names: what it may be called, lower case; the first is the one shown, the second says it in Chinese.
        lowest: as the setting LLM_… of the same name.
        highest: likewise; a length is bounded by that setting's value too.
        meaning: for whom the names say nothing.
        is_whole: no fractions.
    """

    field: str
    names: tuple[str, ...]
    lowest: float
    highest: float
    meaning: str
    is_whole: bool = False


CHOICES = (
    SamplingChoice("temperature", ("temperature", "随性", "温度"), 0, 2, "越高越随性，越低越稳当"),
    SamplingChoice("top_p", ("top_p", "选词范围"), 0.01, 1, "越低越只挑最有把握的词"),
    SamplingChoice(
        "top_k", ("top_k", "选词个数"), 1, 1000, "每次只在最有把握的这么多个词里挑", is_whole=True
    ),
    SamplingChoice(
        "repetition_penalty", ("repetition_penalty", "重复惩罚"), 0.5, 2, "大于 1 就少说重复的话，1 是不管"
    ),
    SamplingChoice(
        "max_output_tokens",
        ("length", "长度", "max_output_tokens"),
        16,
        32768,
        "一次回答最多写多少个词元（一个汉字大约一个）",
        is_whole=True,
    ),
)
_BY_NAME = {name: choice for choice in CHOICES for name in choice.names}


async def set_model(services: CommandServices, call: CommandCall) -> Reply:
    """Show what backs the answers, or change the user's own sampling."""
    facts = services.describe_model()
    preferences = await services.profiles.preferences(call.message.user)
    if not call.arguments:
        return Reply(text=_model_text(facts, preferences))
    preferences = replace(preferences, **_changes(call.arguments, facts))
    await services.profiles.save(call.message.user, preferences)
    done = "好的，已经改好。" if facts.is_language_model else KEPT
    return Reply(text=f"{done}\n{_model_text(facts, preferences)}")


def _changes(arguments: tuple[str, ...], facts: ModelFacts) -> dict[str, Any]:
    """Fields of the preferences and what they become; None is the default."""
    match arguments:
        case (word,) if word in _DEFAULT:
            return {choice.field: None for choice in CHOICES}
        case (name, word) if name in _BY_NAME:
            choice = _BY_NAME[name]
            return {choice.field: None if word in _DEFAULT else _number(choice, word, facts)}
    raise UsageError


def _number(choice: SamplingChoice, word: str, facts: ModelFacts) -> float:
    highest = _highest(choice, facts)
    pattern = _WHOLE_NUMBER if choice.is_whole else _NUMBER
    if not pattern.fullmatch(word) or not choice.lowest <= float(word) <= highest:
        kind = "整数，" if choice.is_whole else ""
        bounds = f"{kind}在 {choice.lowest:g} 到 {highest:g} 之间"
        raise UsageError(f"{choice.names[0]}（{choice.names[1]}）要{bounds}，或者写「默认」。")
    return int(word) if choice.is_whole else float(word)


def _highest(choice: SamplingChoice, facts: ModelFacts) -> float:
    """No answer becomes longer than LLM_MAX_OUTPUT_TOKENS."""
    if choice.field == "max_output_tokens":
        return facts.sampling.max_output_tokens or choice.highest
    return choice.highest


def _model_text(facts: ModelFacts, preferences: Preferences) -> str:
    if not facts.is_language_model:
        return NO_MODEL
    lines = [_what_answers(facts)]
    lines += [_line(choice, facts, preferences) for choice in CHOICES]
    ignored = [choice.names[0] for choice in CHOICES if choice.field not in facts.honours]
    if ignored:
        lines.append(IGNORED.format(" 和 ".join(ignored)))
    lines.append(HOW_TO_CHANGE)
    return "\n".join(lines)


def _what_answers(facts: ModelFacts) -> str:
    start = f"现在用的语言模型：{facts.name}"
    if not facts.is_local:
        return start
    return f"{start}，在本机运行（{facts.where or '还没有载入，第一次用到时载入'}）"


def _line(choice: SamplingChoice, facts: ModelFacts, preferences: Preferences) -> str:
    own, default = getattr(preferences, choice.field), getattr(facts.sampling, choice.field)
    usual = "由模型自己定" if default is None else _shown(default)
    value = f"{usual}（默认）" if own is None else f"{_shown(own)}（你自己设的，默认 {usual}）"
    bounds = f"{choice.lowest:g} 到 {_shown(_highest(choice, facts))}"
    return f"· {choice.names[0]}（{choice.names[1]}）：{value}，{bounds}，{choice.meaning}"


def _shown(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"
