"""`cut_at_silences`: nothing lost, nothing too long, cut where it is quiet."""

from __future__ import annotations

import numpy as np
import pytest

from core.speech.cutting import MAX_PIECE_SECONDS, cut_at_silences
from core.speech.local_recognizer import Sound, joined
from core.voice_ports import Waveform
from tests.core.speech.sounds import RATE, babble, in_a_row, silence


def as_sound(waveform: Waveform) -> Sound:
    return waveform.samples.astype(np.float32) / np.float32(32_768)


@pytest.mark.parametrize("seconds", [0.1, 27.9, 28.0, 28.1, 61, 90])
def test_pieces_in_a_row_are_the_sound(seconds: float) -> None:
    sound = as_sound(babble(seconds))
    pieces = list(cut_at_silences(sound))
    assert np.array_equal(np.concatenate(pieces), sound)
    assert max(len(piece) for piece in pieces) <= MAX_PIECE_SECONDS * RATE
    assert min(len(piece) for piece in pieces) > 0


def test_the_cut_goes_through_the_pause() -> None:
    sound = as_sound(in_a_row(babble(20), silence(0.4), babble(20, seed=2)))
    first, _second = cut_at_silences(sound)
    assert 20.0 < len(first) / RATE < 20.4


def test_tiny_pieces_are_cut_without_a_pause() -> None:
    assert [len(piece) for piece in cut_at_silences(as_sound(babble(1)), max_seconds=0.2)] == [3200] * 5


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["番茄", "炒蛋"], "番茄炒蛋"),
        ([" make ", "pizza"], "make pizza"),
        (["做 pizza", "怎么做"], "做pizza怎么做"),
        (["", "好", ""], "好"),
        ([], ""),
    ],
)
def test_texts_are_joined_as_they_are_written(texts: list[str], expected: str) -> None:
    assert joined(texts) == expected
