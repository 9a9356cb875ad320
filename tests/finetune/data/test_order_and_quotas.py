"""The shuffle that repeats itself, and the shares that come out right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from finetune.data.choice import Choice, hash64
from finetune.data.hash_order import BUCKET_BYTES, MAX_BUCKETS, HashOrder
from finetune.data.quotas import Quotas


@pytest.mark.parametrize("buckets", [1, 7, MAX_BUCKETS])
def test_records_come_out_by_hash_however_many_buckets(buckets: int, tmp_path: Path) -> None:
    records = [(hash64(1, str(n)), f"第{n}条") for n in range(500)]
    order = HashOrder(tmp_path / "order", BUCKET_BYTES * (buckets - 1))
    assert len(list((tmp_path / "order").iterdir())) == buckets
    for key, record in records:
        order.add(key, record)
    assert list(order) == sorted(records)
    assert order.count == 500
    order.close()
    assert list(tmp_path.iterdir()) == []


def test_the_ends_of_the_range_have_a_bucket(tmp_path: Path) -> None:
    order = HashOrder(tmp_path / "order", BUCKET_BYTES * 3)
    order.add(2**64 - 1, "last")
    order.add(0, "first")
    order.add(0, "again")
    assert list(order) == [(0, "again"), (0, "first"), (2**64 - 1, "last")]


def test_a_guess_too_large_opens_no_more_files_than_allowed(tmp_path: Path) -> None:
    HashOrder(tmp_path / "order", 10**15).close()
    order = HashOrder(tmp_path / "order", 10**15)
    assert len(list((tmp_path / "order").iterdir())) == MAX_BUCKETS
    order.close()


def test_choices_repeat_and_differ_by_purpose() -> None:
    def drawn(seed: int, *purpose: str | int) -> list[int]:
        choice = Choice(seed, *purpose)
        return [choice.below(1000) for _ in range(5)]

    assert drawn(1, "a", 2) == drawn(1, "a", 2) == [drawn(1, "a", 2)[0], *drawn(1, "a", 2)[1:]]
    assert len({tuple(drawn(*key)) for key in ((1, "a", 2), (2, "a", 2), (1, "a", 3), (1, "b", 2))}) == 4


def test_choices_are_even_and_without_repetition() -> None:
    choice = Choice(0, "even")
    counts = Counter(choice.of("abcd") for _ in range(4000))
    assert all(900 < counts[letter] < 1100 for letter in "abcd")
    assert sorted(Choice(0).several("abcd", 9)) == ["a", "b", "c", "d"]
    assert len(set(Choice(0).several(range(100), 10))) == 10


def test_shares_come_out_right() -> None:
    quotas = Quotas({"often": 1.5, "seldom": 0.25})
    made: Counter[str] = Counter()
    for _ in range(100):
        quotas.next_recipe()
        for kind in ("often", "seldom"):
            for _ in range(quotas.owed(kind)):
                quotas.paid(kind)
                made[kind] += 1
    assert made == {"often": 150, "seldom": 25}
    assert quotas.short() == {}


def test_a_debt_waits_for_the_next_recipe_and_is_told_at_the_end() -> None:
    quotas = Quotas({"tips": 0.5})
    for _ in range(4):
        quotas.next_recipe()
    assert quotas.owed("tips") == 2
    quotas.paid("tips")
    assert quotas.short() == {"tips": 1}
    quotas.paid("tips")
    assert quotas.short() == {}
    assert "tips" in quotas
    assert "other" not in quotas
