"""Training conversations as tokens, in files that are mapped rather than read: a million fit.

Written once for a run: `tokens.bin` (uint32), `learned.bin` (uint8, 1 where a token counts for the loss),
`starts.npy` (int64, where each conversation begins, and the end) and `note.json`, which comes last.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.language_models.chat_prompt import ChatFormat
from core.model_files import read_json
from core.ports import ChatMessage
from finetune.data.reading import read_conversations
from finetune.errors import TrainingError
from finetune.train.packing import Numbers, packed

_NOTE = "note.json"


@dataclass(frozen=True)
class Lesson:
    """One row: conversations side by side, each counted from 0, as transformers tells packed rows apart.

    Attributes:
        tokens: int64 [row].
        positions: int64 [row], from 0 at the start of each conversation.
        predicting: int64 [learned], the places whose next token is learned.
        expected: int64 [learned], those next tokens.
    """

    tokens: Numbers
    positions: Numbers
    predicting: Numbers
    expected: Numbers


@dataclass(frozen=True)
class Lessons:
    """The tokens of one file of conversations, in rows.

    Attributes:
        folder: where they are kept.
        row_tokens: the longest row.
        packing: whether a row holds several conversations.
    """

    folder: Path
    row_tokens: int
    packing: bool

    @cached_property
    def note(self) -> dict[str, Any]:
        """What was counted when they were written: conversations, too_long, tokens, learned, data_sha256."""
        return read_json(self.folder / _NOTE)

    @cached_property
    def _tokens(self) -> NDArray[np.uint32]:
        return np.memmap(self.folder / "tokens.bin", np.uint32, "r")

    @cached_property
    def _learned(self) -> NDArray[np.uint8]:
        return np.memmap(self.folder / "learned.bin", np.uint8, "r")

    @cached_property
    def _starts(self) -> Numbers:
        return np.asarray(np.load(self.folder / "starts.npy", allow_pickle=False), np.int64)

    @cached_property
    def rows(self) -> list[list[int]]:
        """Which conversations each row holds."""
        lengths = np.diff(self._starts)
        return packed(lengths, self.row_tokens) if self.packing else [[i] for i in range(len(lengths))]

    def learned_in(self, row: int) -> int:
        """How many tokens of a row count for the loss."""
        return sum(int(self._learned[self._span(index)].sum()) for index in self.rows[row])

    def lesson(self, row: int) -> Lesson:
        """One row."""
        spans = [self._span(index) for index in self.rows[row]]
        tokens = np.concatenate([self._tokens[span] for span in spans]).astype(np.int64)
        learned = np.concatenate([self._learned[span] for span in spans]).astype(bool)
        positions = np.concatenate([np.arange(span.stop - span.start) for span in spans])
        predicting = np.flatnonzero(learned[1:])  # no conversation begins with a token that is learned
        return Lesson(tokens, positions, predicting, tokens[predicting + 1])

    def _span(self, index: int) -> slice:
        return slice(int(self._starts[index]), int(self._starts[index + 1]))


def written_lessons(
    data: Path,
    folder: Path,
    tokenizer: Any,
    row_tokens: int,
    *,
    packing: bool,
    progress: Callable[[int], None] = lambda _count: None,
) -> Lessons:
    """The lessons of a file of conversations, from `folder` if they are there already.

    Conversations of more than `row_tokens` tokens are left out, and counted.

    Args:
        data: conversations in any format that `finetune.data.reading` reads.
        folder: for the tokens.
        tokenizer: the base's, of transformers.
        row_tokens: of the longest conversation.
        packing: whether rows are filled with several.
        progress: called with the number of conversations so far.

    Raises:
        CorpusError: the file cannot be read; names the line.
        TrainingError: nothing is left to learn.
    """
    lessons = Lessons(folder, row_tokens, packing)
    made_of = {
        "data_sha256": _sha256(data),
        "tokenizer_sha256": hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest(),
        "row_tokens": row_tokens,
    }
    if (folder / _NOTE).exists() and made_of.items() <= read_json(folder / _NOTE).items():
        return lessons
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counted = _write(data, folder, ChatFormat(tokenizer), row_tokens, progress)
    if not counted["conversations"]:
        raise TrainingError(
            f"{data.name}: none of its {counted['too_long']} conversations fits into {row_tokens} tokens; "
            "set row_tokens higher"
        )
    (folder / _NOTE).write_text(json.dumps(made_of | counted, indent=1), encoding="utf-8")
    return lessons


def _write(
    data: Path, folder: Path, form: ChatFormat, row_tokens: int, progress: Callable[[int], None]
) -> dict[str, int]:
    starts, too_long, learned_tokens = [0], 0, 0
    with (folder / "tokens.bin").open("wb") as tokens, (folder / "learned.bin").open("wb") as learned:
        for count, conversation in enumerate(read_conversations(data), 1):
            messages = [ChatMessage(message.role, message.content) for message in conversation.messages]
            ids, counts = form.taught(messages, [message.learned for message in conversation.messages])
            if len(ids) > row_tokens:
                too_long += 1
                continue
            tokens.write(np.asarray(ids, np.uint32).tobytes())
            learned.write(np.asarray(counts, np.uint8).tobytes())
            starts.append(starts[-1] + len(ids))
            learned_tokens += sum(counts)
            if count % 100 == 0:
                progress(count)
    np.save(folder / "starts.npy", np.asarray(starts, np.int64))
    kept = len(starts) - 1
    longest = max((end - start for start, end in pairwise(starts)), default=0)
    return {
        "conversations": kept,
        "too_long": too_long,
        "tokens": starts[-1],
        "learned": learned_tokens,
        "longest": longest,
    }


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise TrainingError(f"{path} cannot be read: {exc.strerror}") from exc
