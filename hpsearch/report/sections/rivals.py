"""Every helper that could have led, beside the baseline: differences with intervals that hold together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hpsearch.report import svg
from hpsearch.report.style import colour
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import Comparison
from hpsearch.results.sequence import on_demand, progress
from hpsearch.results.statistics import Interval
from hpsearch.results.titles import title

MOST = 24
"""Helpers that are shown."""

WIDTH, HEIGHT = 190.0, 18.0
"""Size of the drawing of one interval."""


@dataclass(frozen=True)
class RivalRow:
    """A helper, its difference to the baseline, from how many seeds, and the drawing of it."""

    name: str
    difference: Interval
    drawing: svg.Svg


@dataclass(frozen=True)
class RivalsSection:
    """The helpers, best first; `zone` is within which designs count as equal, None: none do."""

    rows: tuple[RivalRow, ...]
    baseline: str
    unit: str
    zone: float | None
    comparisons: int
    on_demand: bool


def rivals_section(found: Comparison, names: Mapping[str, str]) -> RivalsSection | None:
    """Return the section; None where fewer than two helpers have several runs."""
    family = found.family
    if family is None or len(family.helpers) < 2:
        return None
    shown = list(_differences(found))[:MOST]
    if not shown:  # before the first look
        return None
    ends = [end for _, gap in shown for end in (gap.low, gap.high) if end is not None]
    room = 3 * max(abs(gap.mean) for _, gap in shown) or 1.0  # two seeds would dwarf the others
    reach = max(min(max(map(abs, ends), default=room), room), found.equal_within or 0.0)
    scale = svg.Scale(-reach, reach, 6.0, WIDTH - 6.0)
    rows = (RivalRow(title(arm, names), gap, _draw(arm, gap, names, found, scale)) for arm, gap in shown)
    return RivalsSection(
        rows=tuple(rows),
        baseline=title(family.baseline, names),
        unit=family.baseline.objective.unit.sign,
        zone=found.equal_within,
        comparisons=family.size,
        on_demand=found.progress is not None,
    )


def _differences(found: Comparison) -> Iterator[tuple[Arm, Interval]]:
    """Yield each helper with its difference: at its last look where seeds came on demand."""
    family = found.family
    assert family is not None  # noqa: S101  ours: asked where there is one
    if found.progress is None:
        yield from zip(family.helpers, family.differences(), strict=True)
        return
    for helper in family.helpers:
        stands = progress(helper, family.baseline, family.size, found.equal_within)
        if on_demand(helper) and stands is not None and stands.interval is not None:
            yield helper, stands.interval


def _draw(arm: Arm, gap: Interval, names: Mapping[str, str], found: Comparison, scale: svg.Scale) -> svg.Svg:
    """Return a dot with its interval, a dashed line at no difference, and the zone of equality."""
    middle, parts = HEIGHT / 2, []
    if found.equal_within is not None:
        left, right = scale(-found.equal_within), scale(found.equal_within)
        parts.append(svg.tag("rect", x=left, y=0, width=right - left, height=HEIGHT, class_="zone"))
    parts.append(svg.line((scale(0.0), 0), (scale(0.0), HEIGHT), "zero"))
    if gap.low is not None and gap.high is not None:
        ends = scale(gap.low), scale(gap.high)
        parts.append(svg.line((ends[0], middle), (ends[1], middle), "whisker"))
        parts += [svg.line((end, middle - 3), (end, middle + 3), "whisker") for end in ends]
    hint = f"{title(arm, names)}: {gap.mean:+.3f}"
    parts.append(svg.dot((scale(gap.mean), middle), 4, colour(arm.trials[0]), hint))
    return svg.drawing(WIDTH, HEIGHT, parts, hint)
