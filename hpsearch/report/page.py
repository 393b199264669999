"""The report as one HTML page that loads no other file: typed values, laid out by the templates."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hpsearch.report.charts.bundle import vega_script
from hpsearch.report.charts.chart import Chart
from hpsearch.report.links import Link
from hpsearch.report.paper.claims import Judgement
from hpsearch.report.paper.repeats import PaperTable
from hpsearch.report.paper.section import ClaimsSection, TableSection, claims_section, table_section
from hpsearch.report.pruning import PruningStatistics, pruning_statistics
from hpsearch.report.sections.cost import CostSection, cost_section
from hpsearch.report.sections.effort import EffortSection, effort_section
from hpsearch.report.sections.failures import Failure, failures_section
from hpsearch.report.sections.figures import FiguresSection, figures_section
from hpsearch.report.sections.head import HeadSection, head_section
from hpsearch.report.sections.images import ImagesSection, images_section
from hpsearch.report.sections.intervals import IntervalRow, intervals_section
from hpsearch.report.sections.leaderboard import LeaderboardSection, leaderboard_section
from hpsearch.report.sections.quality import QualitySection, quality_section
from hpsearch.report.sections.trials import TrialsSection, trials_section
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import Comparison
from hpsearch.results.formats import degrees, duration, percent, signed, signed_percent
from hpsearch.study.folders import datasets_folder
from hpsearch.study.records import StudyRecord

DIGITS = 12
"""Of a content hash: enough to distinguish two datasets."""


@dataclass(frozen=True)
class Report:
    """A study and all that was computed from it."""

    study: StudyRecord
    arms: tuple[Arm, ...]
    names: Mapping[str, str]
    comparison: Comparison
    tables: tuple[PaperTable, ...]
    claims: tuple[Judgement, ...]
    importances: Mapping[str, float]
    links: tuple[Link, ...] = ()
    renews_s: int | None = None
    """After how many seconds a browser reads the page again; None: never."""


@dataclass(frozen=True)
class Page:
    """What the page shows, from top to bottom; a section is None where there is nothing to show."""

    head: HeadSection
    links: tuple[Link, ...]
    renews_s: int | None
    intervals: tuple[IntervalRow, ...]
    tables: tuple[TableSection, ...]
    claims: ClaimsSection | None
    leaderboard: LeaderboardSection | None
    quality: QualitySection | None
    images: ImagesSection | None
    trials: TrialsSection | None
    failures: tuple[Failure, ...]
    figures: FiguresSection | None
    effort: EffortSection | None
    cost: CostSection | None
    pruning: PruningStatistics
    provenance: tuple[str, ...]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart of the page."""
        sections = (self.quality, self.trials, self.effort, self.cost, self.figures)
        return tuple(chart for section in sections if section is not None for chart in section.charts)


def render(report: Report) -> str:
    """Return the page as HTML."""
    page = build_page(report)
    records = [] if page.trials is None else page.trials.records
    data = {"trials": records, "specs": {chart.name: chart.spec for chart in page.charts}}
    script = vega_script() if page.charts else ""
    return environment().get_template("page.html.j2").render(page=page, data=data, vega_script=script)


def build_page(report: Report) -> Page:
    """Return what the page of a report shows."""
    study, arms, names = report.study, report.arms, report.names
    baseline = report.comparison.baseline
    effort = effort_section(study, arms, names, report.comparison)
    return Page(
        head=head_section(study, arms, names, report.comparison),
        links=report.links,
        renews_s=report.renews_s,
        intervals=intervals_section(report.comparison),
        tables=tuple(table_section(table) for table in report.tables),
        claims=claims_section(report.tables, report.claims),
        leaderboard=leaderboard_section(arms, names, baseline),
        quality=quality_section(arms, names, baseline),
        images=images_section(study.best, datasets_folder(study.folder.parent.parent)),
        trials=trials_section(study, report.importances),
        failures=failures_section(study),
        figures=figures_section(arms, names, baseline),
        effort=effort,
        cost=None if effort is None else cost_section(arms, names, effort.device),
        pruning=pruning_statistics(study),
        provenance=_provenance(study),
    )


def environment() -> Environment:
    """Return the template engine: every value is escaped but SVG, and a missing one is an error."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    for filter_ in (degrees, percent, signed, signed_percent, duration, breakable):
        made.filters[filter_.__name__] = filter_
    return made


def breakable(name: str) -> list[str]:
    """Return the parts of a name between which a line may break: behind each dot and underscore."""
    return re.findall(r"[^._]*[._]|[^._]+", name)


def _provenance(study: StudyRecord) -> tuple[str, ...]:
    """Return the parts of the page's last line: version, day, datasets and what the intervals are."""
    parts = [f"hpsearch {study.provenance.code_version}"]
    if study.trials:
        last_s = max(trial.ended_s or trial.started_s for trial in study.trials)
        parts.append(f"last trial {time.strftime('%Y-%m-%d', time.gmtime(last_s))}")
    found = {role: text.partition(" @ ") for role, text in study.provenance.datasets.items()}
    parts.append("; ".join(f"{role} {name} @ {digest[:DIGITS]}" for role, (name, _, digest) in found.items()))
    return (*parts, "intervals: Student's t over seeds")
