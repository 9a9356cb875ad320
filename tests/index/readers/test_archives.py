"""Archives: what is read of them, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from core.recipe import Recipe
from index.readers import Meter, archives, read_corpus
from tests.index.corpora import HOWTOCOOK_PAGE, own_row, xiachufang_row

ROWS = "\n".join(
    json.dumps(xiachufang_row(name), ensure_ascii=False) for name in ("酱香饼", "葱油饼")
).encode()


def shown(path: Path) -> list[str]:
    return [
        row.name if isinstance(row, Recipe) else row.message.removeprefix(f"{path.parent}/")
        for row in read_corpus(path)
    ]


def tar_of(path: Path, *entries: tuple[str | tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for entry, content in entries:
            header = tarfile.TarInfo(entry) if isinstance(entry, str) else entry
            header.size = header.size or len(content)
            archive.addfile(header, io.BytesIO(content))
    return path


def zip_of(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


class TestReads:
    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2"])
    def test_tar(self, tmp_path: Path, mode: str) -> None:
        path = tar_of(tmp_path / "corpus.tar.gz", ("XiaChuFang/corpus.json", ROWS), mode=mode)
        assert shown(path) == ["酱香饼", "葱油饼"]

    def test_zip_of_all_kinds(self, tmp_path: Path) -> None:
        table = "菜名,用料,做法\n凉拌黄瓜,黄瓜 1根,拍碎\n".encode("gb18030")
        entries = [
            ("dishes/breakfast/水煮蛋.md", HOWTOCOOK_PAGE.encode()),
            ("a/rows.jsonl", ROWS),
            ("table.csv", table),
            ("soup.cook", "煮@水{1%升}。".encode()),
            ("cover.png", b"\x89PNG"),
            ("README.md", b"# x"),
            (".git/config.json", b"{}"),
        ]
        path = zip_of(tmp_path / "all.zip", *entries)
        assert shown(path) == ["水煮蛋", "酱香饼", "葱油饼", "凉拌黄瓜", "soup"]
        assert next(row.category for row in read_corpus(path) if isinstance(row, Recipe)) == "早餐"

    @pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
    def test_one_packed_file(self, tmp_path: Path, suffix: str, pack: type[bytes]) -> None:
        path = tmp_path / f"corpus.jsonl{suffix}"
        path.write_bytes(pack(ROWS))
        assert shown(path) == ["酱香饼", "葱油饼"]

    def test_an_error_names_archive_member_and_line(self, tmp_path: Path) -> None:
        path = tar_of(tmp_path / "c.tar.gz", ("in/rows.jsonl", ROWS + b"\n{broken\n"))
        assert shown(path)[2].startswith("c.tar.gz!in/rows.jsonl:3: not JSON (")

    def test_the_meter_counts_packed_bytes(self, tmp_path: Path) -> None:
        path, meter = tar_of(tmp_path / "c.tar.gz", ("rows.jsonl", ROWS)), Meter()
        assert len(list(read_corpus(path, meter=meter))) == 2
        assert meter.bytes_read == path.stat().st_size


class TestRefuses:
    @pytest.mark.parametrize(
        "name", ["../rows.jsonl", "/etc/rows.jsonl", "a/../../rows.jsonl", "c:\\rows.jsonl"]
    )
    def test_entries_that_point_outside(self, tmp_path: Path, name: str) -> None:
        for path in (
            tar_of(tmp_path / "c.tar.gz", (name, ROWS), ("good.jsonl", ROWS)),
            zip_of(tmp_path / "c.zip", (name, ROWS), ("good.jsonl", ROWS)),
        ):
            refused, *rest = shown(path)
            assert (refused.endswith(": points outside the archive"), rest) == (True, ["酱香饼", "葱油饼"])

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
    def test_links_and_devices(self, tmp_path: Path, kind: bytes) -> None:
        link = tarfile.TarInfo("rows.jsonl")
        link.type, link.linkname = kind, "/etc/passwd"
        path = tar_of(tmp_path / "c.tar.gz", (link, b""))
        assert shown(path) == ["c.tar.gz!rows.jsonl: is a link, a device or a file with holes"]

    def test_links_in_a_zip(self, tmp_path: Path) -> None:
        link = zipfile.ZipInfo("rows.jsonl")
        link.external_attr = 0o120777 << 16
        assert shown(zip_of(tmp_path / "c.zip", (link, b"/etc/passwd"))) == ["c.zip!rows.jsonl: is a link"]

    def test_a_zip_with_a_password(self, tmp_path: Path) -> None:
        path = zip_of(tmp_path / "c.zip", ("rows.jsonl", ROWS))
        data = bytearray(path.read_bytes())
        data[data.find(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(data)
        assert shown(path) == ["c.zip!rows.jsonl: has a password"]

    @pytest.mark.parametrize("suffix", [".pdf", ".docx", ".zip", ".tgz"])
    def test_documents_and_archives_within(self, tmp_path: Path, suffix: str) -> None:
        path = zip_of(tmp_path / "c.zip", (f"book{suffix}", b"x"))
        assert shown(path) == [
            f"c.zip!book{suffix}: a {suffix} inside an archive is not read; unpack it first"
        ]

    def test_signs_in_names_do_not_reach_the_terminal(self, tmp_path: Path) -> None:
        path = zip_of(tmp_path / "c.zip", ("\x1b[2J\n.pdf", b"x"))
        assert shown(path)[0].startswith("c.zip!?[2J?.pdf: ")


class TestBombs:
    @pytest.fixture(autouse=True)
    def small_ones_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "RATIO_COUNTS_FROM_BYTES", 100_000)

    def bomb(self, tmp_path: Path, name: str = "b.tar.gz") -> Path:
        rows = ROWS + b"\n" + b" " * 2_000_000
        return tar_of(tmp_path / name, ("rows.jsonl", rows), ("more.jsonl", ROWS))

    def test_a_tar_that_unpacks_too_far_is_left_in_the_middle(self, tmp_path: Path) -> None:
        assert shown(self.bomb(tmp_path))[:2] == ["酱香饼", "葱油饼"]
        assert shown(self.bomb(tmp_path))[-1] == (
            "b.tar.gz: unpacks to more than 300 times its size; left out from there on"
        )

    def test_a_zip_that_would_is_not_begun(self, tmp_path: Path) -> None:
        path = zip_of(tmp_path / "b.zip", ("rows.jsonl", ROWS + b" " * 2_000_000))
        assert shown(path) == ["b.zip: unpacks to more than 300 times its size; left out from there on"]

    def test_a_zip_that_lies_about_its_size(self, tmp_path: Path) -> None:
        path = zip_of(tmp_path / "b.zip", ("rows.jsonl", b" " * 2_000_000))
        data = bytearray(path.read_bytes())
        entry = data.find(b"PK\x01\x02")
        data[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
        path.write_bytes(data)
        assert shown(path) == ["b.zip: damaged archive (BadZipFile)"]

    def test_more_in_all_than_any_corpus(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 100)
        path = tar_of(tmp_path / "b.tar", ("rows.jsonl", ROWS), mode="w")
        assert shown(path) == ["b.tar: unpacks to more than 100 bytes; left out from there on"]

    def test_a_file_of_holes(self, tmp_path: Path) -> None:
        header = tarfile.TarInfo("rows.jsonl")
        header.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.realsize": str(2**40),
        }
        path = tar_of(tmp_path / "b.tar.gz", (header, b"1\n0\n0\n".ljust(512, b"\0")))
        assert shown(path) == ["b.tar.gz!rows.jsonl: is a link, a device or a file with holes"]

    def test_a_header_of_a_gigabyte(self, tmp_path: Path) -> None:
        header = tarfile.TarInfo("././@LongLink")
        header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**30
        path = tmp_path / "b.tar"
        path.write_bytes(header.tobuf() + b"\0" * 10_000)
        assert shown(path) == ["b.tar: damaged archive (ReadError)"]

    def test_too_many_entries(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "MAX_ENTRIES", 2)
        entries = [(f"{n}.jsonl", json.dumps(own_row(f"饼{n}")).encode()) for n in range(3)]
        assert shown(tar_of(tmp_path / "b.tar.gz", *entries)) == [
            "饼0",
            "饼1",
            "b.tar.gz: holds more than 2 entries; left out from there on",
        ]
        assert shown(zip_of(tmp_path / "b.zip", *entries)) == ["b.zip: holds more than 2 entries; left out"]


class TestDamaged:
    def test_cut_off(self, tmp_path: Path) -> None:
        path = tar_of(tmp_path / "c.tar.gz", ("rows.jsonl", ROWS))
        path.write_bytes(path.read_bytes()[:-40])
        assert shown(path)[-1].startswith("c.tar.gz: damaged archive (")

    def test_rubbish_after_the_magic(self, tmp_path: Path) -> None:
        for name, magic in (("a.gz", b"\x1f\x8b"), ("b.zip", b"PK\x03\x04"), ("c.bz2", b"BZh9")):
            (tmp_path / name).write_bytes(magic + b"\xff" * 600)
            (message,) = shown(tmp_path / name)
            assert message.startswith(f"{name}: damaged archive (")
