"""The small drawings in tables: SVG elements and a scale; every word in them is escaped."""

from __future__ import annotations

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

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = 0.5 if self.high == self.low else (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Return whether a value lies on the scale."""
        return self.low <= value <= self.high


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


def line(start: Point, end: Point, kind: str) -> Svg:
    """Return a straight line; `kind` is a CSS class."""
    return tag("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=kind)


def dot(at: Point, radius: float, colour: str, hint: str) -> Svg:
    """Return a dot with a tooltip."""
    return tag("circle", tag("title", hint), cx=at[0], cy=at[1], r=radius, fill=colour)


def arrow(at: Point, right: bool, colour: str, hint: str) -> Svg:
    """Return a small triangle at the end of a scale, which points to what lies beyond, with a tooltip."""
    x, y = at
    back = x - 7 if right else x + 7
    path = f"M{x:g} {y:g}L{back:g} {y - 5:g}L{back:g} {y + 5:g}Z"
    return tag("path", tag("title", hint), d=path, fill=colour)


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
