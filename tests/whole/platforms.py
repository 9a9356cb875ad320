"""The fake platforms, what people do there, and a bot that is connected to both."""

from __future__ import annotations

import asyncio
import hashlib
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.fakes.feishu_events import ALICE, BOB
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.feishu_world import APP_ID, APP_SECRET, ENCRYPT_KEY, VERIFICATION_TOKEN
from tests.fakes.telegram_server import TOKEN, TelegramServer
from tests.fakes.telegram_world import BOT_NAME
from tests.whole.bot_process import BotProcess

Json = dict[str, Any]
WEBHOOK_SECRET = "telegram-webhook-secret-Wq8"
SECRETS = (
    TOKEN,
    TOKEN.partition(":")[2],
    APP_SECRET,
    ENCRYPT_KEY,
    VERIFICATION_TOKEN,
    WEBHOOK_SECRET,
    "ticket=",
    "access_key=",
)
"""What no log line may hold."""
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 120.0
"""A bound against hanging, not a measurement."""


@dataclass(frozen=True)
class Said:
    """A message of the bot's.

    Attributes:
        chat: where.
        text: what it says, or its caption.
        reply_to: the message that it answers, where the platform shows that.
        kinds: "photo", "document" or "voice".
        is_unfinished: the answer is still being streamed into it.
    """

    chat: str
    text: str
    reply_to: str = ""
    kinds: tuple[str, ...] = ()
    is_unfinished: bool = False


class Control:
    """A fake's control API."""

    def __init__(self, session: ClientSession, address: str) -> None:
        self.session = session
        self.address = address

    async def get(self, what: str) -> Any:
        async with self.session.get(f"{self.address}/control/{what}") as response:
            return await response.json()

    async def post(self, path: str, /, **order: Any) -> Any:
        async with self.session.post(f"{self.address}/control/{path}", json=order) as response:
            assert response.status == 200, await response.text()
            return await response.json()


class TelegramUsers(Control):
    """People on Telegram; a chat is its number, negative for a group."""

    name = "telegram"
    shows_replies = False
    """Private chats have none, and pictures nowhere."""

    async def ask(self, chat: str, text: str, *, to_bot: bool = True) -> str:
        """Write; in a group mention the bot, unless it is none of its business. Returns the message's id."""
        if not chat.startswith("-"):
            update = await self.post("do", what="private_text", text=text, user_id=int(chat))
        elif to_bot:
            update = await self.post("do", what="mention", text=f"@{BOT_NAME} {text}", chat_id=int(chat))
        else:
            update = await self.post("do", what="group_text", text=text, chat_id=int(chat))
        return str(update["message"]["message_id"])

    async def said(self) -> list[Said]:
        """What the bot's messages say now, everywhere, oldest first."""
        said: dict[tuple[int, int], Said] = {}
        for item in await self.get("sent"):
            key, text = (
                (item["chat_id"], item.get("message_id", 0)),
                item.get("text", item.get("caption", "")),
            )
            if key in said:
                said[key] = replace(said[key], text=text, is_unfinished=text.endswith(" …"))
            elif item["method"] in {"sendMessage", "sendPhoto", "sendDocument", "sendVoice"}:
                reply_to, kinds = str(item["reply_to"] or ""), tuple(item["kinds"])
                said[key] = Said(str(item["chat_id"]), text, reply_to, kinds, text.endswith(" …"))
        return list(said.values())


class FeishuUsers(Control):
    """People on Feishu; the names of groups begin with oc_group."""

    name = "feishu"
    shows_replies = True

    async def ask(self, chat: str, text: str, *, to_bot: bool = True) -> str:
        if not chat.startswith("oc_group"):
            user = BOB if chat == "oc_bob" else ALICE
            event = await self.post("do", what="private_text", text=text, chat=chat, user=user)
        elif to_bot:
            event = await self.post("do", what="group_text", text=f"{{0}} {text}", chat=chat)
        else:
            body = {"kind": "text", "content": {"text": text}, "chat_type": "group"}
            event = await self.post("do", what="message", chat=chat, **body)
        return str(event["event"]["message"]["message_id"])

    async def said(self) -> list[Said]:
        return [
            Said(
                item["chat_id"],
                item["text"],
                item["reply_to"],
                _KINDS.get(item["kind"], ()),
                item["is_streaming"],
            )
            for item in await self.get("sent")
        ]


