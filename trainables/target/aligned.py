"""Predictions without what another convention of the labels adds to all of them alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Aligned:
    """Predictions without a constant difference from the labels, and what that difference is."""

    predicted: npt.NDArray[np.float64]
    """[N, L], in the labels' units."""
    name: str
    """Its key in files: `constant_rotation`."""
    row: str
    """The title of the row of errors without it: `constant rotation removed`."""
    text: str
    """What it is, in a sentence or two."""
    record: Mapping[str, str | float]
    """What it is, for programs; names end in their unit."""
