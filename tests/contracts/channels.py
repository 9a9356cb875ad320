"""Both chat platforms for one contract suite: the real channel and SDK on one side, its fake on the other.

What a person does has one name on both: say, ask in a group, press a button, read what is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.delivery import Channel
from bot.inbox import Inbox
from bot.message_handler import MessageHandler
from bot.unfinished_answers import UnfinishedAnswers
from core.messages import IncomingMessage
from tests.bot.feishu_bench import QUICK, make_channel
from tests.bot.inbox_bench import LIMITS, database_url, sorry
from tests.bot.telegram_kit import channel_on
from tests.fakes.downloads import Downloads
from tests.fakes.feishu_events import ALICES_CHAT, BOB, GROUP
from tests.fakes.feishu_limits import Fault as FeishuFault
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.scripted_handler import ScriptedHandler
from tests.fakes.telegram_server import Fault, TelegramServer, flood
from tests.fakes.telegram_world import BOT_NAME, GROUP_ID, USER_ID

Json = dict[str, Any]


class TelegramSide:
    """People on Telegram."""

    has_idempotency_keys = False

    def __init__(self, server: TelegramServer) -> None:
        self.server = server

    def channel(self, folder: Path) -> Channel:
        return channel_on(self.server, folder)

    async def say(self, text: str) -> Json:
        return await self.server.world.private_text(text)

    async def say_aloud(self, recording: bytes) -> Json:
        return await self.server.world.voice(recording)

    @property
    def downloads(self) -> Downloads:
        return self.server.downloads

    def fail_a_download(self) -> None:
        self.server.fail("download", Fault(status=502))

    def spoken(self) -> list[tuple[bytes, int]]:
        """Voice notes of the bot: their bytes, and their length in seconds."""
        calls = self.server.made("sendVoice")
        return [(next(iter(c.files.values()))[1], c.result["voice"]["duration"]) for c in calls]

    def lose_a_voice_note(self) -> None:
        self.server.fail("sendVoice", Fault(drop="after"))

    async def ask_in_group(self, text: str) -> Json:
        return await self.server.world.mention(f"@{BOT_NAME} {text}")

    async def another_asks_in_group(self, text: str) -> Json:
        return await self.server.world.mention(f"@{BOT_NAME} {text}", user_id=USER_ID + 1)

    async def chat_in_group(self, text: str) -> None:
        await self.server.world.group_text(text)

    async def deliver_again(self, event: Json) -> None:
        await self.server.world.push({"message": event["message"]})

    async def press(self, label: str) -> None:
        messages = [m for m in self.server.world.messages.values() if "reply_markup" in m]
        keys = [key for row in messages[-1]["reply_markup"]["inline_keyboard"] for key in row]
        [data] = [key["callback_data"] for key in keys if key["text"] == label]
        await self.server.world.press(messages[-1], data)

    def heard(self, *, group: bool = False) -> list[str]:
        chat_id = GROUP_ID if group else USER_ID
        mine = [m for (chat, _), m in sorted(self.server.world.messages.items()) if chat == chat_id]
        return [m["text"] for m in mine if m["from"]["is_bot"] and "text" in m]

    def captions(self) -> list[str]:
        return [call.result["caption"] for call in self.server.made("sendPhoto")]

    async def sees(self, text: str, *, group: bool = False) -> None:
        """Wait until a person sees an answer in the making that begins with `text`."""
        method = "sendMessage" if group else "sendMessageDraft"
        call = await self.server.wait_for(method)
        assert call.parameters["text"].startswith(text)

    async def reads(self, text: str, *, group: bool = False) -> None:
        """Wait until a message says `text`."""
        async with self.server.changed:
            await self.server.changed.wait_for(lambda: text in self.heard(group=group))

    def refuse_once(self, seconds: int) -> None:
        self.server.fail("sendMessage", Fault(error=flood(seconds)))

    def attempts(self) -> list[float]:
        return [call.at for call in self.server.calls if call.method == "sendMessage"]

    def lose_an_answer(self) -> None:
        self.server.fail("sendMessage", Fault(drop="after"))

    async def drop_connection(self) -> None:
        """The next two requests for updates break off."""
        self.server.fail("getUpdates", Fault(drop="before"), Fault(drop="before"))
        await self.server.world.push({"poll": {}})  # ends the request under way


class FeishuSide:
    """People on Feishu."""

    has_idempotency_keys = True

    def __init__(self, server: FeishuServer) -> None:
        self.server = server
        server.pushes.retry_seconds = (0.02,) * 200

    def channel(self, folder: Path) -> Channel:
        options = replace(QUICK, connection=replace(QUICK.connection, silence_seconds=1.0))
        return make_channel(self.server, mode="websocket", options=options)

    async def say(self, text: str) -> Json:
        return self._pushed(self.server.events.private_text(text))

    async def say_aloud(self, recording: bytes) -> Json:
        return self._pushed(self.server.events.voice_note(recording))

    @property
    def downloads(self) -> Downloads:
        return self.server.messages.downloads

    def fail_a_download(self) -> None:
        self.server.faults.append(FeishuFault("download", "status"))

    def spoken(self) -> list[tuple[bytes, int]]:
        """Voice messages of the bot: their bytes, and their length in seconds."""
        world = self.server.world
        keys = [message.content["file_key"] for message in world.sent if message.kind == "audio"]
        return [(world.files[key][1], world.speech[key] // 1000) for key in keys]

    def lose_a_voice_note(self) -> None:
        self.server.faults.append(FeishuFault("reply", "drop_after"))

    async def ask_in_group(self, text: str) -> Json:
        return self._pushed(self.server.events.group_text(f"{{0}} {text}", [self.server.events.bot]))

    async def another_asks_in_group(self, text: str) -> Json:
        mentions = [self.server.events.bot]
        return self._pushed(self.server.events.group_text(f"{{0}} {text}", mentions, user=BOB))

    async def chat_in_group(self, text: str) -> None:
        self._pushed(self.server.events.group_text(text, []))

    async def deliver_again(self, event: Json) -> None:
        push = self.server.pushes.push(event)
        await push.acknowledged.wait()

    async def press(self, label: str) -> None:
        self._pushed(self.server.events.pressed_button(self.server.world.sent[-1], label))

    def heard(self, *, group: bool = False) -> list[str]:
        chat_id = GROUP if group else ALICES_CHAT
        world = self.server.world
        return [world.text_of(m) for m in world.sent if m.chat_id == chat_id and m.kind != "post"]

    def captions(self) -> list[str]:
        world = self.server.world
        return [world.text_of(m).splitlines()[-1] for m in world.sent if m.kind == "post"]

    async def sees(self, text: str, *, group: bool = False) -> None:
        await self.server.until(lambda: any(said.startswith(text) for said in self.heard(group=group)))

    async def reads(self, text: str, *, group: bool = False) -> None:
        await self.server.until(lambda: text in self.heard(group=group))

    def refuse_once(self, seconds: int) -> None:
        self.server.faults.append(FeishuFault("reply", "code", code=99991400, reset=float(seconds)))

    def attempts(self) -> list[float]:
        return [call.at for call in self.server.calls if call.operation == "reply"]

    def lose_an_answer(self) -> None:
        self.server.faults.append(FeishuFault("reply", "drop_after"))

    async def drop_connection(self) -> None:
        await self.server.pushes.connections[0].socket.close(code=1001)

    def _pushed(self, event: Json) -> Json:
        self.server.pushes.push(event)
        return event


Side = TelegramSide | FeishuSide


@asynccontextmanager
async def side(name: str) -> AsyncIterator[Side]:
    """A platform."""
    if name == "telegram":
        async with TelegramServer().running() as telegram:
            yield TelegramSide(telegram)
    else:
        async with FeishuServer().running() as feishu:
            yield FeishuSide(feishu)


@dataclass
class Life:
    """A bot from start to stop."""

    inbox: Inbox
    channel: Channel
    handler: ScriptedHandler
    arrived: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accept(self, message: IncomingMessage) -> None:
        await self.inbox.accept(message)
        async with self.changed:
            self.arrived += 1
            self.changed.notify_all()

    async def has_taken(self, count: int) -> None:
        """Wait until `count` messages were stored, repeated ones included."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.arrived >= count)

    async def has_answered(self, count: int) -> None:
        """Wait until `count` messages were stored, and everything is answered."""
        await self.has_taken(count)
        await self.inbox.drained()


@asynccontextmanager
async def living(
    people: Side,
    folder: Path,
    handler: ScriptedHandler | None = None,
    *,
    grace_seconds: float = 5.0,
    answering: MessageHandler | None = None,
    unfinished: UnfinishedAnswers | None = None,
) -> AsyncIterator[Life]:
    """Start a bot on what `folder` holds, as `bot.run` does; stop it in the same order.

    `answering` answers in place of `handler`, told by `unfinished` when to end.
    """
    handler, channel = handler or ScriptedHandler(), people.channel(folder)
    inbox = Inbox(
        answering or handler,
        {channel.name: channel},
        database_url(folder),
        sorry,
        limits=LIMITS,
        unfinished=unfinished,
    )
    await inbox.start()
    life = Life(inbox, channel, handler)
    await channel.start(life.accept)
    try:
        yield life
    finally:
        await inbox.stop(grace_seconds)
        await channel.stop()
