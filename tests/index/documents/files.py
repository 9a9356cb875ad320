"""Small PDF and Word files, written by tests."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import docx
from Crypto.Cipher import ARC4
from PIL import Image

_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_FILE_ID = b"0123456789abcdef"
_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType0/BaseFont/STSong-Light"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
    b"/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[0 0 1000 1000]"
    b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 80>>>>]>>"
)
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"


def write_pdf(path: Path, pages: Sequence[str], password: str = "") -> Path:
    """A PDF with a line of text for each line of each page."""
    key = _file_key(password) if password else b""
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b"", _FONT]
    kids = []
    for page in pages:
        number = len(objects) + 1
        kids.append(b"%d 0 R" % number)
        objects.append(_PAGE % (number + 1))
        content = _content(page)
        if key:
            content = _object_cipher(key, number + 1).encrypt(content)
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    trailer = b""
    if key:
        objects.append(_encryption(key))
        file_id = _FILE_ID.hex().encode()
        trailer = b"/Encrypt %d 0 R/ID[<%s><%s>]" % (len(objects), file_id, file_id)
    path.write_bytes(_assembled(objects, trailer))
    return path


def write_pictures_pdf(path: Path, pages: int) -> Path:
    """A PDF as a scanner writes it."""
    pictures = [Image.new("RGB", (60, 80), (200, 30 * n % 255, 90)) for n in range(pages)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])
    return path


def write_docx(path: Path, blocks: Sequence[str], table: Sequence[Sequence[str]] = ()) -> Path:
    """A Word file: `# ` begins a heading, a form feed a page."""
    document = docx.Document()
    for block in blocks:
        if block == "\f":
            document.add_page_break()  # type: ignore[no-untyped-call]
        elif block.startswith("# "):
            document.add_heading(block[2:], level=1)
        else:
            document.add_paragraph(block)
    if table:
        rows = document.add_table(rows=len(table), cols=len(table[0]))
        for row, cells in zip(rows.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    path.write_bytes(buffer.getvalue())
    return path


def _content(page: str) -> bytes:
    lines = [b"<%s> Tj T*" % line.encode("utf-16-be").hex().encode() for line in page.splitlines()]
    return b"BT /F 12 Tf 16 TL 40 800 Td %s ET" % b" ".join(lines)


def _assembled(objects: Sequence[bytes], trailer: bytes) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, table)
    return bytes(out)


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _file_key(password: str) -> bytes:
    """PDF 1.4's standard security handler, 40 bits."""
    padded = (password.encode() + _PADDING)[:32]
    return _md5(padded + _owner_entry() + (-4 & 0xFFFFFFFF).to_bytes(4, "little") + _FILE_ID)[:5]


def _owner_entry() -> bytes:
    return ARC4.new(_md5((b"owner" + _PADDING)[:32])[:5]).encrypt(_PADDING)


def _encryption(key: bytes) -> bytes:
    user = ARC4.new(key).encrypt(_PADDING)
    return b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (
        _owner_entry().hex().encode(),
        user.hex().encode(),
    )


def _object_cipher(key: bytes, number: int) -> ARC4.ARC4Cipher:
    return ARC4.new(_md5(key + number.to_bytes(3, "little") + b"\0\0")[:10])
