"""Choices that look random and are the same on every machine: drawn from a hash of what they are for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def hash64(seed: int, text: str) -> int:
    """A number below 2**64 that depends on every bit of `seed` and `text`."""
    data = f"{seed}\x1f{text}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


class Choice:
    """A stream of choices for one purpose.

    Args:
        seed: of the whole run.
        purpose: what is chosen for; another purpose gives other choices.
    """

    def __init__(self, seed: int, *purpose: str | int) -> None:
        self._seed = seed
        self._purpose = "\x1f".join(map(str, purpose))
        self._drawn = 0

    def below(self, end: int) -> int:
        """A number from 0 to `end` - 1; `end` is positive and far below 2**64."""
        self._drawn += 1
        return hash64(self._seed, f"{self._drawn}\x1f{self._purpose}") % end

    def of(self, options: Sequence[T]) -> T:
        """One of the options; there is at least one."""
        return options[self.below(len(options))]

    def several(self, options: Sequence[T], count: int) -> list[T]:
        """Up to `count` different places of `options`, in the order drawn."""
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
