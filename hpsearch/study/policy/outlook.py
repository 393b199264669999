"""What trials of a family make of an error until the end: learning curves fall, each family's in its way."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class _Ratios:
    """Final error over the error at one epoch, in order, of the first `curves` finished trials."""

    in_order: list[float] = field(default_factory=list)
    curves: int = 0


class Outlook:
    """The finished trials of one family, by their curves: `values[i]` is the objective after epoch i + 1."""

    def __init__(self) -> None:
        self._curves: list[Sequence[float]] = []
        self._ratios: dict[int, _Ratios] = {}

    def __len__(self) -> int:
        return len(self._curves)

    def add(self, values: Sequence[float]) -> None:
        """Add a trial that has trained its full budget."""
        self._curves.append(values)

    def remove(self, values: Sequence[float]) -> None:
        """Leave out such a trial."""
        self._curves.remove(values)
        self._ratios.clear()

    def factor(self, epoch: int) -> float:
        """Return what the error after an epoch is multiplied by until the end: the median over the trials.

        1 where there is none. A trial that had an error of 0, or none, at that epoch says nothing.
        """
        ratios = self._ratios.setdefault(epoch, _Ratios())
        for values in self._curves[ratios.curves :]:
            then = values[min(epoch, len(values)) - 1]
            if then and math.isfinite(then):
                insort(ratios.in_order, values[-1] / then)
        ratios.curves = len(self._curves)
        return _median(ratios.in_order)


def _median(in_order: Sequence[float]) -> float:
    """Return the median of numbers in order; 1 of none."""
    middle = len(in_order) // 2
    if not in_order:
        return 1.0
    return in_order[middle] if len(in_order) % 2 else (in_order[middle - 1] + in_order[middle]) / 2
