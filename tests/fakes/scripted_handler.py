"""A message handler that answers by a script, remembers what it was asked, and waits where it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from core.conversation import HistoryMessage
from core.messages import (
    Button,
    Heard,
    IncomingMessage,
    Picture,
    Reply,
    ReplyEvent,
    ReplyFinished,
    Stage,
    StageFinished,
    StageStarted,
    TextDelta,
    TextFinished,
)
from core.ports import History
from core.quantity import Quantity
from core.recipe import Ingredient, Recipe

Step = ReplyEvent | asyncio.Event | Exception
"""An event to yield, a gate to wait at, or an error to raise."""

TOMATO_EGGS = Recipe(
    recipe_id="0123456789abcdef",
    name="番茄炒蛋",
    aliases=("西红柿炒鸡蛋",),
    cuisine="家常菜",
    category="热菜",
    tastes=("酸甜", "咸鲜"),
    servings=2,
    minutes=15,
    difficulty=1,
    allergens=("鸡蛋",),
    ingredients=tuple(
        Ingredient(name, Quantity.parse(amount))
        for name, amount in (
            ("番茄", "2个（约300克）"),
            ("鸡蛋", "3个"),
            ("小葱", "1根"),
            ("白糖", "8克"),
            ("盐", "3克"),
            ("食用油", "30毫升"),
        )
    ),
    steps=(
        "番茄顶部划十字，浇开水烫40秒，皮卷起后撕掉，切成小块；小葱切碎，葱白葱绿分开放。",
        "鸡蛋磕进碗里，加1克盐，打到看不见成团的蛋清。",
        "炒锅大火烧热，倒20毫升食用油，倒入蛋液，由外往里推炒30秒，蛋块成形就盛出。",
        "锅里补10毫升食用油，中火下葱白炒10秒出香，放番茄和剩下的2克盐，炒到汤汁浓红。",
        "加白糖化开，倒回鸡蛋，转大火翻炒40秒，撒葱绿出锅。",
    ),
    tips=("喜欢多汁拌饭，第四步沿锅边添50毫升热水，煮开再放蛋。",),
    source="食神菜谱",
)


def recipe_text(recipe: Recipe) -> str:
    """The recipe in words, as a channel without cards shows it."""
    ingredients = "\n".join(f"· {i.name} {i.amount}".rstrip() for i in recipe.ingredients)
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(recipe.steps, start=1))
    return f"【{recipe.name}】\n{ingredients}\n\n{steps}"


def plain_answer(text: str) -> list[Step]:
    """An answer of nothing but text."""
    reply = Reply(text=text)
    return [TextDelta(text), TextFinished(reply), ReplyFinished(reply)]


def gated_answer(gate: asyncio.Event, text: str) -> list[Step]:
    """An answer that says its beginning and waits at `gate` before it goes on."""
    reply = Reply(text=f"开头{text}")
    return [TextDelta("开头"), gate, TextDelta(text), TextFinished(reply), ReplyFinished(reply)]


def recipe_answer(recipe: Recipe, picture: Picture | None = None, *, lead: str = "") -> list[Step]:
    """The answer to 「…怎么做」 with every stage of the pipeline."""
    lead = lead or f"{recipe.name}，照着做就行："
    text = recipe_text(recipe)
    buttons = (Button("要多少盐", "要多少盐"), Button("改成四人份", "改成四人份"), Button("换一道", "换一道"))
    reply = Reply(text=text, lead=lead, recipe=recipe, shows_recipe=True, buttons=buttons)
    whole = Reply(text=text, lead=lead, recipe=recipe, shows_recipe=True, buttons=buttons, picture=picture)
    return [
        StageStarted(Stage.RETRIEVE),
        StageFinished(Stage.RETRIEVE, 4.2),
        StageStarted(Stage.GENERATE),
        *(TextDelta(text[start : start + 40]) for start in range(0, len(text), 40)),
        StageFinished(Stage.GENERATE, 8.0),
        TextFinished(reply),
        StageStarted(Stage.ILLUSTRATE),
        StageFinished(Stage.ILLUSTRATE, 15.0),
        ReplyFinished(whole, {"retrieve": 4.2, "generate": 8.0, "illustrate": 15.0}),
    ]


def draw_picture(folder: Path, name: str = "tomato-eggs.png") -> Picture:
    """A small picture in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (360, 480), (196, 65, 43)).save(folder / name)
    return Picture(folder / name, "image/png", 360, 480, "card")


def spoken(script: Sequence[Step], heard: str) -> list[Step]:
    """`script` as the answer to a recording."""
    return [
        replace(step, reply=replace(step.reply, transcript=heard))
        if isinstance(step, TextFinished | ReplyFinished)
        else step
        for step in script
    ]


class ScriptedHandler:
    """`bot.message_handler.MessageHandler` by script; a text without one is echoed.

    Attributes:
        scripts: what to answer, by the message's text, or by what was heard of it.
        hears: what is heard in recordings, one after the other; the last of them in all that follow.
        recordings: the recordings that were fetched, in order.
        handled: every message that was begun, in order.
        finished: message ids whose answer came to its end.
        cancelled: message ids whose answer was cancelled.
    """

    def __init__(
        self,
        history: History | None = None,
        fetch: Callable[[IncomingMessage], Awaitable[bytes]] | None = None,
    ) -> None:
        self.scripts: dict[str, Sequence[Step]] = {}
        self.handled: list[IncomingMessage] = []
        self.finished: list[str] = []
        self.cancelled: list[str] = []
        self.hears = ["宫保鸡丁怎么做"]
        self.recordings: list[bytes] = []
        self._history = history
        self._fetch = fetch

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Play the script of `message.text`; what is answered is stored once the text is finished."""
        self.handled.append(message)
        try:
            if message.voice is not None:
                yield StageStarted(Stage.TRANSCRIBE)
                message = await self._heard(message)
                yield Heard(message.text)
            script = self.scripts.get(message.text, plain_answer(f"收到：{message.text}"))
            for step in script if message.voice is None else spoken(script, message.text):
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                    continue
                if isinstance(step, TextFinished):
                    await self._remember(message, step.reply)
                if isinstance(step, ReplyFinished) and step.reply.picture and self._history:
                    await self._history.set_picture(message.chat, step.reply.picture.path.name)
                yield step
        except asyncio.CancelledError:
            self.cancelled.append(message.message_id)
            raise
        self.finished.append(message.message_id)

    async def _heard(self, message: IncomingMessage) -> IncomingMessage:
        assert self._fetch is not None
        self.recordings.append(await self._fetch(message))
        return replace(message, text=self.hears.pop(0) if len(self.hears) > 1 else self.hears[0])

    async def _remember(self, message: IncomingMessage, reply: Reply) -> None:
        if self._history is None:
            return
        now = datetime.now(UTC)
        asked = HistoryMessage("user", message.text, message.user.user_id, now)
        answered = HistoryMessage(
            "assistant", reply.text, message.user.user_id, now, recipe=reply.recipe, refused=reply.refused
        )
        await self._history.append(message.chat, [asked, answered])
