"""Takes the text out of one document, in a process of its own that has little memory and little time.

Run by `index.documents.pages` as `python -m index.documents.extraction_worker`: one JSON object on standard
input (path, password, limits), then on standard output one JSON object a page: {"page": 1, "text": …,
"pictures": 2}, or {"error": code}. It imports no more than it needs, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MAX_UNPACKED_BYTES = 300_000_000
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"


class _Refused(Exception):  # noqa: N818  # never leaves this process
    """The document cannot be read; its argument is one of the codes in `index.documents.pages`."""


def main() -> int:
    """Read the request and print the pages."""
    request = json.loads(sys.stdin.readline())
    _limit(request["memory_bytes"], request["seconds"])
    path = Path(request["path"])
    try:
        for page in _pages(path, request["password"], request["max_pages"]):
            sys.stdout.write(json.dumps(page, ensure_ascii=True) + "\n")
            sys.stdout.flush()
    except _Refused as exc:
        print(json.dumps({"error": str(exc)}))  # noqa: T201
    except MemoryError:
        print(json.dumps({"error": "memory"}))  # noqa: T201
    except Exception:  # noqa: BLE001  # whatever a library makes of a hostile file: it is damaged
        print(json.dumps({"error": "damaged"}))  # noqa: T201
    return 0


def _limit(memory_bytes: int, seconds: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _pages(path: Path, password: str, max_pages: int) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"%PDF-") or path.suffix.lower() == ".pdf":
        return _pdf_pages(path, password, max_pages)
    if magic.startswith(_OLE_MAGIC):
        raise _Refused("old_word")
    if path.suffix.lower() == ".docx":
        return _word_pages(path, max_pages)
    return iter([{"page": 0, "text": _plain_text(path), "pictures": 0}])


def _pdf_pages(path: Path, password: str, max_pages: int) -> Iterator[dict[str, Any]]:
    import pypdfium2
    import pypdfium2.raw

    try:
        document = pypdfium2.PdfDocument(path, password=password or None)
    except pypdfium2.PdfiumError as exc:
        wrong = getattr(exc, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD
        raise _Refused(("wrong_password" if password else "password") if wrong else "damaged") from exc
    if len(document) > max_pages:
        raise _Refused("too_many_pages")
    for number in range(len(document)):
        yield {"page": number + 1, **_pdf_page(document, number)}


def _pdf_page(document: Any, number: int) -> dict[str, Any]:
    import pypdfium2
    import pypdfium2.raw

    try:
        page = document[number]
        text = page.get_textpage().get_text_range()
        pictures = sum(1 for _ in page.get_objects(filter=(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE,), max_depth=2))
        page.close()
    except pypdfium2.PdfiumError:
        return {"text": "", "pictures": 0}
    return {"text": text.replace("\r\n", "\n").replace("\ufffe", ""), "pictures": pictures}


def _word_pages(path: Path, max_pages: int) -> Iterator[dict[str, Any]]:
    import docx
    from docx.table import Table

    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED_BYTES:
            raise _Refused("too_large")
    document = docx.Document(str(path))
    # Word notes where its pages broke when it saved; other programs' files have only the author's own breaks.
    noted = document.element.body.xpath(".//w:lastRenderedPageBreak")
    mark = ".//w:lastRenderedPageBreak" if noted else './/w:br[@w:type="page"]'
    number, lines = 1, list[str]()
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            lines += [" ".join(dict.fromkeys(cell.text.strip() for cell in row.cells)) for row in block.rows]
            continue
        breaks = len(block._p.xpath(mark))  # noqa: SLF001  # python-docx has no public way to the second kind
        if breaks:
            yield {"page": number, "text": "\n".join(lines), "pictures": 0}
            number, lines = number + breaks, []
        if number > max_pages:
            raise _Refused("too_many_pages")
        lines.append(_styled(block.text, block.style.name if block.style else ""))
    yield {"page": number if number > 1 else 0, "text": "\n".join(lines), "pictures": 0}


def _styled(text: str, style: str | None) -> str:
    """A paragraph of Word with the mark that Markdown has for its style."""
    kind = (style or "").lower()
    if kind.startswith(("heading", "title", "标题")) and text.strip():
        return f"# {text.strip()}"
    return text


def _plain_text(path: Path) -> str:
    from index.documents.html_text import text_of_html
    from index.encodings import decoded

    try:
        text = decoded(path.read_bytes())
    except UnicodeDecodeError as exc:
        raise _Refused("encoding") from exc
    return text_of_html(text) if path.suffix.lower() in {".html", ".htm"} else text


if __name__ == "__main__":
    sys.exit(main())
