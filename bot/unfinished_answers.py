"""Which answers are not finished, and which of them a newer message ends.

An answer is known here from the moment its message is accepted until its work is done. A newer message ends

- of the same person in that chat: what a language model is at, seen to be or for longer than
  `unshown_after_seconds`. A question whose answer has not begun to show is still answered;
- when it is /stop or /clear: everything of that person there that is not finished, what waits included;
- when it is an administrator's /clear: everybody's there.

Nothing is lost by it: an ended answer is an answer, delivered and remembered with what had been written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.broadcast import PREFIX
from core.messages import ChatKey, IncomingMessage, UserKey
from core.stopping import StopSignal
from handlers.commands import command_of


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """An answer under way or waiting."""

    user: UserKey
    signal: StopSignal = field(default_factory=StopSignal)


class UnfinishedAnswers:
    """The answers of this process that are not finished, over all channels. Used on the event loop only.

    Args:
        on_new_message: whether a new question ends the answer that is being written.
        unshown_after_seconds: how long a model may be at an answer of which nothing is seen yet before a new
            question ends it too.
        is_administrator: whose /clear ends everybody's.
    """

    def __init__(
        self,
        *,
        on_new_message: bool = True,
        unshown_after_seconds: float = 10.0,
        is_administrator: Callable[[UserKey], bool] = lambda _user: False,
    ) -> None:
        self._on_new_message = on_new_message
        self._unshown_after_seconds = unshown_after_seconds
        self._is_administrator = is_administrator
        self._chats: dict[ChatKey, dict[str, _Unfinished]] = {}

    def begin(self, message: IncomingMessage) -> None:
        """`message` was accepted: end what it ends; from now on its own answer can be ended."""
        answers = self._chats.setdefault(message.chat, {})
        if message.message_id in answers:
            return
        if not message.message_id.startswith(PREFIX):  # what the bot says of its own accord ends nothing
            for answer in answers.values():
                if self._ends(message, answer):
                    answer.signal.request()
        answers[message.message_id] = _Unfinished(message.user)

    def end(self, message: IncomingMessage) -> None:
        """The answer to `message` is finished, whatever became of it."""
        answers = self._chats.get(message.chat, {})
        answers.pop(message.message_id, None)
        if not answers:
            self._chats.pop(message.chat, None)

    def signal_of(self, message: IncomingMessage) -> StopSignal:
        """What ends the answer to `message`; nothing does for a message that never began."""
        answer = self._chats.get(message.chat, {}).get(message.message_id)
        return answer.signal if answer is not None else StopSignal()

    def stop(self, chat: ChatKey, user: UserKey) -> int:
        """End everything of `user` in `chat` that is not finished; returns how many answers that are."""
        answers = [answer for answer in self._chats.get(chat, {}).values() if answer.user == user]
        for answer in answers:
            answer.signal.request()
        return len(answers)

    def _ends(self, newer: IncomingMessage, older: _Unfinished) -> bool:
        command = command_of(newer.text)
        if older.user != newer.user:
            return command == "clear" and self._is_administrator(newer.user)
        if command in {"stop", "clear"}:
            return True
        return self._on_new_message and older.signal.is_written(self._unshown_after_seconds)
