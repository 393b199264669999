"""The part of the page about effort: what each family cost, and errors over epochs and over arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.lines import ChartPoint, Line, LineChart, line_chart
from hpsearch.report.paper.figures import mean_curve
from hpsearch.report.style import paints, task_of
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import Comparison
from hpsearch.results.effort import Effort, device_kind, effort_of, images_forwarded, together
from hpsearch.results.titles import ALONE, title
from hpsearch.study.policy.families import DIMENSIONS, family_title
from hpsearch.study.records import StudyRecord

LEADERS = 3
EQUAL = 0.02
"""Two efforts count as equal within this share."""


@dataclass(frozen=True)
class FamilyEffort:
    """What the trials of one family cost together, confirmations included."""

    family: str
    effort: Effort


@dataclass(frozen=True)
class EffortSection:
    """The effort of every family, and the error over both kinds of effort."""

    families: tuple[FamilyEffort, ...]
    device: str
    """`GPU` or `CPU`: what the hours are of."""
    statement: str
    """At which equal effort leader and baseline were compared."""
    charts: tuple[Chart, ...]


def effort_section(
    study: StudyRecord, arms: Sequence[Arm], names: Mapping[str, str], found: Comparison
) -> EffortSection | None:
    """Return the section; None where no epoch was trained."""
    if not any(trial.epochs for trial in study.trials):
        return None
    return EffortSection(
        families=family_efforts(study),
        device=device_kind(study),
        statement=equal_effort(found.leader, found.baseline),
        charts=_charts(study, arms, names, found.baseline),
    )


def family_efforts(study: StudyRecord) -> tuple[FamilyEffort, ...]:
    """Return the effort of each option of `pretext` and `init` that was searched; else that of all trials."""
    found = []
    efforts = {trial.number: effort_of((trial,)) for trial in study.trials}
    for name in DIMENSIONS:
        options = dict.fromkeys(trial.params[name] for trial in study.trials if name in trial.params)
        for option in options:
            of_family = [efforts[t.number] for t in study.trials if t.params.get(name) == option]
            found.append(FamilyEffort(family_title((name, option)), together(of_family)))
    return tuple(found) or (FamilyEffort("all trials", together(efforts.values())),)


def equal_effort(leader: Arm | None, baseline: Arm | None) -> str:
    """Say whether a verdict on two arms holds at equal epochs, and at equal arithmetic; empty without two."""
    if leader is None or baseline is None or not leader.finished or not baseline.finished:
        return ""
    epochs = [fmean(len(trial.epochs) for trial in arm.finished.values()) for arm in (leader, baseline)]
    forwarded = [_forwarded(arm) for arm in (leader, baseline)]
    same = abs(epochs[0] - epochs[1]) <= EQUAL * epochs[1]
    at = "at equal epochs" if same else f"not at equal epochs ({epochs[0]:g} beside {epochs[1]:g})"
    if forwarded[0] is None or not forwarded[1]:
        return f"The verdict is {at}; whether at equal arithmetic is not known: images were not counted."
    ratio = forwarded[0] / forwarded[1]
    if abs(ratio - 1) <= EQUAL:
        return f"The verdict is {at} and at equal arithmetic: both networks forwarded as many images."
    return (
        f"The verdict is {at}, not at equal arithmetic: the best helper's network forwarded {ratio:.2f} "
        f"times as many images as {ALONE}, its pretraining included."
    )


def _forwarded(arm: Arm) -> float | None:
    found = [images_forwarded(trial) for trial in arm.finished.values()]
    known = [images for images in found if images is not None]
    return fmean(known) if len(known) == len(found) else None


def _charts(
    study: StudyRecord, arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> tuple[Chart, ...]:
    """Return the error of the leading arms and the baseline over epochs, and over images forwarded."""
    leaders = [arm for arm in arms if arm.mean is not None and arm is not baseline][:LEADERS]
    drawn = [*leaders, *([] if baseline is None else [baseline])]
    by_epoch: list[Line] = []
    by_images: list[Line] = []
    for arm, paint in zip(drawn, paints(task_of(arm.config) for arm in drawn), strict=True):
        errors = mean_curve(list(arm.finished.values()), study.objective.name)
        first = next(iter(arm.finished.values()))
        images = [images_forwarded(first, epoch) for epoch in range(1, len(errors) + 1)]
        epochs = tuple(ChartPoint(epoch, error) for epoch, error in enumerate(errors, start=1))
        arithmetic = tuple(
            ChartPoint(x / 1000, error) for x, error in zip(images, errors, strict=True) if x is not None
        )
        for lines, points in ((by_epoch, epochs), (by_images, arithmetic)):
            if points:
                lines.append(Line(title(arm, names), paint, points, marked=len(points) == 1))
    noun = study.objective.noun.capitalize()
    charts = (
        LineChart(f"{noun} over epochs", "epoch", tuple(by_epoch), study.objective, whole_numbers=True),
        LineChart(f"{noun} over arithmetic", "thousand images forwarded", tuple(by_images), study.objective),
    )
    shown = [chart for chart in charts if chart.lines]
    return tuple(line_chart(f"effort-{place}", chart) for place, chart in enumerate(shown))
