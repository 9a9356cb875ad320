"""A chat as token ids, in a model's own format, with marks that nobody can write.

What people and recipes say is encoded as plain text: a `<|im_end|>` in it stays six words, and ends no turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import ModelRejectedError
from core.ports import ChatMessage

END_MARK = "<|im_end|>"
_CHAT_ML = ("<|im_start|>", END_MARK)
"""InternLM2's marks, and those of Qwen and others: one format, told apart by what stands in front."""


class ChatFormat:
    """How a model wants a chat written.

    Args:
        tokenizer: the model's, of transformers, with a fast backend.

    Raises:
        ModelRejectedError: its format is not known.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._backend = tokenizer.backend_tokenizer
        marks = [self._backend.token_to_id(mark) for mark in _CHAT_ML]
        if None in marks:
            raise ModelRejectedError("this model has no chat format that is known: <|im_start|> is missing")
        self._start, self._end = marks
        begins = str(tokenizer.chat_template or "").lstrip().startswith("{{ bos_token }}")
        self._prefix = [tokenizer.bos_token_id] if begins and tokenizer.bos_token_id is not None else []

    def encoded(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The ids of a prompt that asks for the next message."""
        ids = list(self._prefix)
        for message in messages:
            words = self._plain(f"{message.role}\n{message.content}")
            ids += [self._start, *words, self._end, *self._plain("\n")]
        return [*ids, self._start, *self._plain("assistant\n")]

    def taught(
        self, messages: Sequence[ChatMessage], learned: Sequence[bool]
    ) -> tuple[list[int], list[bool]]:
        """The ids of a whole chat to learn from, and which of them count: answers, end marks included.

        In front of each answer stands what `encoded` gives for the messages before it.

        Args:
            messages: of the chat.
            learned: for each message, whether it is learned if it is an answer.
        """
        ids, is_learned = list(self._prefix), [False] * len(self._prefix)
        for message, counts in zip(messages, learned, strict=True):
            if message.role == "assistant":
                asked, answer = self._plain("assistant\n"), [*self._plain(message.content), self._end]
            else:
                asked, answer = [*self._plain(f"{message.role}\n{message.content}"), self._end], []
            line_end = self._plain("\n")
            ids += [self._start, *asked, *answer, *line_end]
            is_learned += [False] * (1 + len(asked)) + [counts] * len(answer) + [False] * len(line_end)
        return ids, is_learned

    def fitted(self, messages: Sequence[ChatMessage], limit: int) -> list[int]:
        """`encoded`, at most `limit` ids: the oldest turns between rules and question are left out.

        Raises:
            ModelRejectedError: rules and question alone are longer.
        """
        kept = list(messages)
        while len(ids := self.encoded(kept)) > limit:
            first = 1 if kept and kept[0].role == "system" else 0
            if len(kept) - first <= 1:
                raise ModelRejectedError(f"the question takes {len(ids)} tokens, {limit} fit: ask for less")
            del kept[first : first + min(2, len(kept) - first - 1)]  # a question goes with its answer
        return ids

    def _plain(self, text: str) -> list[int]:
        self._backend.encode_special_tokens = True
        ids: list[int] = self._backend.encode(text, add_special_tokens=False).ids
        return ids