_KINDS = {"post": ("photo",), "image": ("photo",), "file": ("document",), "audio": ("voice",)}
Users = TelegramUsers | FeishuUsers


@dataclass
class Platforms:
    """Both fakes."""

    telegram: TelegramUsers
    feishu: FeishuUsers

    def settings(self, **changes: str) -> dict[str, str]:
        """What points the bot at both, with the platforms' own limits out of the way."""
        return {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.telegram.address,
            "TELEGRAM_CHAT_MESSAGES_PER_SECOND": "30",
            "TELEGRAM_GROUP_MESSAGES_PER_MINUTE": "1000",
            "TELEGRAM_MESSAGES_PER_SECOND": "1000",
            "FEISHU_APP_ID": APP_ID,
            "FEISHU_APP_SECRET": APP_SECRET,
            "FEISHU_DOMAIN": self.feishu.address,
            "FEISHU_ENCRYPT_KEY": ENCRYPT_KEY,
            "FEISHU_VERIFICATION_TOKEN": VERIFICATION_TOKEN,
            "FEISHU_CHAT_MESSAGES_PER_SECOND": "1000",
            "FEISHU_CALLS_PER_SECOND": "1000",
            "FEISHU_CALLS_PER_MINUTE": "100000",
            "LOG_LEVEL": "debug",
            **changes,
        }


@asynccontextmanager
async def platforms() -> AsyncIterator[Platforms]:
    """Start both fakes, here: only the bot is a process of its own, and what is killed."""
    async with (
        TelegramServer().running() as telegram,
        FeishuServer().running() as feishu,
        ClientSession() as session,
    ):
        both = Platforms(TelegramUsers(session, telegram.api_url), FeishuUsers(session, feishu.domain))
        await both.feishu.post("settings", retry_seconds=[0.2] * 5000)
        yield both


@dataclass
class Life:
    """One life of `python -m bot run`.

    Attributes:
        lines: what it printed.
        log: where its log goes; shared by all lives of a data folder.
    """

    process: Process
    log: Path
    lines: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.lines[0].partition("：")[2].partition(" ")[0]

    async def connected(self) -> None:
        """Wait until it has said that it is connected to both."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "已连接：feishu" not in self.lines:
                line = (await self.process.stdout.readline()).decode().rstrip("\n")
                assert line, f"the bot ended: {self.log.read_text()}"
                self.lines.append(line)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stopped(self) -> int:
        """Tell it to stop, and wait until it has; returns its exit status."""
        self.process.terminate()
        return await self.process.wait()


@asynccontextmanager
async def life(bot: BotProcess, settings: Mapping[str, str]) -> AsyncIterator[Life]:
    """Start the bot; at the end it is killed, if it has not ended."""
    log = bot.folder / "log.txt"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *bot.command("run"),
            cwd=bot.folder,
            env=bot.environment(**settings),
            stdout=PIPE,
            stderr=errors,
            limit=1024 * 1024,
        )
    try:
        yield Life(process, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(users: Users, condition: Callable[[list[Said]], bool]) -> list[Said]:
    """Look at what was said until `condition` holds; returns it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition(said := await users.said()):
        assert time.monotonic() < deadline, [(item.chat, item.text[:20]) for item in said]
        await asyncio.sleep(LOOK_SECONDS)
    return said


async def logged(running: Life, event: str) -> None:
    """Wait for a line in the log."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while event not in running.log.read_text():
        assert time.monotonic() < deadline, event
        await asyncio.sleep(LOOK_SECONDS)


def event_key(channel: str, chat: str, message_id: str) -> str:
    """The name under which the inbox knows a message: a digest, so that it says nothing about anybody."""
    return hashlib.sha256(f"{channel}\x1f{chat}\x1f\x1f{message_id}".encode()).hexdigest()[:40]


def assert_discreet(log: str, *words: str) -> None:
    """No line of the log holds a secret, or one of these words of a user's."""
    told = [line for line in log.splitlines() for word in (*SECRETS, *words) if word in line]
    assert told == []
