"""Learning curves: the leading arms in colour, the baseline in black, pruned trials in grey."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

from hpsearch.report import svg
from hpsearch.report.style import BASELINE, GREY, LINES
from hpsearch.results.arms import Arm
from hpsearch.results.titles import title
from hpsearch.study.records import StudyRecord, TrialRecord

WIDTH, HEIGHT = 940.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 316.0, 10.0, 34.0
LEADERS = 5
LABEL_CHARS = 43


def curves(
    study: StudyRecord, arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> svg.Svg | None:
    """Draw the objective after every epoch; None where no epoch was trained."""
    pruned = [trial for trial in study.trials if trial.state.stopped]
    leaders = [arm for arm in arms if arm.mean is not None][:LEADERS]
    if baseline is not None and baseline not in leaders:
        leaders.append(baseline)
    lines = [curve for arm in leaders for trial in arm.finished.values() if (curve := _curve(study, trial))]
    lines += [curve for trial in pruned if (curve := _curve(study, trial))]
    if not lines:
        return None
    values = [value for curve in lines for value in curve]
    high = min(max(values), max(1.25 * study.provenance.baseline, 1.05 * min(values)))
    y = svg.Scale(min(values) * 0.97, high, HEIGHT - BOTTOM, TOP, log=True)
    x = svg.Scale(1, max(map(len, lines)), LEFT + 6, WIDTH - RIGHT)
    parts = [
        svg.left_axis(y, LEFT, WIDTH - LEFT - RIGHT),
        svg.bottom_axis(x, HEIGHT - BOTTOM, 8),
        svg.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "epoch", "tick", "middle"),
    ]
    if y.low <= study.provenance.baseline <= y.high:
        at = y(study.provenance.baseline)
        parts.append(svg.line((LEFT, at), (WIDTH - RIGHT, at), "training-mean"))
        parts.append(svg.text(WIDTH - RIGHT - 4, at - 4, "training mean", "tick", "end"))
    parts += [part for trial in pruned for part in _pruned(study, trial, x, y)]
    parts += _leaders(study, leaders, names, baseline, x, y)
    return svg.drawing(WIDTH, HEIGHT, parts, f"{study.objective} after each epoch")


def _pruned(study: StudyRecord, trial: TrialRecord, x: svg.Scale, y: svg.Scale) -> Iterator[svg.Svg]:
    points = _points(_curve(study, trial), x, y)
    if points:
        hint = f"trial {trial.number}, {trial.reason}"
        yield svg.polyline(points, GREY, 0.9, hint)
        yield svg.dot(points[-1], 2.4, GREY, hint, hollow=True)


def _leaders(
    study: StudyRecord,
    leaders: Sequence[Arm],
    names: Mapping[str, str],
    baseline: Arm | None,
    x: svg.Scale,
    y: svg.Scale,
) -> Iterator[svg.Svg]:
    paints = cycle(LINES)
    ends, words, inks = [], [], []
    for arm in leaders:
        ink = BASELINE if arm is baseline else next(paints)
        last: list[float] = []
        for seed, trial in arm.finished.items():
            curve = _curve(study, trial)
            if curve:
                hint = f"{title(arm, names)}, seed {seed}: {curve[-1]:.3f}"
                dash = "5 3" if arm is baseline else ""
                yield svg.polyline(
                    _points(curve, x, y), ink, 1.6 if len(arm.finished) == 1 else 1.1, hint, dash
                )
                last.append(y(curve[-1]))
        if last:
            mean = arm.mean.mean if arm.mean is not None else 0.0
            name = title(arm, names)
            name = name if len(name) <= LABEL_CHARS else name[: LABEL_CHARS - 1] + "…"
            ends.append(math.fsum(last) / len(last))
            words.append(f"{mean:.2f}  {name}")
            inks.append(ink)
    places = svg.spread(ends, 15, TOP + 6, HEIGHT - BOTTOM)
    edge = WIDTH - RIGHT
    for end, place, said, ink in zip(ends, places, words, inks, strict=True):
        yield svg.polyline([(edge + 2, end), (edge + 10, place), (edge + 14, place)], ink, 1.0, said)
        yield svg.tag("g", svg.text(edge + 18, place + 3.5, said, "end-label"), fill=ink)


def _curve(study: StudyRecord, trial: TrialRecord) -> list[float]:
    return [row[study.objective] for row in trial.epochs if math.isfinite(row.get(study.objective, math.nan))]


def _points(curve: Sequence[float], x: svg.Scale, y: svg.Scale) -> list[svg.Point]:
    return [(x(epoch), y(value)) for epoch, value in enumerate(curve, start=1)]
