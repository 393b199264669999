"""Lines over a number: a chart as plain values, and its drawing."""

from __future__ import annotations

from dataclasses import dataclass

from hpsearch.report import svg

WIDTH, HEIGHT = 300.0, 214.0
LEFT, RIGHT, TOP, BOTTOM = 38.0, 10.0, 10.0, 40.0


@dataclass(frozen=True)
class ChartPoint:
    """A value at x; `half` is half the width of its 95 % interval, None where it has none."""

    x: float
    y: float
    half: float | None = None


@dataclass(frozen=True)
class Line:
    """Points in the order of x, with their name and colour."""

    name: str
    colour: str
    points: tuple[ChartPoint, ...]
    dashed: bool = False
    marked: bool = True
    """Whether each point has a dot."""


@dataclass(frozen=True)
class LineChart:
    """Lines that share their axes; y is an error in degrees."""

    title: str
    x_label: str
    lines: tuple[Line, ...]
    whole_numbers: bool = False
    """Whether only whole numbers stand on the x axis."""


def draw(chart: LineChart) -> svg.Svg:
    """Return the drawing of a chart that has one point or more."""
    points = [point for line in chart.lines for point in line.points]
    ends = [point.y + sign * (point.half or 0.0) for point in points for sign in (-1, 1)]
    pad = 0.06 * (max(ends) - min(ends)) or 0.05 * abs(max(ends)) or 1.0
    y = svg.Scale(min(ends) - pad, max(ends) + pad, HEIGHT - BOTTOM, TOP)
    xs = [point.x for point in points]
    x = svg.Scale(min(xs), max(xs), LEFT + 10, WIDTH - RIGHT - 6)
    count = min(int(max(xs) - min(xs)), 5) if chart.whole_numbers else 4
    parts = [
        svg.left_axis(y, LEFT, WIDTH - LEFT - RIGHT),
        svg.bottom_axis(x, HEIGHT - BOTTOM, max(count, 1)),
        svg.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, chart.x_label, "tick", "middle"),
    ]
    for line in chart.lines:
        places = [(x(point.x), y(point.y)) for point in line.points]
        parts.append(svg.polyline(places, line.colour, 1.6, line.name, "5 3" if line.dashed else ""))
        for point, place in zip(line.points, places, strict=True):
            if point.half is not None:
                low, high = y(point.y - point.half), y(point.y + point.half)
                parts.append(svg.line((place[0], low), (place[0], high), "whisker"))
            if line.marked:
                hint = f"{line.name}, {point.x:g}: {point.y:.3f}"
                parts.append(svg.dot(place, 3.4, line.colour, hint))
    return svg.drawing(WIDTH, HEIGHT, parts, chart.title)
