"""Which photos are remembered."""

from __future__ import annotations

from bot.telegram_photos import KEPT, SentPhotos


def test_knows_a_photo_by_its_content() -> None:
    photos = SentPhotos()
    photos.keep(b"tomato", "file-1")
    assert photos.file_id_of(bytes(bytearray(b"tomato"))) == "file-1"
    assert photos.file_id_of(b"egg") is None
    photos.drop(b"tomato")
    photos.drop(b"egg")
    assert photos.file_id_of(b"tomato") is None


def test_forgets_the_one_that_was_longest_unused() -> None:
    photos = SentPhotos()
    for number in range(KEPT):
        photos.keep(b"%d" % number, f"file-{number}")
    assert photos.file_id_of(b"0") == "file-0"
    photos.keep(b"new", "file-new")
    assert photos.file_id_of(b"1") is None
    assert [photos.file_id_of(name) for name in (b"0", b"2", b"new")] == ["file-0", "file-2", "file-new"]
