"""The pages of a document as text: PDF (PDFium), Word (python-docx), HTML, Markdown and plain text.

The libraries read strangers' files in a process of their own (`index.documents.extraction_worker`), which has
bounded memory and time and of which only text comes back.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import CorpusError

MAX_FILE_BYTES = 500_000_000
MAX_PAGES = 5_000
MAX_TEXT_CHARACTERS = 50_000_000
_MEMORY_BYTES = 2 * 2**30
_SECONDS = 300
_LINE_BYTES = 6 * MAX_TEXT_CHARACTERS + 1_000
"""Every character beyond ASCII takes six in the worker's JSON."""
_ROOT = Path(__file__).resolve().parents[2]
_PICTURES_ONLY_CHARACTERS = 10
"""Fewer letters a page are page numbers and stamps on a scan, not text."""

_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "SYSTEMROOT": "C:\\Windows"}
"""All that the worker sees: no keys or passwords; Python on Windows does not start without the last one."""

_REASONS = {
    "password": "has a password; give it with --password",
    "wrong_password": "the password is wrong",
    "old_word": "is an old Word file (.doc) or a Word file with a password; save it as .docx without one",
    "too_many_pages": f"has more than {MAX_PAGES} pages; split it",
    "too_large": "unpacks to more than a document can be",
    "memory": "needs more memory to read than a document may",
    "encoding": "is neither UTF-8, UTF-16 nor GB18030 text",
    "damaged": "is damaged, or not what its name says",
}


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page.

    Attributes:
        number: from 1; 0 when the document has no pages, as a text file.
        text: lines as they stand; headings of Word and HTML begin with `# `.
        pictures: how many pictures are on it.
    """

    number: int
    text: str
    pictures: int = 0


def pages_of(path: Path, *, password: str = "", seconds: int = _SECONDS) -> list[Page]:
    """Read the pages of a document in order.

    Args:
        path: a .pdf, .docx, .html, .md or text file.
        password: of a PDF that needs one.
        seconds: most time that reading may take.

    Raises:
        CorpusError: it cannot be read, needs a password, is too large, or holds only pictures.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CorpusError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    request = {
        "path": str(path.resolve()),
        "password": password,
        "max_pages": MAX_PAGES,
        "memory_bytes": _MEMORY_BYTES,
        "seconds": seconds,
    }
    pages: list[Page] = []
    characters = 0
    for answer in _answers(request, path, seconds):
        pages.append(Page(int(answer["page"]), str(answer["text"]), int(answer["pictures"])))
        characters += len(pages[-1].text)
        if characters > MAX_TEXT_CHARACTERS:
            raise CorpusError(f"{path}: holds more text than a document can")
    scans = sum(1 for page in pages if is_scan(page))
    if scans and not any(map(_has_text, pages)):
        raise CorpusError(
            f"{path}: holds only pictures ({scans} scanned pages without text); "
            "run it through a text recognition first, such as ocrmypdf -l chi_sim"
        )
    return pages


def is_scan(page: Page) -> bool:
    """Whether a page is pictures without text."""
    return page.pictures > 0 and not _has_text(page)


def _has_text(page: Page) -> bool:
    return sum(map(str.isalpha, page.text)) >= _PICTURES_ONLY_CHARACTERS


def _answers(request: dict[str, Any], path: Path, seconds: int) -> Iterator[dict[str, Any]]:
    """What the worker prints, until it ends."""
    with _worker(seconds) as worker:
        assert worker.process.stdin is not None  # noqa: S101  # both are pipes
        assert worker.process.stdout is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):  # a worker that cannot start says so by its status
            worker.process.stdin.write(json.dumps(request).encode() + b"\n")
            worker.process.stdin.close()
        while line := worker.process.stdout.readline(_LINE_BYTES):
            try:
                answer = json.loads(line)
            except ValueError:
                break
            if "error" in answer:
                raise CorpusError(f"{path}: {_REASONS[answer['error']]}")
            yield answer
        status = worker.process.wait()
        if worker.timed_out:
            raise CorpusError(f"{path}: reading it takes longer than {seconds} s")
        if status != 0:
            raise CorpusError(f"{path}: {_REASONS['damaged']} (the reader stopped with {status})")


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    timed_out: bool = False


@contextmanager
def _worker(seconds: int) -> Iterator[_Worker]:
    process = subprocess.Popen(
        [sys.executable, "-m", "index.documents.extraction_worker"],
        cwd=_ROOT,
        env=_ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    worker = _Worker(process)

    def stop() -> None:
        worker.timed_out = True
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        with process:
            try:
                yield worker
            finally:
                process.kill()
    finally:
        timer.cancel()
        timer.join()
