"""An inbox as a process of its own, to be killed.

Run as: python -m tests.bot.inbox_process FOLDER

Reads one message a line ("chat message_id") and answers "accepted message_id" once it is stored. What is
delivered is appended to FOLDER/delivered.txt, which stands for the platform: it outlives the process.
What the handler remembers goes to the real history in FOLDER/bot.sqlite3.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.inbox import Help, Inbox
from core.conversation import HistoryMessage
from core.messages import ChatKey, IncomingMessage
from storage.history import SqlHistory
from storage.session import Database
from tests.bot.inbox_bench import LIMITS, database_url, message, sorry
from tests.fakes.recording_channel import Delivery, RecordingChannel
from tests.fakes.scripted_handler import ScriptedHandler


class KeyedHistory(SqlHistory):
    """A history whose messages are stored under the id of the message that is answered, which is its text."""

    async def append(
        self, chat: ChatKey, messages: Sequence[HistoryMessage], *, message_id: str = ""
    ) -> None:
        await super().append(chat, messages, message_id=message_id or messages[0].text)


def append_to(path: Path, line: str) -> None:
    """One write: a kill leaves a whole line or none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


async def main(folder: Path) -> None:
    database = await Database.open(f"sqlite:///{folder / 'bot.sqlite3'}")
    history = KeyedHistory(database, max_messages=1000, max_age=timedelta(days=1))
    channel = RecordingChannel()

    def on_sent(delivery: Delivery) -> None:
        append_to(folder / "delivered.txt", f"{delivery.chat_id} {delivery.message_id} {delivery.key}")

    async def retract(cut_short: IncomingMessage) -> None:
        await history.retract(cut_short.chat, cut_short.message_id)

    channel.on_sent = on_sent
    inbox = Inbox(
        ScriptedHandler(history),
        {channel.name: channel},
        database_url(folder),
        sorry,
        limits=LIMITS,
        help_=Help(retract=retract),
    )
    await inbox.start()
    append_to(folder / "ready.txt", "ready")
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip() == "drain":
            await inbox.drained()
            print("drained", flush=True)
            continue
        chat_id, message_id = line.split()
        await inbox.accept(message(message_id, chat_id=chat_id))
        print(f"accepted {message_id}", flush=True)
    await inbox.stop()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
