"""The journal: records come back as they went in, whatever a kill or a stranger left between them."""

from __future__ import annotations

from pathlib import Path

from index.journal import Journal


def test_records_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "j"
    assert list(Journal(path).records()) == []
    for number in range(3):
        Journal(path).append({"n": number, "text": "行\n行"})
    assert list(Journal(path).records()) == [{"n": n, "text": "行\n行"} for n in range(3)]
    Journal(path).remove()
    assert not path.exists()


def test_a_line_cut_short_is_dropped_and_the_next_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"n": 1}\n{"n": 2')
    assert list(Journal(path).records()) == [{"n": 1}]
    Journal(path).append({"n": 3})
    assert path.read_bytes() == b'{"n": 1}\n{"n": 3}\n'


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "j"
    long = b'{"n": "' + b"x" * 2_500_000 + b'"}\n'
    path.write_bytes(b"\n[1]\nnonsense\n\xff\n" + b"[" * 100_000 + b"\n" + long + b'{"n": 4}\n')
    assert list(Journal(path).records()) == [{"n": 4}]
    assert path.stat().st_size > len(long)  # only what a kill cut short is taken away


def test_a_lone_surrogate_can_be_kept(tmp_path: Path) -> None:
    Journal(tmp_path / "j").append({"text": "\ud800"})
    assert list(Journal(tmp_path / "j").records()) == [{"text": "?"}]
