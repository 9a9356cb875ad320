"""Administrators' commands: what they do, and that nobody else has them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from core.conversation import HistoryMessage
from core.errors import BotError, ModelUnavailableError, SettingsError, StorageError
from core.messages import Button, ChatKey, IncomingMessage, Reply, TextDelta, UserKey
from core.operator_ports import (
    Broadcaster,
    ModelFacts,
    ModelSwitch,
    Workload,
)
from handlers.admin_commands import (
    BLOCK_USAGE,
    BROADCAST_USAGE,
    NOBODY_BLOCKED,
    NOBODY_TO_TELL,
    NOT_AN_ADMINISTRATOR,
    UNBLOCK_USAGE,
    AdminCommandHandler,
    AdminServices,
)
from handlers.commands import COMMANDS, CommandHandler
from handlers.model_command import KEPT
from handlers.model_switch_commands import LOADING, ONLY_ONE, switch_model
from handlers.router import Router
from handlers.text import TextHandler
from tests.fakes.memory_storage import MemoryBlockList, MemoryStatistics
from tests.handlers.desk import BEIJING, NOON, Desk

ROOT = UserKey("web", "root")


@dataclass
class Load:
    waiting: int = 0
    failed: int = 0


@dataclass
class Crier:
    """`core.ports.Broadcaster` that remembers."""

    count: int = 2
    sent: list[tuple[str, str]] = field(default_factory=list)

    async def audience(self, asked: IncomingMessage) -> int:
        return self.count

    async def send(self, text: str, asked: IncomingMessage) -> int:
        self.sent.append((text, asked.message_id))
        return self.count


class Switchboard:
    """`core.ports.ModelSwitch` that remembers."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices
        self.current = choices[0]
        self.failure: BotError | None = None

    def describe(self) -> ModelFacts:
        return ModelFacts(self.current, is_language_model=self.current != "composer")

    async def use(self, name: str) -> str:
        if self.failure is not None:
            raise self.failure
        self.current = name
        return "" if name == "composer" else f"{name} answered"


