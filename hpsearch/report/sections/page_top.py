"""The top of the page: the verdict, and the study in a few figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.report.links import Link
from hpsearch.report.pruning import pruning_statistics
from hpsearch.report.report import Report
from hpsearch.results.advice import advice
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import Comparison
from hpsearch.results.formats import duration, percent
from hpsearch.results.front import best_below
from hpsearch.results.learned import learned
from hpsearch.results.noise import noise_of
from hpsearch.results.outlook import intended_by
from hpsearch.results.power import visible
from hpsearch.results.standing import standing
from hpsearch.results.titles import guessing
from hpsearch.results.verdict import Verdict, describe
from hpsearch.study.records import StudyRecord, TrialState
from trainables.target.metric import Direction


@dataclass(frozen=True)
class Figure:
    """A number with what it is, and a remark, which may be empty."""

    name: str
    value: str
    remark: str


BETTER = {Direction.MINIMIZE: "smaller is better", Direction.MAXIMIZE: "larger is better"}


@dataclass(frozen=True)
class PageTop:
    """What stands below the page's title."""

    objective: str
    better: str
    """Which values of it are better, in words."""
    datasets: tuple[str, ...]
    standing: str
    """How a study stands that has not ended, in words; empty for one that has."""
    learned: tuple[str, ...]
    """Sentences that are said first where nothing was learned."""
    root: str
    has_best: bool
    outcome: str
    """CSS class of the verdict."""
    verdict: Verdict
    figures: tuple[Figure, ...]
    links: tuple[Link, ...]
    renews_s: int | None
    """After how many seconds a browser reads the page again; None: never."""


def page_top(report: Report, links: Sequence[Link], renews_s: int | None) -> PageTop:
    """Return the top of a study's page."""
    study, arms, found = report.study, report.arms, report.comparison
    return PageTop(
        objective=study.objective.name,
        better=BETTER[study.objective.direction],
        datasets=tuple(
            dict.fromkeys(text.partition(" @ ")[0] for text in study.provenance.datasets.values())
        ),
        standing=standing(study, leaving=report.leaving),
        learned=learned(study, arms, found),
        root=str(study.root),
        has_best=study.best is not None,
        outcome=found.outcome.value,
        verdict=describe(
            found,
            report.names,
            study.objective,
            advice(study, found),
            best_below(report.front, report.names),
        ),
        figures=tuple(_figures(study, arms, found)),
        links=tuple(links),
        renews_s=renews_s,
    )


def _figures(study: StudyRecord, arms: Sequence[Arm], found: Comparison) -> list[Figure]:
    counts = {state: sum(trial.state is state for trial in study.searched) for state in TrialState}
    states = " · ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    figures = [Figure("trials", str(len(study.searched)), states)]
    if confirmations := len(study.trials) - len(study.searched):
        figures.append(Figure("confirmations", str(confirmations), "runs with other seeds"))
    aim, shown = study.objective, study.objective.shown
    runs = [(aim.cost(value), trial.number) for arm in arms for trial, value in arm.runs()]
    if runs:
        cost, number = min(runs)
        best = aim.value(cost)
        figures.append(Figure("lowest single run", shown(best), f"trial {number}, selected by this number"))
        guess = guessing(arms[0].config.target)
        ratio = study.over_training_mean(best)
        said = "" if ratio is None else f"the best is {ratio:.2f} of it"
        figures.append(Figure(guess, shown(study.provenance.training_mean), said))
    if noise := noise_of(arms):
        share = "" if noise.shared is None else f"; runs of one seed correlate by {noise.shared:.2f}"
        of = f"95 % interval {noise.low:.2f} to {noise.high:.2f}{share}"
        figures.append(Figure("standard deviation of a run", shown(noise.deviation), of))
        if intended := intended_by(found):
            least = shown(
                noise.deviation * visible(intended.in_units_of(noise.deviation), noise.shared or 0.0)
            )
            figures.append(Figure("found in four studies of five", least, "differences from this on"))
    pruning = pruning_statistics(study)
    hours = duration(pruning.hours_trained * 3600)
    figures.append(Figure("training", hours, f"{pruning.epochs_trained} epochs"))
    if pruning.pruned:
        figures.append(Figure("saved by pruning", percent(pruning.share), f"{pruning.epochs_saved} epochs"))
    return figures
