"""Which FAISS index fits so many vectors, by number, dimension and a limit of memory.

The figures behind the rules are in docs/retrieval.md, "Vectors".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

EXACT_UP_TO = 20_000
"""Vectors that are compared one by one, in the memory of the process."""

DEFAULT_MEMORY_MEGABYTES = 1200
"""What the codes of one segment may take; with words, recipes and the model an index of 1.52 million stays
below 2 GB."""

_SAMPLES_PER_LIST = 64
_PQ_SUBVECTOR = 2
"""Dimensions that share a 4-bit code in product quantization."""


@dataclass(frozen=True, slots=True)
class FaissPlan:
    """How to build and search.

    Attributes:
        factory: FAISS's own description of the index; "" where vectors are compared one by one.
        lists: cells of the space.
        probes: cells that a search looks into.
        sample: vectors that the cells and codes are trained on.
        candidates: rows that are compared exactly for each row asked for.
    """

    factory: str
    lists: int = 0
    probes: int = 0
    sample: int = 0
    candidates: int = 1


def plan_for(total: int, dimension: int, memory_megabytes: float = DEFAULT_MEMORY_MEGABYTES) -> FaissPlan:
    """The plan for `total` vectors of `dimension` that may take so much memory while they are searched."""
    if total <= EXACT_UP_TO:
        return FaissPlan("")
    lists = 1 << round(math.log2(4 * math.sqrt(total)))
    probes = max(16, lists // 128)
    sample = min(total, _SAMPLES_PER_LIST * lists)
    if total * dimension <= memory_megabytes * 1e6:
        return FaissPlan(f"IVF{lists},SQ8", lists, probes, sample, candidates=4)
    return FaissPlan(f"IVF{lists},PQ{dimension // _PQ_SUBVECTOR}x4fs", lists, probes, sample, candidates=10)
