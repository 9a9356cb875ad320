"""Which FAISS index fits so many vectors, by number, dimension and a limit of memory.

The figures behind the rules are in docs/retrieval.md, "Vectors".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

EXACT_NUMBERS = 20_000_000
"""Up to so many numbers (vectors × dimension) all vectors are compared: 80 MB and about 4 ms on one core."""

DEFAULT_MEMORY_MEGABYTES = 700
"""What the codes of one segment may take: of 2.0 GB for a whole index, what words and models leave."""

_SAMPLES_PER_LIST = 40
"""FAISS wants 39 at least; more did not find more."""


@dataclass(frozen=True, slots=True)
class FaissPlan:
    """How to build and search.

    Attributes:
        codes: how vectors are compressed, in FAISS's words; "" where all vectors are compared.
        lists: cells of the space.
        probes: cells that a search looks into.
        sample: vectors that the cells and codes are trained on.
    """

    codes: str
    lists: int = 0
    probes: int = 0
    sample: int = 0

    @property
    def factory(self) -> str:
        """The index in the words of FAISS's `index_factory`."""
        return f"IVF{self.lists},{self.codes}"


def plan_for(
    total: int,
    dimension: int,
    memory_megabytes: float = DEFAULT_MEMORY_MEGABYTES,
    exact_numbers: int = EXACT_NUMBERS,
) -> FaissPlan:
    """The plan for `total` vectors of `dimension`, whose codes may take so much memory."""
    numbers = total * dimension
    if numbers <= exact_numbers:
        return FaissPlan("")
    lists = 1 << round(math.log2(min(4 * math.sqrt(total), max(total / _SAMPLES_PER_LIST / 1.5, 1))))
    shape = {"lists": lists, "probes": _probes(lists), "sample": min(total, _SAMPLES_PER_LIST * lists)}
    megabytes = numbers / 1e6
    if megabytes <= memory_megabytes:
        return FaissPlan("SQ8", **shape)
    if megabytes / 2 <= memory_megabytes or dimension % 2:
        return FaissPlan("SQ4", **shape)
    return FaissPlan(f"PQ{dimension // 2}x4fs", **shape)


def candidates_for(bytes_per_number: float) -> int:
    """How many rows codes of that size have to find for each row that is asked for."""
    if bytes_per_number >= 1:
        return 2
    return 4 if bytes_per_number >= 0.5 else 10


def _probes(lists: int) -> int:
    """An eighth of few cells, a smaller share of many: the more vectors, the nearer are the nearest."""
    return max(min(lists // 8, 128), 1) if lists <= 2048 else max(64, lists // 128)
