"""The part of the page that ranks the arms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from hpsearch.report import svg
from hpsearch.report.html import Cell, degrees, number, paragraph, section, table, whisker
from hpsearch.report.paper.rows import ANGLES
from hpsearch.report.style import colour
from hpsearch.report.tables import state_of
from hpsearch.results.arms import Arm
from hpsearch.results.titles import title, values_of

MOST_ARMS = 24
MOST_UNFINISHED = 4
MOST_COLUMNS = 5
"""Searched values beside which there is room for the angles."""
SHOWN_PX = (6.0, 184.0)
"""Where the scale of means begins and ends in its column."""


def leaderboard_part(arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None) -> str:
    """Return the section: the best arms with their intervals, and the furthest of the unfinished ones."""
    shown = [arm for arm in arms if arm.mean is not None][:MOST_ARMS]
    shown += [arm for arm in arms if arm.mean is None][:MOST_UNFINISHED]
    if not shown:
        return ""
    known = {name for arm in shown for name in values_of(arm, names)}
    columns = [name for name in dict.fromkeys(names.values()) if name in known]
    room = ANGLES if len(columns) <= MOST_COLUMNS else ()
    angles = [angle for angle in room if any(arm.metric(_error(angle)) is not None for arm in shown)]
    heads = [number("#"), *map(_head, columns), number("mean"), number("±\u00a095\u00a0%"), Cell(kind="gap")]
    heads += [*map(number, angles), number("seeds")]
    scale = _scale(shown)
    rows = []
    for rank, arm in enumerate(shown, start=1):
        values = values_of(arm, names)
        cells = [number(str(rank)), *(Cell(values.get(name, "")) for name in columns)]
        cells += _mean(arm, names, baseline, scale)
        cells += [number(degrees(arm.metric(_error(angle)))) for angle in angles]
        cells.append(number(str(len(arm.values) or "")))
        rows.append(("dim" if arm.mean is None else "best" if rank == 1 else "", cells))
    note = "An arm is all trials that differ in their seed alone; single runs stand below arms with several."
    if baseline is not None:
        note += f" The dashed line is the baseline, {title(baseline, names)}."
    if len(arms) > len(shown):
        note += f" Shown are {len(shown)} of {len(arms)} arms; all are in the CSV file."
    return section("Leaderboard", table(heads, rows), paragraph(note, "note"))


def _mean(arm: Arm, names: Mapping[str, str], baseline: Arm | None, scale: svg.Scale) -> list[Cell]:
    """Return the mean, its interval, and both as a picture; how far an unfinished arm got."""
    mean = arm.mean
    if mean is None:
        epochs = max(len(trial.epochs) for trial in arm.trials)
        reached = f"{state_of(arm)} at {epochs}" if epochs else state_of(arm)
        return [number(reached), number(""), Cell(kind="gap")]
    marked = baseline.mean.mean if baseline is not None and baseline.mean is not None else None
    hint = f"{title(arm, names)}: {mean.mean:.3f}"
    picture = whisker(mean, scale, marked, hint, colour(arm.trials[0]))
    return [number(degrees(mean.mean)), number(degrees(mean.half)), Cell(markup=picture, kind="gap")]


def _scale(arms: Sequence[Arm]) -> svg.Scale:
    """Return a scale that shows every mean, and intervals as far as they do not dwarf the means."""
    means = [arm.mean for arm in arms if arm.mean is not None]
    if not means:
        return svg.Scale(0, 1, *SHOWN_PX)
    least, most = min(mean.mean for mean in means), max(mean.mean for mean in means)
    room = 1.5 * (most - least or 1.0)
    lows = [mean.mean - (mean.half or 0.0) for mean in means]
    highs = [mean.mean + (mean.half or 0.0) for mean in means]
    return svg.Scale(max(min(lows), least - room), min(max(highs), most + room), *SHOWN_PX)


def _head(name: str) -> Cell:
    """Return a column's head, which may break behind a dot or a bar."""
    return Cell(markup=re.sub(r"([._])", r"\1<wbr>", escape(name)))


def _error(angle: str) -> str:
    return f"validation/{angle}_mae_deg"
