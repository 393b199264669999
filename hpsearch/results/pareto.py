"""Pareto fronts: which of several designs no other beats in both of two costs."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Return the places of points (x, y) that no other is at most equal to in both and below in one, by x."""
    front: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: points[place]):
        if not front or points[place][1] < points[front[-1]][1]:
            front.append(place)
    return tuple(front)
