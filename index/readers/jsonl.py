"""One JSON object a line, whatever the object is; each line in UTF-8, GB18030, or all in UTF-16."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from index.encodings import decoded, encoding_of
from index.readers.rows import RowError

MAX_LINE_BYTES = 1_000_000
"""A longer line is a bad row: the longest recipe of XiaChuFang's 1.52 million is far below."""


def read_objects(
    stream: io.BufferedReader, head: bytes, shown: str
) -> Iterator[tuple[int, dict[str, Any]] | RowError]:
    """Yield (line number, object) for each line; a broken line yields its error instead."""
    encoding = encoding_of(head) or ""
    if not encoding.startswith("utf-16"):
        yield from _objects(stream.readline, shown)
        return
    text = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")
    try:
        yield from _objects(lambda limit: text.readline(limit).encode(), shown)
    finally:
        text.detach()  # the stream is not ours to close


def _objects(
    read_line: Callable[[int], bytes], shown: str
) -> Iterator[tuple[int, dict[str, Any]] | RowError]:
    number = 0
    while line := read_line(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            yield RowError(f"{shown}:{number}", f"longer than {MAX_LINE_BYTES} bytes")
            while line and not line.endswith(b"\n"):
                line = read_line(MAX_LINE_BYTES)
            continue
        if line.strip():
            yield _object_of(line, number, shown)


def _object_of(line: bytes, number: int, shown: str) -> tuple[int, dict[str, Any]] | RowError:
    where = f"{shown}:{number}"
    try:
        record = json.loads(_text_of(line.rstrip(b"\r\n")))
    except UnicodeDecodeError as exc:
        return RowError(where, f"not UTF-8 at byte {exc.start}")
    except (ValueError, RecursionError) as exc:
        return RowError(where, f"not JSON ({exc})")
    return (number, record) if isinstance(record, dict) else RowError(where, "must be a JSON object")


def _text_of(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        try:
            return decoded(line)
        except UnicodeDecodeError:
            raise exc from None
