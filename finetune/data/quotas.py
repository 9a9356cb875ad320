"""Keeps the kinds of conversations at their shares while recipes stream by.

Every recipe adds each kind's share to what is owed. A recipe that cannot pay (no tips, nothing to scale)
leaves the debt to the next one that can, so that shares come out right without a second pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping


class Quotas:
    """What is owed of each kind.

    Args:
        per_recipe: kind → conversations for each recipe, on average.
    """

    def __init__(self, per_recipe: Mapping[str, float]) -> None:
        self._per_recipe = dict(per_recipe)
        self._owed = dict.fromkeys(per_recipe, 0.5)  # half: what comes out is rounded, not cut off

    def __contains__(self, kind: str) -> bool:
        """Whether the kind has a share."""
        return kind in self._owed

    def next_recipe(self) -> None:
        """One more recipe came by."""
        for kind, rate in self._per_recipe.items():
            self._owed[kind] += rate

    def owed(self, kind: str) -> int:
        """Whole conversations that are due now."""
        return math.floor(self._owed[kind] + 1e-9)

    def paid(self, kind: str) -> None:
        """A conversation was made."""
        self._owed[kind] -= 1

    def short(self) -> dict[str, int]:
        """What could not be made, by kind; kinds with nothing owed are left out."""
        return {kind: self.owed(kind) for kind in self._owed if self.owed(kind) > 0}
