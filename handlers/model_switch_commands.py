"""/model list and /model use: for administrators, which model answers everybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from core.errors import ModelError, SettingsError
from core.messages import Button, Reply, ReplyEvent, ReplyFinished, TextDelta, TextFinished
from core.operator_ports import ModelSwitch
from handlers.command import narrowed

_BUTTONS = 5

LOADING = (
    "正在载入 {name}，已经 {seconds} 秒。第一次用要先转换格式，可能要几分钟；在那之前还是 {before} 在回答。"
)
ONLY_ONE = "只有这一个可选。想多几个：在 .env 的 LLM_CHOICES 里写上，然后重新启动。"
HOW_TO_SWITCH = "想换就发「/model use 名字」：对所有人立刻生效，重启以后也还是它。"


def list_models(models: ModelSwitch) -> Reply:
    """The models that may be chosen."""
    current = models.describe().name
    lines = [f"· {_titled(name)}{'（正在用）' if name == current else ''}" for name in models.choices]
    others = [name for name in models.choices if name != current]
    lines.append(HOW_TO_SWITCH if others else ONLY_ONE)
    buttons = tuple(Button(f"换成 {name}", f"/model use {name}") for name in others[:_BUTTONS])
    return Reply(text="\n".join(["可以选的语言模型：", *lines]), buttons=buttons)


async def switch_model(
    models: ModelSwitch, wanted: str, *, told_every_seconds: float = 3.0
) -> AsyncGenerator[ReplyEvent, None]:
    """Switch as `use_model` does, saying meanwhile that it is loading. Closed early, it gives up.

    Raises:
        StorageError: the choice cannot be kept; nothing was changed.
    """
    started = asyncio.get_running_loop().time()
    switching = asyncio.create_task(use_model(models, wanted))
    try:
        while not (await asyncio.wait({switching}, timeout=told_every_seconds))[0]:
            seconds = round(asyncio.get_running_loop().time() - started)
            name, before = _named(wanted, models.choices), models.describe().name
            yield TextDelta(LOADING.format(name=name, seconds=seconds, before=before), restart=True)
        reply = switching.result()
    finally:
        switching.cancel()
    yield TextDelta(reply.text, restart=True)
    yield TextFinished(reply)
    yield ReplyFinished(reply)


async def use_model(models: ModelSwitch, wanted: str) -> Reply:
    """Switch to the model that `wanted` names, once it has shown that it works.

    Raises:
        StorageError: the choice cannot be kept; nothing was changed.
    """
    name = _named(wanted, models.choices)
    listed = list_models(models)
    if name is None:
        start = f"没有叫「{wanted[:80]}」的模型。" if wanted else "要换成哪一个？"
        return Reply(text=f"{start}\n{listed.text}", buttons=listed.buttons, refused=True)
    before = models.describe().name
    if name == before:
        return Reply(text=f"正在用的就是 {_titled(name)}。")
    try:
        said = await models.use(name)
    except (SettingsError, ModelError) as exc:
        return Reply(text=f"{name} 用不了，还是接着用 {before}。\n原因：{exc.message}", refused=True)
    return Reply(text=f"好的，从现在起用 {_titled(name)}，对所有人都是。{f'（{said}）' if said else ''}")


def _named(wanted: str, names: tuple[str, ...]) -> str | None:
    """The name that is meant: in full, or without its backend where that is enough."""
    word = narrowed(wanted)
    found = [name for name in names if narrowed(name) == word]
    found = found or [name for name in names if narrowed(name.partition("/")[2]) == word]
    return found[0] if word and len(found) == 1 else None


def _titled(name: str) -> str:
    return f"{name}（不用语言模型，直接按菜谱回答）" if name == "composer" else name
