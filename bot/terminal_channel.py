"""The conversation in a terminal: a session with streamed answers, or one turn for scripts.

Ctrl-C ends an answer that is being made, and where none is, the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.message_handler import MessageHandler
from bot.unfinished_answers import UnfinishedAnswers
from core.errors import ChannelError, InputError
from core.messages import (
    ChatKey,
    Document,
    IncomingMessage,
    Reply,
    ReplyFinished,
    Stage,
    StageProgress,
    StageStarted,
    TextDelta,
    UserKey,
    VoiceNote,
)
from core.recipe import Recipe

CHANNEL = "terminal"
_AT_WORK = {
    Stage.TRANSCRIBE: "正在听…",
    Stage.REWRITE: "正在想你问的是什么…",
    Stage.RETRIEVE: "正在找菜谱…",
    Stage.WEB: "菜谱里没有，正在上网找…",
    Stage.GENERATE: "正在写…",
    Stage.ILLUSTRATE: "正在画图…",
}
_LEAVE = {"exit", "quit", "退出", "再见"}


def message_from(user: str, text: str, recording: Path | None = None) -> IncomingMessage:
    """What `user` typed or recorded, as a message; each user has a conversation of their own."""
    return IncomingMessage(
        chat=ChatKey(CHANNEL, user),
        user=UserKey(CHANNEL, user),
        message_id=uuid.uuid4().hex,
        text=text,
        received_at=datetime.now(UTC),
        voice=VoiceNote(reference=str(recording)) if recording else None,
    )


class TerminalChannel:
    """Talks to one person.

    Args:
        handler: answers.
        exports_dir: where documents that come with an answer are put.
        console: the terminal.
        max_recording_megabytes: the largest recording that is read.
        unfinished: ends answers early.
    """

    def __init__(
        self,
        handler: MessageHandler,
        exports_dir: Path,
        console: Console | None = None,
        *,
        max_recording_megabytes: float = 20,
        unfinished: UnfinishedAnswers | None = None,
    ) -> None:
        self._handler = handler
        self._exports_dir = exports_dir
        self._console = console or Console()
        self._unfinished = unfinished or UnfinishedAnswers()
        self._max_recording_bytes = int(max_recording_megabytes * 1_000_000)

    async def session(self, user: str) -> None:
        """Talk until the person leaves (退出, end of input, or Ctrl-C)."""
        self._console.print(
            "[bold]食神[/] 说一道菜名吧，比如「番茄炒蛋怎么做」。"
            "输入 /help 看命令，Ctrl-C 停下回答，「退出」离开。"
        )
        while True:
            try:
                text = await asyncio.to_thread(self._console.input, "\n[bold green]你[/] ")
            except (EOFError, KeyboardInterrupt):
                return
            if text.strip().lower() in _LEAVE:
                return
            if text.strip():
                message = message_from(user, text)
                self._unfinished.begin(message)
                with _on_interrupt(partial(self._unfinished.stop, message.chat, message.user)):
                    await self._answer(message)
                self._unfinished.end(message)

    async def fetch_recording(self, message: IncomingMessage) -> bytes:
        """The file that `message` was sent with.

        Raises:
            InputError: audio_too_large.
            ChannelError: it cannot be read.
        """
        if message.voice is None:
            raise ChannelError("the message has no recording")
        try:
            content = await asyncio.to_thread(self._read, Path(message.voice.reference))
        except OSError as exc:
            raise ChannelError(f"the recording cannot be read ({exc.strerror})") from exc
        if len(content) > self._max_recording_bytes:
            raise InputError("audio_too_large", f"larger than {self._max_recording_bytes} bytes")
        return content

    def _read(self, path: Path) -> bytes:
        with path.open("rb") as file:
            return file.read(self._max_recording_bytes + 1)

    async def once(
        self, user: str, text: str, recording: Path | None = None
    ) -> tuple[Reply, dict[str, float]]:
        """Run one turn silently; returns the reply and how long each stage took, in milliseconds."""
        finished = ReplyFinished(Reply(text=""), {})
        async with aclosing(self._handler.handle(message_from(user, text, recording))) as events:
            async for event in events:
                if isinstance(event, ReplyFinished):
                    finished = event
        return finished.reply, finished.timings_ms

    async def _answer(self, message: IncomingMessage) -> None:
        out = self._console
        out.print("[bold yellow]食神[/]")
        status = out.status("…")
        status.start()
        reply = Reply(text="")
        is_counting = False
        async with aclosing(self._handler.handle(message)) as events:
            async for event in events:
                if isinstance(event, StageStarted) and event.stage in _AT_WORK:
                    status.update(_AT_WORK[event.stage])
                elif isinstance(event, TextDelta):
                    status.stop()
                    lead = "\n" if event.restart else ""
                    out.print(lead + event.text, end="", markup=False, highlight=False, soft_wrap=True)
                elif isinstance(event, StageProgress) and event.stage in _AT_WORK:
                    if not is_counting:
                        is_counting = True
                        out.print()
                        status.start()
                    status.update(f"{_AT_WORK[event.stage]}{event.done}/{event.total}")
                elif isinstance(event, ReplyFinished):
                    reply = event.reply
        status.stop()
        if not is_counting:
            out.print()
        self._show_rest(reply)

    def _show_rest(self, reply: Reply) -> None:
        """What comes after the text: picture, document, suggestions."""
        out = self._console
        if reply.picture is not None:
            label = "菜谱卡" if reply.picture.kind == "card" else "照片"
            out.print(f"[dim]{label}：{reply.picture.path}[/]", highlight=False, soft_wrap=True)
        if reply.document is not None:
            out.print(f"[dim]文件：{self.keep(reply.document)}[/]", highlight=False, soft_wrap=True)
        if reply.buttons:
            suggestions = "  ".join(f"「{button.message}」" for button in reply.buttons)
            out.print(f"可以接着说：{suggestions}", style="dim", markup=False, highlight=False)

    def keep(self, document: Document) -> Path:
        """Put a document where the person finds it and nobody else reads it; returns its path."""
        self._exports_dir.mkdir(parents=True, exist_ok=True)
        name = Path(document.file_name)
        for number in count(1):
            path = self._exports_dir / (f"{name.stem}-{number}{name.suffix}" if number > 1 else name.name)
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(document.content)
                return path
        raise AssertionError("count() has no end")


@contextlib.contextmanager
def _on_interrupt(act: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C call `act` instead of ending the program, where the system knows such signals."""
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, act)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)


def reply_as_json(reply: Reply, timings_ms: dict[str, float], document: Path | None) -> str:
    """One turn as one JSON object, for `chat --json`."""
    data: dict[str, Any] = {
        "text": reply.text,
        "recipe": recipe_as_data(reply.recipe) if reply.recipe else None,
        "photo": str(reply.picture.path) if reply.picture else None,
        "refused": reply.refused,
        "transcript": reply.transcript or None,
        "timings_ms": {stage: round(milliseconds, 1) for stage, milliseconds in timings_ms.items()},
        "buttons": [button.message for button in reply.buttons],
        "document": str(document) if document else None,
        "error": reply.error_code,
    }
    return json.dumps(data, ensure_ascii=False)


def recipe_as_data(recipe: Recipe) -> dict[str, Any]:
    """The recipe as scripts read it."""
    return {
        "name": recipe.name,
        "source": recipe.source,
        "servings": recipe.servings,
        "minutes": recipe.minutes,
        "ingredients": [{"name": item.name, "amount": item.amount} for item in recipe.ingredients],
        "steps": list(recipe.steps),
        "recipe_id": recipe.recipe_id,
    }
