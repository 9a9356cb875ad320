"""Whether a model's picture shows anything: half-precision models give black ones at times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""uint8 [height, width, 3], RGB."""

_LEAST_SPREAD = 4.0
"""Standard deviation of brightness, of 255. Photos of dishes are above 30; a single colour with the noise of
a decoder or of JPEG is below 2."""


def is_blank(pixels: Pixels) -> bool:
    """Whether the picture is of one colour, black included."""
    return bool(pixels.std(axis=(0, 1), dtype=np.float64).max() < _LEAST_SPREAD)
