"""The report as one HTML page that needs nothing beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from hpsearch.report.charts import panels
from hpsearch.report.curves import curves
from hpsearch.report.html import paragraph, section
from hpsearch.report.leaderboard_section import leaderboard_part
from hpsearch.report.paper.claims import Judgement
from hpsearch.report.paper.rows import PaperTable
from hpsearch.report.paper.section import paper_part
from hpsearch.report.pruning import pruning_statistics
from hpsearch.report.style import TASKS, task_of
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import Comparison, describe
from hpsearch.results.leaderboard import duration
from hpsearch.study.records import StudyRecord, TrialState

DIGITS = 12
"""Of a content hash: enough to tell two datasets apart."""

STYLE = Path(__file__).with_name("page.css")


@dataclass(frozen=True)
class Report:
    """All that a report says about a study."""

    study: StudyRecord
    arms: tuple[Arm, ...]
    names: Mapping[str, str]
    comparison: Comparison
    tables: tuple[PaperTable, ...]
    claims: tuple[Judgement, ...]
    importances: Mapping[str, float]


def render(report: Report) -> str:
    """Return the page."""
    parts = [
        _head(report),
        paper_part(report.tables, report.claims),
        leaderboard_part(report.arms, report.names, report.comparison.baseline),
        _what_matters(report),
        _curves(report),
        _pruning(report.study),
        _foot(report.study),
    ]
    style = STYLE.read_text(encoding="utf-8")
    name = escape(report.study.name)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title><style>\n{style}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _head(report: Report) -> str:
    study, found = report.study, report.comparison
    verdict = describe(found, report.names, study.objective)
    counts = {state: sum(trial.state is state for trial in study.searched) for state in TrialState}
    standing = " · ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    saved = pruning_statistics(study)
    figures = [("trials", str(len(study.searched)), standing)]
    if again := len(study.trials) - len(study.searched):
        figures.append(("confirmations", str(again), "runs with other seeds"))
    runs = [(value, trial.number) for arm in report.arms for trial, value in arm.runs()]
    if runs:
        value, run = min(runs)
        ratio = value / study.provenance.baseline
        figures.append(("best single run", f"{value:.2f}°", f"trial {run}"))
        figures.append(("training mean", f"{study.provenance.baseline:.2f}°", f"best is {ratio:.2f} of it"))
    hours = duration(saved.hours_trained * 3600)
    figures.append(("training", hours, f"{saved.epochs_trained} epochs"))
    if saved.pruned:
        figures.append(("saved by pruning", f"{saved.share:.0%}", f"{saved.epochs_saved} epochs"))
    items = "".join(
        f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd><small>{escape(beside)}</small></div>"
        for what, value, beside in figures
    )
    names = dict.fromkeys(name.partition(" @ ")[0] for name in study.provenance.datasets.values())
    sub = f"{study.objective}, smaller is better · {', '.join(names)}"
    return (
        f"<header><h1>{escape(study.name)}</h1>{paragraph(sub, 'sub')}"
        f'<div class="verdict {found.outcome.value}"><strong>{escape(verdict.statement)}</strong>'
        f'<span>{escape(verdict.grounds)}</span></div><dl class="figures">{items}</dl></header>'
    )


def _what_matters(report: Report) -> str:
    charts = list(panels(report.study))
    if not charts:
        return ""
    tasks = dict.fromkeys(task_of(trial.config) for trial in report.study.searched)
    key = "".join(
        f'<span><i style="background:{TASKS[task][0]}"></i>{escape(TASKS[task][1])}</span>'
        for task in tasks
        if task in TASKS
    )
    figures = "".join(f"<figure><h3>{escape(name)}</h3>{chart}</figure>" for name, chart in charts)
    text = (
        "Each dot is a trial, its height the error; hollow ones were pruned and show their last value, those "
        "beyond the chart lie on its edge. The bar is the mean of the complete trials. Other values differ "
        "between the dots of a chart, so a low bar is a hint, no proof."
    )
    return section(
        "What matters",
        paragraph(text, "note"),
        f'<p class="key">{key}</p>',
        f'<div class="panels">{figures}</div>',
        _importances(report.importances),
    )


def _importances(shares: Mapping[str, float]) -> str:
    if not shares:
        return ""
    most = max(shares.values()) or 1.0
    bars = "".join(
        f'<span>{escape(name)}</span><b style="width:{100 * share / most:.1f}%"></b><span>{share:.0%}</span>'
        for name, share in shares.items()
    )
    text = "How far each value sets the best trials apart from all complete ones (PED-ANOVA), as shares."
    if "seed" in shares:
        text += " What matters no more than the seed matters not at all."
    head = '<h3 class="later">Importance</h3>'
    return f'{head}{paragraph(text, "note")}<div class="bars">{bars}</div>'


def _curves(report: Report) -> str:
    chart = curves(report.study, report.arms, report.names, report.comparison.baseline)
    if not chart:
        return ""
    text = "The leading arms, a line a seed; the baseline dashed; pruned trials in grey, until stopped."
    return section("Learning curves", paragraph(text, "note"), f"<figure>{chart}</figure>")


def _pruning(study: StudyRecord) -> str:
    saved = pruning_statistics(study)
    if not saved.pruned:
        return ""
    text = (
        f"{saved.pruned} of {len(study.trials)} trials were stopped early and left {saved.epochs_saved} "
        f"epochs untrained, {saved.share:.0%} of what all trials to the end would have been. At the time "
        f"that each trial's own epochs took, that is {duration(saved.hours_saved * 3600)} saved beside "
        f"{duration(saved.hours_trained * 3600)} trained, both summed over trials side by side."
    )
    return section("What pruning saved", paragraph(text))


def _foot(study: StudyRecord) -> str:
    found = {role: text.partition(" @ ") for role, text in study.provenance.datasets.items()}
    data = "; ".join(f"{role} {name} @ {digest[:DIGITS]}" for role, (name, _, digest) in found.items())
    ended = max((trial.ended_s or trial.started_s for trial in study.trials), default=0.0)
    day = time.strftime("%Y-%m-%d", time.gmtime(ended))
    parts = [
        f"hpsearch {study.provenance.code_version}",
        f"last trial {day}",
        data,
        "intervals: Student's t over seeds",
    ]
    return f"<footer>{escape(' · '.join(parts))}</footer>"
