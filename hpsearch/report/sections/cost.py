"""The part of the page about what each leading arm costs: to train, and as a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.pareto import ArmCost, pareto_chart
from hpsearch.report.style import colour
from hpsearch.results.arms import Arm
from hpsearch.results.effort import device_hours, device_kind
from hpsearch.results.pareto import pareto_front
from hpsearch.results.titles import title
from hpsearch.study.records import StudyRecord
from trainables.target.metric import Metric
from trainables.training.metric_names import IMAGES_PER_S

MOST_ARMS = 12
"""Arms in the table."""

MOST_DOTS = 1_000
"""Arms in a chart, the best: thousands of dots lie on each other and make the page slow."""


@dataclass(frozen=True)
class CostRow:
    """One arm: its error and the means over its runs; None where the runs have not recorded it."""

    name: str
    colour: str
    error: float
    runs: int
    epochs: float
    hours: float
    """Wall-clock hours of one run."""
    device_hours: float
    """Hours of a whole GPU, or of CPU cores where it had no GPU."""
    images_per_s: float | None
    parameters: int
    """Of the trunk, which all but a few thousand belong to."""

    @property
    def ms_per_image(self) -> float | None:
        """Milliseconds of training per image, forward and backward."""
        return 1000 / self.images_per_s if self.images_per_s else None


@dataclass(frozen=True)
class CostSection:
    """The table of the leading arms, and the error over each cost in which they differ."""

    noun: str
    """What the objective is called, in lower case: `error`."""
    rows: tuple[CostRow, ...]
    arms: int
    best: int | None
    """How many of the best arms the charts have, beside those of the front; None: they have all."""
    device: str
    """`GPU` or `CPU`: what the device hours are of."""
    charts: tuple[Chart, ...]


def cost_section(study: StudyRecord, arms: Sequence[Arm], names: Mapping[str, str]) -> CostSection | None:
    """Return the section; None where no arm has finished."""
    rows = tuple(_row(arm, names) for arm in arms if arm.mean is not None)
    if not rows:
        return None
    device = device_kind(study)
    charts = tuple(_charts(rows, device, study.objective))
    best = MOST_DOTS if len(rows) > MOST_DOTS else None
    return CostSection(study.objective.noun, rows[:MOST_ARMS], len(rows), best, device, charts)


def _row(arm: Arm, names: Mapping[str, str]) -> CostRow:
    runs = list(arm.finished.values())
    speeds = [row[IMAGES_PER_S] for trial in runs for row in trial.epochs if IMAGES_PER_S in row]
    return CostRow(
        name=title(arm, names),
        colour=colour(arm.trials[0]),
        error=0.0 if arm.mean is None else arm.mean.mean,
        runs=len(runs),
        epochs=fmean(len(trial.epochs) for trial in runs),
        hours=fmean(trial.trained_s for trial in runs) / 3600,
        device_hours=fmean(device_hours(trial) for trial in runs),
        images_per_s=fmean(speeds) if speeds else None,
        parameters=arm.config.network.backbone.trunk_values,
    )


def _charts(rows: Sequence[CostRow], device: str, metric: Metric) -> Iterator[Chart]:
    noun = metric.noun.capitalize()
    costs: tuple[tuple[str, str, str, Callable[[CostRow], float | None]], ...] = (
        ("hours", f"{noun} over training", f"{device} minutes per run", lambda row: 60 * row.device_hours),
        ("speed", f"{noun} over time per image", "ms per training image", lambda row: row.ms_per_image),
        ("size", f"{noun} over size", "million parameters of the trunk", lambda row: row.parameters / 1e6),
    )
    for name, words, x_title, cost in costs:
        known = [(row, value) for row in rows if (value := cost(row))]
        if len({value for _, value in known}) > 1:
            front = pareto_front([(value, metric.cost(row.error)) for row, value in known])
            shown = [known[place] for place in sorted({*range(len(known))[:MOST_DOTS], *front})]
            points = [ArmCost(row.name, row.colour, value, row.error) for row, value in shown]
            yield pareto_chart(f"cost-{name}", words, x_title, points, metric)