class Office(Desk):
    """A desk with an administrator."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.block_list = MemoryBlockList()
        self.crier = Crier()
        self.load = Load()
        self.models = Switchboard("openai/qwen3:8b", "openai/Qwen/Qwen3-8B", "composer")
        broadcaster: Broadcaster = self.crier
        workload: Workload = self.load
        self.admin = AdminCommandHandler(
            AdminServices(
                frozenset({"web:root"}),
                MemoryStatistics(self.history),
                self.block_list,
                workload,
                broadcaster,
                lambda: "264 recipes",
                self.models,
                time_zone=BEIJING,
                clock=lambda: NOON,
            )
        )
        text = TextHandler(self.kitchen.pipeline(), self.history, self.profiles, clock=self.clock)
        self.router = Router(text, CommandHandler(self.services), self.admin)

    async def order(self, text: str) -> Reply:
        return await self.say(self.message(text, user=ROOT))


@pytest.fixture
def office() -> Office:
    return Office()


def test_the_switchboard_meets_the_protocol() -> None:
    switch: ModelSwitch = Switchboard("composer")
    assert switch.describe().name == "composer"


@pytest.mark.parametrize("text", ["/stats", "/block web:bob", "/unblock web:bob", "/broadcast 确认 hi"])
async def test_to_others_they_do_not_exist(office: Office, text: str) -> None:
    office.block_list.users.add(UserKey("web", "bob"))
    unknown = await office.say("/nonsense")
    assert await office.say(text) == unknown
    assert (office.block_list.users, office.crier.sent) == ({UserKey("web", "bob")}, [])


async def test_without_administrators_they_do_not_exist() -> None:
    desk = Desk()
    stats = desk.message("/stats", user=ROOT)
    assert await desk.say(stats) == await desk.say("/nonsense")


def test_they_are_in_no_menu() -> None:
    names = {command.name for command in COMMANDS}
    assert names.isdisjoint({"stats", "block", "unblock", "broadcast"})


async def test_an_administrator_has_the_other_commands_too(office: Office) -> None:
    assert await office.order("/help") == await office.say("/help")
    assert (await office.order("番茄炒蛋怎么做")).recipe is not None


@pytest.mark.parametrize("text", ["/stats", "／ＳＴＡＴＳ", " /Stats@Cook_Bot ", "/stats@cook_bot\n"])
async def test_stats(office: Office, text: str) -> None:
    chat = ChatKey("telegram", "1")
    # Noon in UTC is 20:00 in Beijing, whose day began 20 hours ago.
    times = [NOON, NOON - timedelta(hours=19), NOON - timedelta(hours=21), NOON - timedelta(days=8)]
    for number, time in enumerate(times):
        asked = HistoryMessage("user", "问", f"u{number % 3}", time)
        answer = replace(asked, role="assistant", refused=number in {0, 2})
        await office.history.append(chat, [asked, answer], message_id=str(number))
    office.block_list.users.add(UserKey("web", "bob"))
    office.load.failed, office.load.waiting = 4, 5
    assert (await office.order(text)).text == (
        "用户：3 位，7 天里来过 3 位，今天 2 位\n"
        "提问：今天 2 次，7 天 3 次，一共 4 次\n"
        "婉拒：今天 1 次，7 天 2 次\n"
        "出错：4 次（这次启动以来）\n"
        "排队：5 条还没答完\n"
        "拉黑：1 位\n"
        "菜谱库：264 recipes"
    )


@pytest.mark.parametrize(
    ("words", "user"),
    [
        ("/block web:bob", UserKey("web", "bob")),
        ("/block bob", UserKey("web", "bob")),
        ("/block telegram:123", UserKey("telegram", "123")),
        ("／block　telegram：１２３", UserKey("telegram", "123")),
        ("/BLOCK feishu:ou_AbC", UserKey("feishu", "ou_AbC")),
        ("/block@cook_bot feishu:ou_AbC ", UserKey("feishu", "ou_AbC")),
    ],
)
async def test_block(office: Office, words: str, user: UserKey) -> None:
    name = f"{user.channel}:{user.user_id}"
    assert (await office.order(words)).text == f"好的，以后不再理 {name}。想恢复就发 /unblock {name}"
    assert office.block_list.users == {user}
    assert (await office.order(words)).text == f"本来就不理 {name}。想恢复就发 /unblock {name}"
    assert (await office.order("/block")).text == f"拉黑了 1 位：\n· {name}"
    assert (await office.order(f"/unblock {name}")).text == f"{name} 又可以和我说话了。"
    assert (await office.order(f"/unblock {name}")).text == f"{name} 本来就没有被拉黑。"
    assert office.block_list.users == set()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("/block", Reply(NOBODY_BLOCKED)),
        ("/block a b", Reply(BLOCK_USAGE, refused=True)),
        ("/block web:", Reply(BLOCK_USAGE, refused=True)),
        ("/block 1:2:3", Reply(BLOCK_USAGE, refused=True)),
        (f"/block {'x' * 129}", Reply(BLOCK_USAGE, refused=True)),
        ("/unblock", Reply(UNBLOCK_USAGE, refused=True)),
        ("/block root", Reply(NOT_AN_ADMINISTRATOR, refused=True)),
    ],
)
async def test_block_what_it_does_not_take(office: Office, words: str, answer: Reply) -> None:
    assert await office.order(words) == answer
    assert office.block_list.users == set()


async def test_a_long_list_is_not_shown_whole(office: Office) -> None:
    office.block_list.users = {UserKey("web", f"{n:03}") for n in range(60)}
    lines = (await office.order("/block")).text.splitlines()
    assert (lines[0], lines[1], lines[-1], len(lines)) == ("拉黑了 60 位：", "· web:000", "…还有 10 位", 52)


async def test_broadcast_asks_first(office: Office) -> None:
    asked = await office.order("/broadcast 今晚 Eight 点停机\n明天见")
    confirmation = "/broadcast 确认 今晚 Eight 点停机\n明天见"
    text = f"会发给 2 个聊天，发出去就收不回来。确定的话，请发送：\n\n{confirmation}"
    assert asked == Reply(text=text, buttons=(Button("确认发送", confirmation),))
    assert office.crier.sent == []
    confirmed = office.message(confirmation, user=ROOT)
    assert (await office.say(confirmed)).text == "正在发给 2 个聊天，送完了我再告诉你。"
    assert office.crier.sent == [("今晚 Eight 点停机\n明天见", confirmed.message_id)]


@pytest.mark.parametrize("words", ["/broadcast", "/broadcast 确认", "/broadcast confirm "])
async def test_broadcast_of_nothing(office: Office, words: str) -> None:
    assert await office.order(words) == Reply(BROADCAST_USAGE, refused=True)


@pytest.mark.parametrize("words", ["/broadcast 你好", "/broadcast 确认 你好"])
async def test_broadcast_to_nobody(office: Office, words: str) -> None:
    office.crier.count = 0
    assert await office.order(words) == Reply(NOBODY_TO_TELL, refused=True)


async def test_nothing_of_it_is_remembered(office: Office) -> None:
    for words in ("/stats", "/block bob", "/broadcast 确认 你好"):
        await office.order(words)
    assert await office.stored() == ()


# ── Which model answers ──────────────────────────────────────────────────────────────────────────

LISTED = """可以选的语言模型：
· openai/qwen3:8b（正在用）
· openai/Qwen/Qwen3-8B
· composer（不用语言模型，直接按菜谱回答）
想换就发「/model use 名字」：对所有人立刻生效，重启以后也还是它。"""


async def test_the_models_are_listed_with_a_button_each(office: Office) -> None:
    reply = await office.order("/model list")
    assert reply.text == LISTED
    assert reply.buttons == (
        Button("换成 openai/Qwen/Qwen3-8B", "/model use openai/Qwen/Qwen3-8B"),
        Button("换成 composer", "/model use composer"),
    )


async def test_a_single_model_says_how_to_have_more(office: Office) -> None:
    office.models.choices = ("openai/qwen3:8b",)
    reply = await office.order("/model LIST")
    assert reply.text == f"可以选的语言模型：\n· openai/qwen3:8b（正在用）\n{ONLY_ONE}"
    assert reply.buttons == ()


@pytest.mark.parametrize(
    "text",
    [
        "/model use openai/Qwen/Qwen3-8B",
        "／model@bot  USE  openai/qwen/qwen3-8b ",
        "/model use Qwen/Qwen3-8B",
        "/model\nuse\nopenai/Ｑwen/Qwen3-8B",
    ],
)
async def test_a_model_is_chosen_by_its_name(office: Office, text: str) -> None:
    reply = await office.order(text)
    assert (
        reply.text == "好的，从现在起用 openai/Qwen/Qwen3-8B，对所有人都是。（openai/Qwen/Qwen3-8B answered）"
    )
    assert office.models.current == "openai/Qwen/Qwen3-8B"


async def test_the_composer_can_be_chosen(office: Office) -> None:
    reply = await office.order("/model use composer")
    assert reply.text == "好的，从现在起用 composer（不用语言模型，直接按菜谱回答），对所有人都是。"
    again = await office.order("/model use composer")
    assert again.text == "正在用的就是 composer（不用语言模型，直接按菜谱回答）。"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("/model use", "要换成哪一个？"),
        ("/model use gpt", "没有叫「gpt」的模型。"),
        ("/model use " + "长" * 500, f"没有叫「{'长' * 80}」的模型。"),
    ],
)
async def test_an_unknown_model_lists_the_known_ones(office: Office, text: str, start: str) -> None:
    reply = await office.order(text)
    assert (reply.text, reply.refused) == (f"{start}\n{LISTED}", True)
    assert office.models.current == "openai/qwen3:8b"


@pytest.mark.parametrize(
    "failure", [SettingsError("LLM_MODEL", "no such folder"), ModelUnavailableError("the server is down")]
)
async def test_a_model_that_does_not_work_is_refused_with_the_reason(
    office: Office, failure: BotError
) -> None:
    office.models.failure = failure
    reply = await office.order("/model use composer")
    assert reply.refused
    assert reply.text == f"composer 用不了，还是接着用 openai/qwen3:8b。\n原因：{failure.message}"


async def test_a_choice_that_cannot_be_kept_is_an_error(office: Office) -> None:
    office.models.failure = StorageError("read-only")
    with pytest.raises(StorageError):
        await office.order("/model use composer")


@pytest.mark.parametrize("text", ["/model list", "/model use composer"])
async def test_to_others_models_cannot_be_switched(office: Office, text: str) -> None:
    reply = await office.say(text)
    assert reply.text.startswith("这个命令我没看懂。\n用法：/model")
    assert office.models.current == "openai/qwen3:8b"


async def test_administrators_have_the_usual_model_command_too(office: Office) -> None:
    assert (await office.order("/model")).text == (await office.say("/model")).text
    assert (await office.order("/model temperature 0.3")).text.startswith(KEPT)


class SlowModels:
    """`core.operator_ports.ModelSwitch` whose other model loads until `gate` is open."""

    choices = ("composer", "internlm2/shishen2")

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.is_cancelled = False

    def describe(self) -> ModelFacts:
        return ModelFacts()

    async def use(self, name: str) -> str:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        return f"{name}: 8 tokens"


async def test_a_model_that_loads_slowly_says_so() -> None:
    models = SlowModels()
    said: list[str] = []
    async for event in switch_model(models, "shishen2", told_every_seconds=0.01):
        if isinstance(event, TextDelta):
            assert event.restart
            said.append(event.text)
            models.gate.set()
    waiting, done = said
    assert waiting == LOADING.format(name="internlm2/shishen2", seconds=0, before="composer")
    assert done.startswith("好的，从现在起用 internlm2/shishen2，对所有人都是。")


async def test_a_switch_that_nobody_waits_for_is_given_up() -> None:
    models = SlowModels()
    async with aclosing(switch_model(models, "shishen2", told_every_seconds=0.01)) as events:
        await anext(events)
    await asyncio.sleep(0)
    assert models.is_cancelled
