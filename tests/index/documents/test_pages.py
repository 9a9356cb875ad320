"""Text out of documents, good and hostile ones."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.errors import CorpusError
from index.documents import pages as pages_module
from index.documents.html_text import text_of_html
from index.documents.pages import is_scan, pages_of
from tests.index.documents.files import write_docx, write_pdf, write_pictures_pdf

PAGES = ["番茄炒蛋\n用料\n番茄 2个", "做法\n炒熟。"]


def reason(path: Path, **more: object) -> str:
    with pytest.raises(CorpusError) as caught:
        pages_of(path, **more)  # type: ignore[arg-type]
    return caught.value.message.removeprefix(f"{path}: ")


class TestReads:
    def test_pdf(self, tmp_path: Path) -> None:
        pages = pages_of(write_pdf(tmp_path / "a.pdf", PAGES))
        assert [(page.number, page.text, page.pictures) for page in pages] == [
            (1, PAGES[0], 0),
            (2, PAGES[1], 0),
        ]

    def test_pdf_with_its_password(self, tmp_path: Path) -> None:
        path = write_pdf(tmp_path / "a.pdf", PAGES, password="geheim")
        assert [page.text for page in pages_of(path, password="geheim")] == PAGES

    def test_pdf_of_text_and_pictures(self, tmp_path: Path) -> None:
        (page,) = pages_of(write_pdf(tmp_path / "a.pdf", ["一页有很多文字的菜谱正文"]))
        assert is_scan(page) is False

    def test_word(self, tmp_path: Path) -> None:
        path = write_docx(
            tmp_path / "a.docx", ["# 番茄炒蛋", "用料", "\f", "做法"], [["番茄", "2个"], ["盐", "少许"]]
        )
        assert [(page.number, page.text.strip()) for page in pages_of(path)] == [
            (1, "# 番茄炒蛋\n用料"),
            (2, "做法\n番茄 2个\n盐 少许"),
        ]

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
    def test_text(self, tmp_path: Path, encoding: str) -> None:
        path = tmp_path / "a.txt"
        path.write_bytes("番茄炒蛋，妈妈的做法".encode(encoding))
        assert [(page.number, page.text) for page in pages_of(path)] == [(0, "番茄炒蛋，妈妈的做法")]

    def test_web_page(self, tmp_path: Path) -> None:
        path = tmp_path / "a.html"
        body = "<p>好&amp;吃<br>真<b>香</b></p><ul><li>盐<li>糖</ul>"
        page = f"<h1>番茄炒蛋</h1><script>x</script><style>y</style>{body}"
        path.write_text(page, encoding="utf-8")
        assert [page.text for page in pages_of(path)] == ["# 番茄炒蛋\n好&吃\n真香\n盐\n糖"]


class TestRefuses:
    def test_a_pdf_of_pictures(self, tmp_path: Path) -> None:
        assert reason(write_pictures_pdf(tmp_path / "a.pdf", 3)) == (
            "holds only pictures (3 scanned pages without text); run it through a text recognition first, "
            "such as ocrmypdf -l chi_sim"
        )

    def test_a_pdf_with_a_password(self, tmp_path: Path) -> None:
        path = write_pdf(tmp_path / "a.pdf", PAGES, password="geheim")
        assert reason(path) == "has a password; give it with --password"
        assert reason(path, password="falsch") == "the password is wrong"

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.pdf", b""),
            ("a.pdf", b"%PDF-1.7\n" + b"\xff" * 5000),
            ("a.docx", b"no zip"),
            ("a.docx", b"PK\x03\x04" + b"\0" * 100),
        ],
    )
    def test_damaged_files(self, tmp_path: Path, name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        assert reason(tmp_path / name) == "is damaged, or not what its name says"

    def test_old_word_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.doc").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 500)
        assert reason(tmp_path / "a.doc").startswith(
            "is an old Word file (.doc) or a Word file with a password"
        )

    def test_a_word_file_that_unpacks_to_gigabytes(self, tmp_path: Path) -> None:
        path = write_docx(tmp_path / "a.docx", ["盐"])
        data = bytearray(path.read_bytes())
        entry = data.find(b"PK\x01\x02")
        data[entry + 24 : entry + 28] = (2**31).to_bytes(4, "little")
        path.write_bytes(data)
        assert reason(path) == "unpacks to more than a document can be"

    def test_entities_that_grow(self, tmp_path: Path) -> None:
        path = write_docx(tmp_path / "a.docx", ["盐"])
        bomb = '<!DOCTYPE x [<!ENTITY a "盐盐盐盐盐盐盐盐盐盐">' + "".join(
            f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8)
        )
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        body = parts["word/document.xml"].split(b"?>", 1)[1].decode().replace("盐", "&i;")
        parts["word/document.xml"] = f"{bomb}]>{body}".encode()
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        try:
            assert sum(len(page.text) for page in pages_of(path)) < 1000
        except CorpusError as exc:
            assert "is damaged" in exc.message or "memory" in exc.message  # noqa: PT017

    def test_bytes_in_no_known_encoding(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes(b"\x81\xff\xfe\x00" * 50 + b"\xff")
        assert reason(tmp_path / "a.txt") == "is neither UTF-8, UTF-16 nor GB18030 text"

    def test_too_many_pages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages_module, "MAX_PAGES", 1)
        assert reason(write_pdf(tmp_path / "a.pdf", PAGES)).endswith("pages; split it")

    def test_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages_module, "MAX_FILE_BYTES", 10)
        assert reason(write_pdf(tmp_path / "a.pdf", PAGES)) == "larger than 10 bytes"
        monkeypatch.undo()
        monkeypatch.setattr(pages_module, "MAX_TEXT_CHARACTERS", 10)
        assert reason(write_pdf(tmp_path / "a.pdf", PAGES)) == "holds more text than a document can"

    def test_one_that_never_ends(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "a.html"
        path.write_text("<!--" * 200_000, encoding="utf-8")
        assert reason(path, seconds=1) in {
            "reading it takes longer than 1 s",
            "is damaged, or not what its name says (the reader stopped with -24)",
        }

    def test_the_reader_sees_no_secrets(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLM_API_KEY", "sk-secret")
        passed: list[dict[str, str]] = []
        popen = subprocess.Popen

        def spy(*arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
            passed.append(more["env"])
            return popen(*arguments, **more)

        monkeypatch.setattr(subprocess, "Popen", spy)
        pages_of(write_pdf(tmp_path / "a.pdf", PAGES))
        assert "LLM_API_KEY" not in passed[0]


@pytest.mark.parametrize(
    "page", ["<" * 5_000, "<p" * 5_000, "</nav>" * 5_000, "<nav>" * 5_000, "&#x110000;&#0;"]
)
def test_broken_markup_is_no_error(page: str) -> None:
    assert isinstance(text_of_html(page), str)
