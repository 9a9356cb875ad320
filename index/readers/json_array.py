"""A list of JSON values of any length, one value in memory at a time.

The standard decoder reads each value from a window that slides over the text. It is as fast as `json.load`,
goes on after a broken value, and needs no more memory than the longest value may have.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from index.encodings import encoding_of
from index.readers.rows import RowError

MAX_VALUE_CHARACTERS = 1_000_000
_CHUNK_BYTES = 1 << 18
_BETWEEN = re.compile(r"[\s,]*")
_SEAM_CHARACTERS = 200


def read_values(stream: io.BufferedReader, head: bytes, shown: str) -> Iterator[tuple[int, Any] | RowError]:
    """Yield (position, value) for each value of the list; a broken one yields its error instead.

    After a broken value reading goes on at the next object that begins with the same key as the first one.
    """
    window = _Window(stream, encoding_of(head) or "utf-8")
    window.enter_list()
    seam, position = re.compile(r"\}\s{0,64},\s{0,64}(?=\{)"), 0
    while not window.at_end():
        try:
            value = window.take()
        except (ValueError, RecursionError) as exc:
            yield RowError(f"{shown}: [{position}]", _reason(exc))
            window.skip_to(seam)
        else:
            if position == 0 and isinstance(value, dict) and value:
                key = re.escape(json.dumps(next(iter(value)), ensure_ascii=False))
                seam = re.compile(r"\}\s{0,64},\s{0,64}(?=\{\s{0,64}" + key + ")")
            yield position, value
        position += 1
    if not window.closed:
        yield RowError(f"{shown}: [{position}]", "the list has no end; the file was cut off")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not JSON (nested too deeply)"
    return f"not JSON ({error.msg})" if isinstance(error, json.JSONDecodeError) else str(error)


class _Window:
    """The part of the text that is being decoded."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._json = json.JSONDecoder()
        self._at = 0
        self._exhausted = False
        self.text = ""
        self.closed = False
        self._more()

    def _more(self) -> None:
        data = self._stream.read(_CHUNK_BYTES)
        self._exhausted = not data
        self.text = self.text[self._at :] + self._decoder.decode(data, final=not data)
        self._at = 0

    def enter_list(self) -> None:
        """Move behind the bracket that begins the list."""
        while "[" not in self.text and not self._exhausted:
            self._more()
        self._at = self.text.find("[") + 1

    def at_end(self) -> bool:
        """Move to the next value; whether there is none."""
        while True:
            matched = _BETWEEN.match(self.text, self._at)
            self._at = matched.end() if matched else self._at
            if self._at < len(self.text):
                self.closed = self.text[self._at] == "]"
                return self.closed
            if self._exhausted:
                return True
            self._more()

    def take(self) -> Any:
        """Decode the value that begins here.

        Raises:
            ValueError: it is not JSON, too long, or not in the file's encoding.
            RecursionError: it is nested too deeply.
        """
        while True:
            try:
                value, end = self._json.raw_decode(self.text, self._at)
            except json.JSONDecodeError:
                if self._exhausted:
                    raise
                if len(self.text) - self._at > MAX_VALUE_CHARACTERS:
                    raise
                self._more()
                continue
            if end == len(self.text) and not self._exhausted:
                self._more()  # a number may go on
                continue
            self._check(self.text[self._at : end])
            self._at = end
            return value

    def _check(self, text: str) -> None:
        if len(text) > MAX_VALUE_CHARACTERS:
            raise ValueError(f"longer than {MAX_VALUE_CHARACTERS} characters")
        if "\ufffd" in text:
            raise ValueError("holds bytes that are not in the file's encoding")

    def skip_to(self, seam: re.Pattern[str]) -> None:
        """Move behind the next seam between two values, or to the end of the text."""
        while not (found := seam.search(self.text, self._at)):
            self._at = max(self._at, len(self.text) - _SEAM_CHARACTERS)
            if self._exhausted:
                self._at = len(self.text)
                return
            self._more()
        self._at = found.end()
