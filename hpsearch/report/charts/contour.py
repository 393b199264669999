"""A smooth surface over scattered trials, and the regions between its iso-lines as polygons to paint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Point = tuple[float, float]

SIZE = 48
"""Points of the surface's grid along each side."""
DIGITS = 3
LEAST_SD = 0.05
"""Of the places along an axis, so that trials in one place leave a bandwidth."""


@dataclass(frozen=True)
class Region:
    """A closed polygon in the unit square, inside which a surface lies between two levels.

    `band` counts the levels below the surface there. What lies inside it and is another region is painted
    later.
    """

    band: int
    corners: tuple[Point, ...]


def surface(places: Doubles, values: Doubles, size: int = SIZE) -> Doubles:
    """Return the mean of the values [N] near each point of a grid [size, size] over the unit square.

    Row i, column j is the point (j, i) / (size - 1); `places` [N, 2] are x, y. The weights are a Gaussian
    kernel's [Nadaraya 1964; Watson 1964], as wide as Scott's rule says [1992]: sd * N^(-1/6) along each axis.
    """
    widths = np.maximum(places.std(axis=0), LEAST_SD) * len(values) ** (-1 / 6)
    along = np.linspace(0.0, 1.0, size)
    far_x, far_y = ((along[:, None] - places[:, axis]) / widths[axis] for axis in (0, 1))  # [size, N] each
    logs = -0.5 * (far_y[:, None, :] ** 2 + far_x[None, :, :] ** 2)  # [size, size, N]
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    found: Doubles = (weights @ values) / weights.sum(axis=-1)
    return found


def regions(grid: Doubles, levels: Sequence[float]) -> list[Region]:
    """Return the regions between ascending levels of a surface [S, S], in the order to paint them in.

    Polygons of one surface lie inside each other or apart: those with the larger area come first.
    """
    whole = Region(0, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    found = [(_area(whole.corners), whole)]
    walled = np.pad(grid, 1, constant_values=-np.inf)  # closes each polygon along the rim
    for band, level in enumerate(levels, start=1):
        for corners in _loops(walled, level):
            area = _area(corners)  # the higher side lies to the left
            found.append((abs(area), Region(band if area > 0 else band - 1, corners)))
    return [region for _, region in sorted(found, key=lambda pair: -pair[0])]


BOTTOM, RIGHT, TOP, LEFT = range(4)
"""The sides of a cell."""
LINES = {
    1: ((BOTTOM, LEFT),),
    2: ((RIGHT, BOTTOM),),
    3: ((RIGHT, LEFT),),
    4: ((TOP, RIGHT),),
    6: ((TOP, BOTTOM),),
    7: ((TOP, LEFT),),
    8: ((LEFT, TOP),),
    9: ((BOTTOM, TOP),),
    11: ((RIGHT, TOP),),
    12: ((LEFT, RIGHT),),
    13: ((BOTTOM, RIGHT),),
    14: ((LEFT, BOTTOM),),
}
"""The corners of a cell that are high (1 lower left, 2 lower right, 4 upper right, 8 upper left, summed) ->
the lines from side to side that leave these on the left: marching squares."""
SADDLES = {
    5: (((BOTTOM, LEFT), (TOP, RIGHT)), ((BOTTOM, RIGHT), (TOP, LEFT))),
    10: (((RIGHT, BOTTOM), (LEFT, TOP)), ((LEFT, BOTTOM), (RIGHT, TOP))),
}
"""Two opposite corners are high -> the lines where the middle is low, and where it is high."""

Side = tuple[int, int, bool]
"""A side of cells: its lower left grid point as row and column, and whether it goes up."""


def _loops(grid: Doubles, level: float) -> Iterator[tuple[Point, ...]]:
    """Yield the closed iso-lines of a level; the rim of the grid is low."""
    following = dict(_lines(grid, level))
    while following:
        side = next(iter(following))
        corners: list[Point] = []
        while side in following:
            corners.append(_crossing(grid, side, level))
            side = following.pop(side)
        distinct = [one for at, one in enumerate(corners) if one != corners[at - 1]]
        if len(distinct) > 2:
            yield tuple(distinct)


def _lines(grid: Doubles, level: float) -> Iterator[tuple[Side, Side]]:
    high = (grid >= level).astype(int)
    kinds = high[:-1, :-1] + 2 * high[:-1, 1:] + 4 * high[1:, 1:] + 8 * high[1:, :-1]
    for row, column in zip(*np.nonzero((kinds > 0) & (kinds < 15)), strict=True):
        i, j, kind = int(row), int(column), int(kinds[row, column])
        sides: tuple[Side, ...] = ((i, j, False), (i, j + 1, True), (i + 1, j, False), (i, j, True))
        middle_high = int(grid[i : i + 2, j : j + 2].mean() >= level)
        lines = SADDLES[kind][middle_high] if kind in SADDLES else LINES[kind]
        for begin, end in lines:
            yield sides[begin], sides[end]


def _crossing(grid: Doubles, side: Side, level: float) -> Point:
    """Return where an iso-line crosses a side; on the rim, beyond which is nothing, at its inner end."""
    i, j, up = side
    one, other = float(grid[i, j]), float(grid[i + up, j + (not up)])
    share = 1.0 if one == -np.inf else 0.0 if other == -np.inf else (level - one) / (other - one)
    last = len(grid) - 3
    x, y = (j - 1 + (0.0 if up else share)) / last, (i - 1 + (share if up else 0.0)) / last
    return round(min(max(x, 0.0), 1.0), DIGITS), round(min(max(y, 0.0), 1.0), DIGITS)


def _area(corners: Sequence[Point]) -> float:
    """Return the area of a polygon, negative where its corners go clockwise."""
    after = (*corners[1:], corners[0])
    return sum(x * v - u * y for (x, y), (u, v) in zip(corners, after, strict=True)) / 2
