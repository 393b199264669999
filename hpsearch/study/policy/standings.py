"""How the trials of a search stand at the rungs of successive halving, kept up as they report.

One report, one freeze and one decision cost about the same with ten trials as with ten thousand: each rung
has its trials in order, by family, and the frozen ones among them apart.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from hpsearch.study.policy.halving import Halving
from hpsearch.study.policy.outlook import Outlook

Place = tuple[float, int]
"""A trial at a rung: the cost of its objective there, and its number, which breaks ties."""

Kept = Callable[[int], bool]
"""Says whether a trial's checkpoint is there: without it a frozen trial cannot be thawed."""


@dataclass
class Curve:
    """A trial: `values[i]` is its objective after epoch i + 1 of `epochs`, as a cost: smaller is better."""

    number: int
    family: str
    epochs: int
    values: list[float] = field(default_factory=list)
    waits: bool = False

    @property
    def place(self) -> Place:
        """Where it stands at the epoch that it has reached."""
        return self.values[-1], self.number

    @property
    def complete(self) -> bool:
        """Whether it has trained its full budget, to a finite objective."""
        return len(self.values) >= self.epochs and math.isfinite(self.values[self.epochs - 1])


class Standings:
    """The search's own trials, failed ones left out. Those that are never stopped count as the others do."""

    def __init__(self, halving: Halving) -> None:
        self._halving = halving
        self._curves: dict[int, Curve] = {}
        self._pools: dict[tuple[int, str], list[Place]] = defaultdict(list)
        """Those that are compared at a rung, by the rung and the family or, ranked together, no family.

        A trial stays when it goes on: whoever comes to the rung later is compared with it too.
        """
        self._waiting: dict[tuple[int, str], list[Place]] = defaultdict(list)
        """The frozen ones, by the epoch that they have reached and the family."""
        self._outlooks: dict[str, Outlook] = defaultdict(Outlook)

    def reported(self, number: int, family: str, epochs: int, value: float) -> None:
        """Add the cost of the objective after the next epoch of a trial of so many epochs."""
        curve = self._curves.setdefault(number, Curve(number, family, epochs))
        curve.values.append(value)
        done = len(curve.values)
        if done in self._halving.rungs_of(epochs) and math.isfinite(value):  # NaN has no place in an order
            insort(self._pool(done, family), curve.place)
        if curve.complete and done == epochs:
            self._outlooks[family].add(curve.values)

    def froze(self, number: int) -> None:
        """Note that a trial waits where it is."""
        curve = self._curves[number]
        if not curve.waits:
            curve.waits = True
            insort(self._waiting[len(curve.values), curve.family], curve.place)

    def goes_on(self, number: int) -> None:
        """Note that a trial waits no more."""
        curve = self._curves[number]
        if curve.waits:
            curve.waits = False
            _remove(self._waiting[len(curve.values), curve.family], curve.place)

    def failed(self, number: int) -> None:
        """Leave a trial out from now on."""
        if number not in self._curves:
            return
        self.goes_on(number)
        curve = self._curves.pop(number)
        # Its places go too: the best of a rung are to be trials that can go on.
        for rung in self._halving.rungs_of(curve.epochs):
            if rung <= len(curve.values) and math.isfinite(curve.values[rung - 1]):
                _remove(self._pool(rung, curve.family), (curve.values[rung - 1], number))
        if curve.complete:
            self._outlooks[curve.family].remove(curve.values)

    def epochs_done(self, number: int) -> int:
        """Return how many epochs a trial has trained."""
        return len(self._curves[number].values) if number in self._curves else 0

    def promoted(self, kept: Kept) -> int | None:
        """Return the frozen trial to thaw now, the most promising of those that earned it, or None.

        At each rung the best ceil(n / factor) have earned it; the highest rung comes first.
        """
        found = (self._first_by_promise(self._earned(rung, kept)) for rung in reversed(self._halving.rungs))
        return next((number for number in found if number is not None), None)

    def most_promising(self, kept: Kept) -> int | None:
        """Return the first of `by_promise`, None where none waits."""
        return self._first_by_promise(
            curve for places in self._waiting.values() for curve in islice(self._of(places, kept), 1)
        )

    def by_promise(self, kept: Kept) -> list[int]:
        """Return the frozen trials, the best forecast first; before them families without a full run."""
        waiting = [curve for places in self._waiting.values() for curve in self._of(places, kept)]
        return [curve.number for curve in sorted(waiting, key=self._promise)]

    def _earned(self, rung: int, kept: Kept) -> Iterator[Curve]:
        """Yield of each family the best that waits at a rung, where it is among those that may go on.

        Within a family and a rung the order of forecasts is that of the errors, so the others can wait.
        """
        for (reached, family), places in self._waiting.items():
            if reached == rung and places:
                pool = self._pool(rung, family)  # never empty: those that wait are in it
                last = pool[math.ceil(len(pool) / self._halving.factor) - 1]
                yield from islice(self._of(islice(places, bisect_right(places, last)), kept), 1)

    def _of(self, places: Iterable[Place], kept: Kept) -> Iterator[Curve]:
        return (self._curves[number] for _, number in places if kept(number))

    def _first_by_promise(self, curves: Iterable[Curve]) -> int | None:
        first = min(curves, key=self._promise, default=None)
        return None if first is None else first.number

    def _promise(self, curve: Curve) -> tuple[bool, float, int]:
        """Return the order in which trials are thawed; a family without a full run goes first.

        Without one there is no forecast, and there would never be one if its trials had to wait for it.
        """
        outlook = self._outlooks[curve.family]
        return bool(outlook), outlook.factor(len(curve.values)) * curve.values[-1], curve.number

    def _pool(self, rung: int, family: str) -> list[Place]:
        return self._pools[rung, family if self._halving.ranking == "family" else ""]


def _remove(places: list[Place], place: Place) -> None:
    del places[bisect_left(places, place)]
