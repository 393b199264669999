"""SVG elements, axes and scales, whatever is drawn with them; every word in them is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]

Svg = Markup
"""SVG elements as text that is safe in a page: only `tag` makes it, from words that it escapes."""


@dataclass(frozen=True)
class Scale:
    """Maps values in [low, high] to pixels in [start, end]; clamps what lies outside."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        low, high, value = (self._along(v) for v in (self.low, self.high, value))
        share = 0.5 if high == low else min(max((value - low) / (high - low), 0.0), 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Return about `count` round values inside the range."""
        if self.log:
            return _log_ticks(self.low, self.high, count)
        step = _round_step((self.high - self.low) / max(count, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(n * step, 12) for n in range(first, last + 1)]

    def _along(self, value: float) -> float:
        return math.log(max(value, 1e-12)) if self.log else value


def tag(name: str, /, *content: str, **attributes: object) -> Svg:
    """Return an element around `content`: elements stay as they are, words are escaped.

    `_` in the name of an attribute stands for `-`; their values are escaped too.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"' for key, value in attributes.items()
    )
    inside = "".join(escape(part) for part in content)
    return Markup(f"<{name}{written}>{inside}</{name}>" if content else f"<{name}{written}/>")  # noqa: S704


def drawing(width: float, height: float, parts: Sequence[Svg], title: str) -> Svg:
    """Return an inline SVG that scales with its place; `title` is read out where it cannot be seen."""
    view = f"0 0 {width:g} {height:g}"
    return tag(
        "svg", tag("title", title), *parts, xmlns="http://www.w3.org/2000/svg", viewBox=view, role="img"
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> Svg:
    """Return words; `kind` is a CSS class."""
    return tag("text", words, x=x, y=y, class_=kind or "label", text_anchor=anchor)


def line(start: Point, end: Point, kind: str) -> Svg:
    """Return a straight line; `kind` is a CSS class."""
    return tag("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=kind)


def dot(at: Point, radius: float, colour: str, hint: str, hollow: bool = False) -> Svg:
    """Return a dot with a tooltip."""
    paint = {"fill": "#fff", "stroke": colour} if hollow else {"fill": colour, "stroke": "#fff"}
    return tag(
        "circle",
        tag("title", hint),
        cx=at[0],
        cy=at[1],
        r=radius,
        stroke_width=1.2 if hollow else 0.6,
        **paint,
    )


def polyline(points: Sequence[Point], colour: str, width: float, hint: str, dash: str = "") -> Svg:
    """Return a line through points, with a tooltip."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    extra = {"stroke_dasharray": dash} if dash else {}
    return tag(
        "polyline",
        tag("title", hint),
        points=path,
        fill="none",
        stroke=colour,
        stroke_width=width,
        stroke_linejoin="round",
        **extra,
    )


def left_axis(scale: Scale, x: float, width: float, count: int = 5) -> Svg:
    """Return labels left of `x` and a light line across `width` for each tick."""
    parts = []
    for value in scale.ticks(count):
        y = scale(value)
        parts.append(line((x, y), (x + width, y), "grid"))
        parts.append(text(x - 5, y + 3.5, f"{value:g}", "tick", "end"))
    return tag("g", *parts)


def bottom_axis(scale: Scale, y: float, count: int = 5) -> Svg:
    """Return labels below `y` with small marks."""
    parts = []
    for value in scale.ticks(count):
        x = scale(value)
        parts.append(line((x, y), (x, y + 3), "mark"))
        parts.append(text(x, y + 14, f"{value:g}", "tick", "middle"))
    return tag("g", *parts)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions at least `gap` apart, close to the wanted ones and in their order."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    before = low - gap
    for index in order:
        before = placed[index] = max(wanted[index], before + gap)
    after = high + gap
    for index in reversed(order):
        after = placed[index] = min(placed[index], after - gap)
    return placed


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        found = [step * 10.0**d for d in decades for step in steps if low <= step * 10.0**d <= high]
        if len(found) >= min(count, 3):
            return found
    return Scale(low, high, 0, 1).ticks(count)


def _round_step(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(step for step in (1, 2, 2.5, 5, 10) if rough <= step * power * (1 + 1e-9))


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
