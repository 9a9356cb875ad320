"""Changing the model that answers: at once, for everybody, for good, and never to one that does not work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from core.answering import AnswerRequest, Turn, Understanding
from core.composer import Composer
from core.errors import BotError, ModelRejectedError, ModelUnavailableError, SettingsError, StorageError
from core.messages import TextDelta
from core.model_answerer import FollowUpRewriter, ModelAnswerer
from core.model_switch import AnsweringModel, SwitchableModel
from core.operator_ports import (
    ModelFacts,
    ModelSwitch,
)
from core.ports import ChatMessage, Sampling
from core.understanding import understand
from tests.core.recipes import BRAISED_PORK, turn_about
from tests.fakes.memory_storage import MemoryOperatorSettings
from tests.fakes.scripted_language_model import ScriptedAnswer, ScriptedLanguageModel

NAMES = ("openai/a", "openai/b", "openai/missing", "composer")
QUESTION = turn_about(BRAISED_PORK, "要多少盐")
REQUEST = AnswerRequest(QUESTION, understand(QUESTION), BRAISED_PORK)


class Workshop:
    """Builds models whose answers are their names, and keeps them all."""

    def __init__(self, **stored: str) -> None:
        self.built: list[tuple[str, ScriptedLanguageModel]] = []
        self.stored = MemoryOperatorSettings(**stored)
        self.loads: list[str] = []

    def build(self, name: str) -> AnsweringModel:
        if name == "openai/missing":
            raise SettingsError("LLM_MODEL", "no folder")
        if name == "composer":
            return AnsweringModel(name, None, Composer(), FollowUpRewriter(), lambda: ModelFacts(name))
        model = ScriptedLanguageModel()
        self.built.append((name, model))
        model.queue("好")  # for the check of a switch
        return AnsweringModel(
            name,
            model,
            ModelAnswerer(model, Composer()),
            FollowUpRewriter(model),
            lambda: ModelFacts(name, is_language_model=True),
            lambda: self._load(name),
        )

    async def opened(self, names: tuple[str, ...] = NAMES) -> SwitchableModel:
        return await SwitchableModel.opened(names, self.build, self.stored)

    def model(self, name: str) -> ScriptedLanguageModel:
        """The one built last by that name."""
        return [model for built, model in self.built if built == name][-1]

    def closed(self) -> list[str]:
        return [name for name, model in self.built if model.closed]

    async def _load(self, name: str) -> None:
        self.loads.append(name)


async def written(stream: AsyncGenerator[TextDelta, None]) -> str:
    return "".join([delta.text async for delta in stream])


async def settled(switchable: SwitchableModel) -> None:
    """Wait until closing, which happens on the side, is over."""
    await asyncio.gather(*switchable._closing)


async def test_the_configured_model_answers_at_first() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    switch: ModelSwitch = switchable
    assert (switch.choices, switch.describe().name) == (NAMES, "openai/a")
    assert [name for name, _ in workshop.built] == ["openai/a"]


async def test_a_switch_takes_effect_at_once_and_lets_go_of_the_old_model() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    assert await switchable.use("openai/b") == "scripted/test answered"
    assert switchable.describe().name == "openai/b"
    workshop.model("openai/b").queue("食神菜谱：两克")
    assert await written(switchable.stream(REQUEST)) == "食神菜谱：两克"
    await settled(switchable)
    assert workshop.closed() == ["openai/a"]
    await switchable.close()
    assert workshop.closed() == ["openai/a", "openai/b"]


async def test_rewrites_are_the_chosen_models_too() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    await switchable.use("openai/b")
    workshop.model("openai/b").queue("凉拌黄瓜怎么做")
    understood = await switchable.rewrite(turn_about(BRAISED_PORK, "那凉拌黄瓜呢"))
    assert understood.query == "凉拌黄瓜怎么做"
    assert workshop.model("openai/a").prompts == []


async def test_an_answer_under_way_is_finished_by_the_model_that_began_it() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    gate, old = asyncio.Event(), workshop.model("openai/a")
    await old.check()
    old.queue(ScriptedAnswer(("食神菜谱：", "两克"), gate=gate))
    stream = switchable.stream(REQUEST)
    assert (await anext(stream)).text == "食神菜谱："
    await switchable.use("openai/b")
    assert workshop.closed() == []
    gate.set()
    assert await written(stream) == "两克"
    await settled(switchable)
    assert workshop.closed() == ["openai/a"]


async def test_a_reader_who_leaves_gives_the_old_model_free() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    old = workshop.model("openai/a")
    await old.check()
    old.queue(ScriptedAnswer(("一", "二"), gate=asyncio.Event()))
    stream = switchable.stream(REQUEST)
    await anext(stream)
    await switchable.use("openai/b")
    await stream.aclose()
    await settled(switchable)
    assert (old.open_streams, workshop.closed()) == (0, ["openai/a"])


async def test_without_any_model_the_recipe_answers() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    assert await switchable.use("composer") == ""
    assert await written(switchable.stream(REQUEST)) == Composer().compose(REQUEST)
    turn = Turn("那凉拌黄瓜呢")
    assert await switchable.rewrite(turn) == understand(turn)
    assert isinstance(await switchable.rewrite(turn), Understanding)
    await switchable.load()
    assert workshop.loads == []
    await switchable.close()


async def test_a_choice_outlives_a_restart() -> None:
    workshop = Workshop()
    await (await workshop.opened()).use("openai/b")
    assert (await workshop.opened()).describe().name == "openai/b"


async def test_whoever_goes_back_to_the_configured_model_follows_the_settings_again() -> None:
    workshop = Workshop(language_model="openai/b")
    await (await workshop.opened()).use("openai/a")
    assert workshop.stored.values == {}
    assert (await workshop.opened(("composer", *NAMES[:2]))).describe().name == "composer"


@pytest.mark.parametrize("chosen", ["openai/missing", "openai/removed from LLM_CHOICES", "openai/a", ""])
async def test_a_choice_that_is_gone_leaves_the_configured_model(chosen: str) -> None:
    workshop = Workshop(language_model=chosen)
    assert (await workshop.opened()).describe().name == "openai/a"


async def test_a_configured_model_that_is_gone_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no folder"):
        await Workshop().opened(("openai/missing", "openai/a"))


async def refused(switchable: SwitchableModel, name: str, error: type[BotError]) -> None:
    with pytest.raises(error):
        await switchable.use(name)
    assert switchable.describe().name == "openai/a"


async def test_a_model_that_cannot_be_built_changes_nothing() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    await refused(switchable, "openai/missing", SettingsError)
    assert (workshop.stored.values, workshop.closed()) == ({}, [])


async def test_a_model_that_does_not_answer_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    workshop = Workshop()
    switchable = await workshop.opened()

    async def down(_model: ScriptedLanguageModel) -> str:
        raise ModelUnavailableError("down")

    monkeypatch.setattr(ScriptedLanguageModel, "check", down)
    await refused(switchable, "openai/b", ModelUnavailableError)
    assert (workshop.stored.values, workshop.closed()) == ({}, ["openai/b"])


async def test_a_choice_that_cannot_be_kept_changes_nothing() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    workshop.stored.failure = StorageError("read-only")
    await refused(switchable, "openai/b", StorageError)
    assert workshop.closed() == ["openai/b"]


async def test_of_two_switches_at_once_the_later_one_stays() -> None:
    workshop = Workshop()
    switchable = await workshop.opened()
    await asyncio.gather(switchable.use("openai/b"), switchable.use("composer"))
    await settled(switchable)
    assert switchable.describe().name == "composer"
    assert workshop.stored.values == {"language_model": "composer"}
    assert workshop.closed() == ["openai/a", "openai/b"]


async def test_a_local_model_can_be_loaded_before_anybody_asks() -> None:
    workshop = Workshop()
    await (await workshop.opened()).load()
    assert workshop.loads == ["openai/a"]


async def test_the_model_itself_can_be_asked() -> None:
    workshop = Workshop()
    switch = await workshop.opened()
    pieces = [piece async for piece in switch.write([ChatMessage("user", "想吃鱼")], Sampling())]
    assert pieces == ["好"]
    await switch.use("composer")
    with pytest.raises(ModelRejectedError, match="composer is no language model"):
        await anext(switch.write([], Sampling()))
