"""The kinds of training conversations, one a module."""

from __future__ import annotations

from collections.abc import Mapping

from finetune.data.kinds import (
    cook_with,
    follow_ups,
    grounded,
    how_to_cook,
    ingredients,
    recommend,
    refusals,
    special,
    wanting,
)
from finetune.data.scene import Make

KINDS: Mapping[str, Make] = {
    "how_to_cook": how_to_cook.make,
    "ingredients": ingredients.make,
    "special": special.make,
    "recommend": recommend.make,
    "wanting": wanting.make,
    "cook_with": cook_with.make,
    "follow_ups": follow_ups.make,
    "grounded": grounded.make,
    "refusals": refusals.make,
}
