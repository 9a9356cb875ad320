"""Text to token ids as BCE's models read them, and token ids to batches. numpy and tokenizers alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.embedders.bce_folder import BceFolder
from core.errors import ModelRejectedError

Ids = NDArray[np.int64]

MAX_TEXT_CHARACTERS = 20_000
"""Far beyond any recipe; time grows with length."""
OVERLAP_TOKENS = 80
"""Of neighbouring windows of a long passage, as in BCEmbedding's `RerankerModel`."""
_QUERY_SHARE = 3 / 4
"""Of an input, at most; beyond 400 tokens BCEmbedding refuses a query, here it is cut."""


class BceTokens:
    """The tokenizer of a folder; safe to use from several threads.

    Raises:
        ModelRejectedError: it cannot be read, or belongs to another model.
    """

    def __init__(self, folder: BceFolder) -> None:
        import tokenizers

        try:
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(folder.path / "tokenizer.json"))
        except Exception as exc:  # tokenizers raises nothing narrower
            raise ModelRejectedError(f"{folder.path.name}/tokenizer.json cannot be read") from exc
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        marks = [self._tokenizer.token_to_id(mark) for mark in ("<s>", "</s>", "<pad>")]
        if None in marks or self._tokenizer.get_vocab_size() > folder.vocabulary_size:
            raise ModelRejectedError(f"{folder.path.name}/tokenizer.json belongs to another model")
        self._begin, self._end, self.pad = marks
        self._marks = frozenset({*marks, self._tokenizer.token_to_id("<mask>")})
        self._max_tokens = folder.max_tokens

    def text(self, text: str) -> list[int]:
        """`text` with its marks, cut to what the model takes."""
        return [self._begin, *self._plain(text)[: self._max_tokens - 2], self._end]

    def pairs(self, query: str, passage: str) -> list[list[int]]:
        """`query` with each window of `passage`: <s> query </s> </s> window </s>; none for no passage."""
        longest = int(self._max_tokens * _QUERY_SHARE) - 2
        asked = [self._begin, *self._plain(query)[:longest], self._end]
        room = self._max_tokens - len(asked) - 2
        return [
            [*asked, self._end, *window, self._end]
            for window in windows(self._plain(passage), room, OVERLAP_TOKENS)
        ]

    def _plain(self, text: str) -> list[int]:
        clean = text[:MAX_TEXT_CHARACTERS].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
        ids = self._tokenizer.encode(clean, add_special_tokens=False).ids
        return [number for number in ids if number not in self._marks]  # a "</s>" that somebody typed


def windows(ids: Sequence[int], room: int, overlap: int) -> list[Sequence[int]]:
    """`ids` in pieces of at most `room`, each repeating the end of the one before.

    The overlap is `overlap`, and at most a quarter of a window.
    """
    step = room - min(overlap, room // 4)
    last = max(0, len(ids) - room)
    starts = range(0, last + step, step) if ids else ()
    return [ids[start : start + room] for start in starts]


def batches(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Positions in groups of like length, each of at most `max_tokens` when padded, or of one."""
    group: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and lengths[position] * (len(group) + 1) > max_tokens:
            yield group
            group = []
        group.append(position)
    if group:
        yield group


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Ids, Ids]:
    """Token ids and attention mask, both int64 [rows, longest]."""
    width = max(map(len, rows))
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return ids, mask
