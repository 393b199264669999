"""The error of every trial over each searched value: small charts that share one scale of errors."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report import svg
from hpsearch.report.style import colour
from hpsearch.study.naming import rows, run_name, shared_params, short_names, shown
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState

FIRST = {
    "pretext": "pretext task",
    "pretext.flag": "flag: branch after stage",
    "pretext.grid": "grid",
    "pretext.heads": "self-supervised heads",
    "pretext.ssl_weight": "weight of the self-supervised loss",
    "network.dropout": "dropout",
    "init": "initial weights",
}
"""Shared path of a value -> the title of its chart; these charts come first."""

OF_BRANCH = ("pretext.flag", "pretext.ssl_weight")
"""Values that have no effect without self-supervised heads."""

MOST_PANELS = 12
MOST_SLOTS = 6
"""Distinct numbers that get a slot each; with more of them the chart has a continuous scale."""
LOG_FROM = 30.0
"""Ratio of the largest to the smallest value from which a factor's scale is logarithmic."""
FACTORS = ("ssl_weight", "lr", "eps", "weight_decay")
"""Last parts of the paths of factors, whose values are compared by their ratio."""

WIDTH, HEIGHT = 300.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 38.0, 8.0, 8.0, 34.0


@dataclass(frozen=True)
class TrialPoint:
    """A trial in a chart: its value of the dimension and its error."""

    trial: TrialRecord
    name: str
    value: object
    error: float

    @property
    def complete(self) -> bool:
        """Whether it trained its full budget."""
        return self.trial.state is TrialState.COMPLETE


def panels(study: StudyRecord) -> Iterator[tuple[str, svg.Svg]]:
    """Yield title and chart of each value that differs between trials, those of `FIRST` first."""
    known = {trial.number: _values(trial) for trial in study.searched}
    titles = {trial.number: run_name(trial, short_names([trial])) for trial in study.searched}
    searched = {path for trial in study.searched for path in shared_params(trial)}
    paths = [
        path for path in (*FIRST, *sorted(searched - {"seed"})) if any(path in v for v in known.values())
    ]
    made = 0
    for path in dict.fromkeys(paths):
        points = [
            TrialPoint(trial, titles[trial.number], known[trial.number][path], trial.objective)
            for trial in study.searched
            if path in known[trial.number]
            and trial.objective is not None
            and math.isfinite(trial.objective)
            and (trial.state is TrialState.COMPLETE or trial.state.stopped)
        ]
        if len({str(one.value) for one in points}) > 1 and made < MOST_PANELS:
            made += 1
            yield FIRST.get(path, path), _panel(study, points, path)


def error_scale(study: StudyRecord, start: float, end: float) -> svg.Scale:
    """Return the scale of errors that the panels share: all complete trials but for the worst outliers."""
    errors = sorted(
        trial.objective
        for trial in study.searched
        if trial.state is TrialState.COMPLETE and trial.objective is not None
    )
    errors = (
        errors or [trial.objective for trial in study.searched if trial.objective is not None] or [0.0, 1.0]
    )
    low, high = errors[0], errors[max(math.ceil(0.95 * len(errors)) - 1, 0)]
    pad = 0.12 * (high - low) or 0.1 * abs(low) or 1.0
    return svg.Scale(low - pad, high + pad, start, end)


def _panel(study: StudyRecord, points: Sequence[TrialPoint], path: str) -> svg.Svg:
    y = error_scale(study, HEIGHT - BOTTOM, TOP)
    parts = [svg.left_axis(y, LEFT, WIDTH - LEFT - RIGHT, 4)]
    numbers = [float(one.value) for one in points if isinstance(one.value, int | float)]
    if len(numbers) == len(points) and len(set(numbers)) > MOST_SLOTS:
        parts += _on_a_scale(points, y, numbers, path.endswith(FACTORS))
    else:
        parts += _in_slots(points, y)
    return svg.drawing(WIDTH, HEIGHT, parts, f"{study.objective} against {FIRST.get(path, path)}")


def _on_a_scale(
    points: Sequence[TrialPoint], y: svg.Scale, numbers: Sequence[float], factors: bool
) -> Iterator[svg.Svg]:
    low, high = min(numbers), max(numbers)
    log = factors and low > 0 and high / low >= LOG_FROM
    x = svg.Scale(low, high, LEFT + 8, WIDTH - RIGHT - 8, log)
    yield svg.bottom_axis(x, HEIGHT - BOTTOM, 4)
    for one, number in sorted(zip(points, numbers, strict=True), key=lambda pair: pair[0].complete):
        yield _dot(one, x(number), y)


def _in_slots(points: Sequence[TrialPoint], y: svg.Scale) -> Iterator[svg.Svg]:
    slots = _slots([one.value for one in points])
    width = (WIDTH - LEFT - RIGHT) / len(slots)
    for index, value in enumerate(slots):
        middle = LEFT + (index + 0.5) * width
        for place, words in enumerate(_in_lines(shown(value), max(int(width / 5.4), 4))):
            yield svg.text(middle, HEIGHT - BOTTOM + 14 + 11 * place, words, "tick", "middle")
        here = sorted((one for one in points if one.value == value), key=lambda one: one.complete)
        for place, one in enumerate(here):
            aside = ((place * 0.618 + 0.3) % 1 - 0.5) * min(width * 0.62, 60)
            yield _dot(one, middle + aside, y)
        errors = [one.error for one in here if one.complete]
        if errors:
            at = y(math.fsum(errors) / len(errors))
            half = min(width * 0.4, 36)
            yield svg.line((middle - half, at), (middle + half, at), "mean")


def _slots(values: Sequence[object]) -> list[object]:
    distinct = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) for value in distinct):
        return sorted(distinct, key=lambda value: float(str(value)) if not isinstance(value, bool) else value)
    return distinct


def _in_lines(label: str, most: int) -> list[str]:
    """Break a label into two lines of at most `most` characters, where it has a place to break."""
    if len(label) <= most:
        return [label]
    parts = re.findall(r"[^ _-]+[ _-]?", label) or [label]
    first = parts.pop(0)
    while parts and len(first + parts[0].rstrip()) <= most:
        first += parts.pop(0)
    lines = [first.rstrip(" "), "".join(parts)] if parts else [first]
    return [line if len(line) <= most else line[: most - 1] + "…" for line in lines]


def _dot(one: TrialPoint, x: float, y: svg.Scale) -> svg.Svg:
    outside = " (outside the chart)" if not y.low <= one.error <= y.high else ""
    hint = f"{one.name}: {one.error:.3f}, {one.trial.state}{outside}"
    radius = 3.6 if one.complete else 2.8
    return svg.dot((x, y(one.error)), radius, colour(one.trial), hint, hollow=not one.complete)


def _values(trial: TrialRecord) -> Mapping[str, object]:
    """Return a trial's searched values and those of `FIRST`, by shared path."""
    written = {row.shared: row.text for row in rows(trial.config)}
    fixed = {path: _read(written[path]) for path in FIRST if path in written}
    if fixed.get("pretext.heads") is False:  # without a branch its place and weight have no effect
        fixed = {path: value for path, value in fixed.items() if path not in OF_BRANCH}
    return {**fixed, **shared_params(trial), "pretext": fixed["pretext"]}


def _read(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
