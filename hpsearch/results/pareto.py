"""Pareto fronts: which of several designs no other beats in all of their costs."""

from __future__ import annotations

from collections.abc import Sequence

from hpsearch.study.policy.unbeaten import Costs, no_worse


def pareto_front(points: Sequence[Costs]) -> tuple[int, ...]:
    """Return the places of points that no other is at most equal to in all and below in one, by the first."""
    front: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: points[place]):
        point = points[place]
        if not any(no_worse(points[better], point) for better in reversed(front)):
            front.append(place)
    return tuple(front)
